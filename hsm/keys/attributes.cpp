#include "hsm/keys/attributes.h"

#include "common/assert.h"

namespace hsm {
namespace {

constexpr KeyKind sealing(Purpose purpose, std::string_view name) {
    return {purpose, name, CKK_AES, CKM_AES_KEY_GEN, CKM_AES_GCM, true};
}
constexpr KeyKind signing(Purpose purpose, std::string_view name) {
    return {purpose, name, CKK_GENERIC_SECRET, CKM_GENERIC_SECRET_KEY_GEN, CKM_SHA256_HMAC, false};
}

constexpr KeyKind kinds[] = {
    sealing(Purpose::kek_card, "KEK-card"),  // seals merchant keys of cards
    sealing(Purpose::kek_pii, "KEK-pii"),    // … of personal data
    sealing(Purpose::kek_2fa, "KEK-2fa"),    // … of second-factor seeds
    signing(Purpose::fingerprint, "FPK"),    // fingerprints of card numbers
    signing(Purpose::velocity, "VELK"),      // short-lived fingerprints across merchants
    signing(Purpose::audit, "AUDK"),         // checkpoints of the audit chain
    signing(Purpose::proof, "PRFK"),         // proofs of a second factor
    signing(Purpose::registry, "REGK"),      // rows of the key registry
};

constexpr unsigned version_max = 999'999;

}  // namespace

std::span<const KeyKind> all_kinds() {
    return kinds;
}

const KeyKind& kind_of(Purpose purpose) {
    for (const auto& kind : kinds)
        if (kind.purpose == purpose) return kind;
    PORTCULLIS_ASSERT(false);
}

std::string label_of(KeyRef key) {
    return std::string{kind_of(key.purpose).name} + "-v" + std::to_string(key.version);
}

std::optional<KeyRef> key_of_label(std::string_view label) {
    for (const auto& kind : kinds) {
        if (!label.starts_with(kind.name)) continue;
        const auto rest = label.substr(kind.name.size());
        if (!rest.starts_with("-v") || rest.size() < 3 || rest.size() > 8) continue;
        KeyRef key{kind.purpose, 0};
        for (const char c : rest.substr(2)) {
            if (c < '0' || c > '9') return std::nullopt;
            key.version = key.version * 10 + static_cast<unsigned>(c - '0');
        }
        // One spelling only: no leading zeros.
        if (key.version >= 1 && key.version <= version_max && label_of(key) == label) return key;
    }
    return std::nullopt;
}

std::vector<Flag> flags_of(const KeyKind& kind) {
#define PORTCULLIS_FLAG(type, value, settable) \
    Flag {                                     \
        type, #type, value, settable           \
    }
    return {
        PORTCULLIS_FLAG(CKA_TOKEN, true, true),
        PORTCULLIS_FLAG(CKA_PRIVATE, true, true),
        PORTCULLIS_FLAG(CKA_SENSITIVE, true, true),
        PORTCULLIS_FLAG(CKA_EXTRACTABLE, false, true),
        PORTCULLIS_FLAG(CKA_MODIFIABLE, false, true),
        PORTCULLIS_FLAG(CKA_COPYABLE, false, true),
        PORTCULLIS_FLAG(CKA_DESTROYABLE, true, true),  // the end of a key's life
        PORTCULLIS_FLAG(CKA_ENCRYPT, kind.seals, true),
        PORTCULLIS_FLAG(CKA_DECRYPT, kind.seals, true),
        PORTCULLIS_FLAG(CKA_SIGN, !kind.seals, true),
        PORTCULLIS_FLAG(CKA_VERIFY, false, true),  // an HMAC is verified by computing it again
        PORTCULLIS_FLAG(CKA_WRAP, false, true),    // with DECRYPT it would give out any key (Clulow 2003)
        PORTCULLIS_FLAG(CKA_UNWRAP, false, true),
        PORTCULLIS_FLAG(CKA_DERIVE, false, true),
        PORTCULLIS_FLAG(CKA_WRAP_WITH_TRUSTED, false, true),
        PORTCULLIS_FLAG(CKA_TRUSTED, false, false),  // the security officer's to set
        PORTCULLIS_FLAG(CKA_LOCAL, true, false),     // made on the token, not brought to it
        PORTCULLIS_FLAG(CKA_ALWAYS_SENSITIVE, true, false),
        PORTCULLIS_FLAG(CKA_NEVER_EXTRACTABLE, true, false),
    };
#undef PORTCULLIS_FLAG
}

}  // namespace hsm
