#include "hsm/session.h"

#include "common/assert.h"

namespace hsm {
namespace {

using common::crypto::gcm_iv_size;
using common::crypto::gcm_tag_size;

static_assert(sizeof(CK_GCM_PARAMS) == 48,
              "the form with ulIvBits; without it modules read the wrong fields");

constexpr std::size_t attribute_bytes_max = 4096;

// PKCS#11 takes its input as pointers to non-const, and no null pointer even for nothing.
CK_BYTE_PTR in(std::span<const std::uint8_t> bytes) {
    static CK_BYTE nothing = 0;
    return bytes.empty() ? &nothing : const_cast<CK_BYTE_PTR>(bytes.data());
}

CK_GCM_PARAMS gcm_parameters(std::span<std::uint8_t> iv, std::span<const std::uint8_t> aad) {
    PORTCULLIS_ASSERT(iv.size() == gcm_iv_size);
    CK_GCM_PARAMS parameters{};
    parameters.pIv = iv.data();
    parameters.ulIvLen = gcm_iv_size;
    parameters.ulIvBits = gcm_iv_size * 8;
    parameters.pAAD = aad.empty() ? nullptr : in(aad);
    parameters.ulAADLen = aad.size();
    parameters.ulTagBits = gcm_tag_size * 8;
    return parameters;
}

}  // namespace

Call Session::open(Module& module, CK_SLOT_ID slot, bool writable, std::unique_ptr<Session>& made) {
    CK_SESSION_HANDLE handle = 0;
    const CK_FLAGS flags = CKF_SERIAL_SESSION | (writable ? CKF_RW_SESSION : 0UL);
    const auto done = module.call(
        "C_OpenSession", [&](auto& f) { return f.C_OpenSession(slot, flags, nullptr, nullptr, &handle); });
    if (done.ok()) made.reset(new Session{module, handle});
    return done;
}

Session::~Session() {
    common::wipe(ivs_.data(), ivs_.size());
    if (open_) module_.raw().C_CloseSession(handle_);
}

Call Session::login(CK_USER_TYPE user, const common::SecretBytes& pin) {
    auto done = module_.call("C_Login",
                             [&](auto& f) { return f.C_Login(handle_, user, in(pin.bytes()), pin.size()); });
    if (done.value == CKR_USER_ALREADY_LOGGED_IN) done.value = CKR_OK;
    return done;
}

bool Session::logged_in() {
    CK_SESSION_INFO info{};
    const auto done =
        module_.call("C_GetSessionInfo", [&](auto& f) { return f.C_GetSessionInfo(handle_, &info); });
    return done.ok() && (info.state == CKS_RO_USER_FUNCTIONS || info.state == CKS_RW_USER_FUNCTIONS);
}

Call Session::find(std::span<CK_ATTRIBUTE> match, std::size_t limit, std::vector<CK_OBJECT_HANDLE>& found) {
    found.assign(limit, 0);
    auto done = module_.call("C_FindObjectsInit", [&](auto& f) {
        return f.C_FindObjectsInit(handle_, match.data(), match.size());
    });
    std::size_t filled = 0;
    CK_ULONG count = 1;
    while (done.ok() && count != 0 && filled < limit) {
        done = module_.call("C_FindObjects", [&](auto& f) {
            return f.C_FindObjects(handle_, found.data() + filled, limit - filled, &count);
        });
        if (done.ok() && count > limit - filled)
            done.value = CKR_DEVICE_ERROR;  // more than there was room for
        if (done.ok()) filled += count;
    }
    found.resize(done.ok() ? filled : 0);
    if (!done.ok()) return done;
    return module_.call("C_FindObjectsFinal", [&](auto& f) { return f.C_FindObjectsFinal(handle_); });
}

Call Session::find_by_label(const std::string& label, std::vector<CK_OBJECT_HANDLE>& found) {
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE match[] = {{CKA_TOKEN, &yes, sizeof yes},
                            {CKA_LABEL, const_cast<char*>(label.data()), label.size()}};
    return find(match, 2, found);
}

Call Session::find_by_id(std::span<const std::uint8_t> id, std::vector<CK_OBJECT_HANDLE>& found) {
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE match[] = {{CKA_TOKEN, &yes, sizeof yes}, {CKA_ID, in(id), id.size()}};
    return find(match, 2, found);
}

Call Session::read(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, Bytes& value) {
    const auto read_into = [&](std::span<std::uint8_t> room) {
        value.clear();
        CK_ATTRIBUTE asked{type, room.data(), room.size()};
        auto done = module_.call("C_GetAttributeValue",
                                 [&](auto& f) { return f.C_GetAttributeValue(handle_, object, &asked, 1); });
        if (done.ok() && asked.ulValueLen > room.size()) done.value = CKR_DEVICE_ERROR;
        if (done.ok())
            value.assign(room.begin(), room.begin() + static_cast<std::ptrdiff_t>(asked.ulValueLen));
        return done;
    };
    // Nearly all fit, and need one call so; but NSS wants the very size of a number.
    std::array<std::uint8_t, 64> usual{};
    auto done = read_into(usual);
    if (done.value != CKR_BUFFER_TOO_SMALL) return done;
    CK_ATTRIBUTE asked{type, nullptr, 0};
    done = module_.call("C_GetAttributeValue",
                        [&](auto& f) { return f.C_GetAttributeValue(handle_, object, &asked, 1); });
    if (done.ok() && asked.ulValueLen > attribute_bytes_max) done.value = CKR_DEVICE_ERROR;
    if (!done.ok()) return done;
    Bytes exact(asked.ulValueLen);
    return read_into(exact);
}

Call Session::random(std::span<std::uint8_t> out) {
    const auto done = module_.call(
        "C_GenerateRandom", [&](auto& f) { return f.C_GenerateRandom(handle_, out.data(), out.size()); });
    // With the system's: an HSM whose generator has failed without saying so repeats no IV all the same.
    common::SecretBytes other{out.size()};
    common::crypto::random_bytes(other.bytes());
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i] ^= other.bytes()[i];
    return done;
}

Call Session::next_iv(std::span<std::uint8_t> iv) {
    Call done;
    if (ivs_left_ == 0) {
        done = random(ivs_);
        if (!done.ok()) return done;
        ivs_left_ = ivs_.size();
    }
    const auto next = std::span{ivs_}.subspan(ivs_.size() - ivs_left_, gcm_iv_size);
    std::ranges::copy(next, iv.begin());
    common::wipe(next.data(), next.size());  // none is ever used twice
    ivs_left_ -= gcm_iv_size;
    return done;
}

Call Session::encrypt(CK_OBJECT_HANDLE key, std::span<const std::uint8_t> plain,
                      std::span<const std::uint8_t> aad, Bytes& sealed) {
    sealed.assign(gcm_iv_size + plain.size() + gcm_tag_size, 0);
    const auto iv = std::span{sealed}.first(gcm_iv_size);
    auto done = next_iv(iv);
    if (!done.ok()) return done;
    // Some devices draw an IV of their own and write it over ours: what stands here afterwards is the true
    // one.
    auto parameters = gcm_parameters(iv, aad);
    CK_MECHANISM mechanism{CKM_AES_GCM, &parameters, sizeof parameters};
    done = module_.call("C_EncryptInit", [&](auto& f) { return f.C_EncryptInit(handle_, &mechanism, key); });
    if (!done.ok()) return done;
    CK_ULONG size = plain.size() + gcm_tag_size;
    done = module_.call("C_Encrypt", [&](auto& f) {
        return f.C_Encrypt(handle_, in(plain), plain.size(), sealed.data() + gcm_iv_size, &size);
    });
    if (done.ok() && size != plain.size() + gcm_tag_size) done.value = CKR_DEVICE_ERROR;
    if (!done.ok()) sealed.clear();
    return done;
}

Call Session::decrypt(CK_OBJECT_HANDLE key, std::span<const std::uint8_t> sealed,
                      std::span<const std::uint8_t> aad, common::SecretBytes& plain) {
    PORTCULLIS_ASSERT(sealed.size() >= gcm_iv_size + gcm_tag_size);
    std::array<std::uint8_t, gcm_iv_size> iv{};
    std::ranges::copy(sealed.first(gcm_iv_size), iv.begin());
    const auto text = sealed.subspan(gcm_iv_size);
    auto parameters = gcm_parameters(iv, aad);
    CK_MECHANISM mechanism{CKM_AES_GCM, &parameters, sizeof parameters};
    auto done =
        module_.call("C_DecryptInit", [&](auto& f) { return f.C_DecryptInit(handle_, &mechanism, key); });
    if (!done.ok()) return done;
    // Modules ask for room for the tag as well.
    common::SecretBytes room{text.size()};
    CK_ULONG size = room.size();
    done = module_.call("C_Decrypt", [&](auto& f) {
        return f.C_Decrypt(handle_, in(text), text.size(), room.bytes().data(), &size);
    });
    if (done.ok() && size != text.size() - gcm_tag_size) done.value = CKR_DEVICE_ERROR;
    if (done.ok()) plain = common::SecretBytes::copy_of(room.bytes().first(size));
    return done;
}

Call Session::hmac(CK_OBJECT_HANDLE key, std::span<const std::uint8_t> data, common::crypto::Digest& digest) {
    CK_MECHANISM mechanism{CKM_SHA256_HMAC, nullptr, 0};
    auto done = module_.call("C_SignInit", [&](auto& f) { return f.C_SignInit(handle_, &mechanism, key); });
    if (!done.ok()) return done;
    CK_ULONG size = digest.size();
    done = module_.call(
        "C_Sign", [&](auto& f) { return f.C_Sign(handle_, in(data), data.size(), digest.data(), &size); });
    if (done.ok() && size != digest.size()) done.value = CKR_DEVICE_ERROR;
    return done;
}

}  // namespace hsm
