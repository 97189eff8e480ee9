// What custodians hand in, by the first byte: a CMS signature, a sealed message, a document, a share set, an
// archive of a token, an acknowledgement. What is taken must be what its writer would write again.
#include <cstdlib>

#include "hsm/custody/documents.h"
#include "hsm/custody/share_set.h"
#include "hsm/custody/token_files.h"
#include "support/custodian.h"

namespace {

using namespace hsm::custody;
using Input = std::span<const std::uint8_t>;

void require(bool holds) {
    if (!holds) std::abort();
}

// Only plaintexts that were sealed under the key get as far as the parser behind it.
void open_plaintext(Input input) {
    static const common::SecretBytes key{common::crypto::gcm_key_size};
    constexpr std::string_view head = "portcullis-hsm-backup-1 shr_1\n";
    const auto sealed = common::crypto::gcm_seal(key.bytes(), input, support::bytes_of(head));
    common::crypto::Bytes archive(head.begin(), head.end());
    archive.insert(archive.end(), sealed.begin(), sealed.end());
    const auto token = open_archive(archive, "shr_1", key);
    if (!token) return;
    require(token->folder.find('/') == std::string::npos && token->folder.front() != '.');
    for (const auto& file : token->files)
        require(file.name.find('/') == std::string::npos && file.name.front() != '.');
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const support::TestCustodian alice{"alice"};
    if (size == 0) return 0;
    const Input input{data + 1, size - 1};
    const std::string_view text{reinterpret_cast<const char*>(input.data()), input.size()};
    switch (data[0] % 6) {
        case 0:
            // Nobody but alice has her key, so nothing that was made up verifies.
            require(!certs::cms_verify(input, alice.certificate.get()));
            static_cast<void>(certs::cms_names_signer(input, alice.certificate.get()));
            static_cast<void>(certs::cms_content_unverified(input));
            break;
        case 1:
            static_cast<void>(open_share(input, alice.certificate.get(), alice.key.get()));
            break;
        case 2:
            if (const auto document = parse_canonical(text)) require(*canonical(*document) == text);
            if (const auto words = in_words(text))
                for (const char c : *words)
                    require(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
            break;
        case 3:
            if (const auto set = ShareSet::parse(text)) require(set->threshold >= 2 && !set->text().empty());
            break;
        case 4:
            open_plaintext(input);
            break;
        default:
            // One can be made up, with a key of its own; then its name is a plain one.
            if (const auto read = read_acknowledgement(input)) require(is_custodian_name(read->name));
    }
    return 0;
}
