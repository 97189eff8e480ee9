// Sessions with a token, and what can be asked through one.
#pragma once

#include <array>
#include <optional>

#include "common/crypto.h"
#include "common/secret.h"
#include "hsm/module.h"

namespace hsm {

using Bytes = common::crypto::Bytes;

// One thread at a time. Closed by the destructor, and after any failed operation: PKCS#11 leaves a failed
// one's state open to doubt.
class Session {
  public:
    static Call open(Module& module, CK_SLOT_ID slot, bool writable, std::unique_ptr<Session>& made);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    // The library was finalised: the handle means nothing any more, or something else.
    void abandon() { open_ = false; }

    Module& module() { return module_; }
    CK_SESSION_HANDLE handle() const { return handle_; }

    Call login(CK_USER_TYPE user, const common::SecretBytes& pin);
    bool logged_in();
    // At most `limit` objects that match; all of the token's when `match` is empty.
    Call find(std::span<CK_ATTRIBUTE> match, std::size_t limit, std::vector<CK_OBJECT_HANDLE>& found);
    Call find_by_label(const std::string& label, std::vector<CK_OBJECT_HANDLE>& found);
    Call find_by_id(std::span<const std::uint8_t> id, std::vector<CK_OBJECT_HANDLE>& found);
    // The attribute's bytes; CKR_ATTRIBUTE_TYPE_INVALID when the module does not know it.
    Call read(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, Bytes& value);

    Call random(std::span<std::uint8_t> out);
    // AES-256-GCM with a fresh 96-bit IV and a 128-bit tag, and no way to choose either. sealed = iv ‖ text ‖
    // tag.
    Call encrypt(CK_OBJECT_HANDLE key, std::span<const std::uint8_t> plain, std::span<const std::uint8_t> aad,
                 Bytes& sealed);
    // `sealed` must hold at least an IV and a tag.
    Call decrypt(CK_OBJECT_HANDLE key, std::span<const std::uint8_t> sealed,
                 std::span<const std::uint8_t> aad, common::SecretBytes& plain);
    Call hmac(CK_OBJECT_HANDLE key, std::span<const std::uint8_t> data, common::crypto::Digest& digest);

    std::uint64_t generation = 0;  // of the provider that opened it

  private:
    Session(Module& module, CK_SESSION_HANDLE handle) : module_{module}, handle_{handle} {}
    Call next_iv(std::span<std::uint8_t> iv);
    Module& module_;
    CK_SESSION_HANDLE handle_;
    bool open_ = true;
    std::array<std::uint8_t, 64 * common::crypto::gcm_iv_size> ivs_{};  // drawn ahead
    std::size_t ivs_left_ = 0;                                          // bytes
};

}  // namespace hsm
