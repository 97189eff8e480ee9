#include "certs/pem.h"

#include <cerrno>
#include <climits>
#include <cstring>

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/config.h"

namespace certs {
namespace {

using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
using common::Status;

constexpr std::size_t certificates_max = 64;
constexpr std::int64_t file_bytes_max = 1 << 20;

Fail failed(common::Text what, const std::string& path, const std::string& reason) {
    return Fail{Error::internal(what, {Safe::param(path), Safe::param(reason)})};
}

// Passphrases are never asked for on a terminal.
int no_passphrase(char*, int, int, void*) {
    return 0;
}

Result<BioPtr> open_for_reading(const std::string& path) {
    struct stat info{};
    if (stat(path.c_str(), &info) != 0) return failed("cannot read {}: {}", path, std::strerror(errno));
    if (!S_ISREG(info.st_mode)) return failed("cannot read {}: {}", path, "not a regular file");
    if (info.st_size > file_bytes_max) return failed("cannot read {}: {}", path, "larger than 1 MiB");
    BioPtr bio{BIO_new_file(path.c_str(), "r")};
    if (!bio) return failed("cannot read {}: {}", path, last_openssl_error());
    return bio;
}

template <class Write>
Status write_file(const std::string& path, mode_t mode, Write write) {
    const std::string draft = path + ".new";
    if (unlink(draft.c_str()) != 0 && errno != ENOENT)
        return failed("cannot write {}: {}", draft, std::strerror(errno));
    const int file = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (file < 0) return failed("cannot write {}: {}", draft, std::strerror(errno));
    BioPtr bio{BIO_new_fd(file, BIO_CLOSE)};
    const bool written = fchmod(file, mode) == 0 && bio && write(bio.get()) && fsync(file) == 0;
    const std::string reason = written ? "" : errno != 0 ? std::strerror(errno) : last_openssl_error();
    if (!bio) close(file);
    bio.reset();
    if (!written || rename(draft.c_str(), path.c_str()) != 0) {
        const std::string why = written ? std::strerror(errno) : reason;
        unlink(draft.c_str());
        return failed("cannot write {}: {}", path, why);
    }
    return {};
}

}  // namespace

std::string last_openssl_error() {
    const auto code = ERR_peek_last_error();
    ERR_clear_error();
    if (code == 0) return "unknown error";
    const char* reason = ERR_reason_error_string(code);
    return reason != nullptr ? reason : "error " + std::to_string(code);
}

Result<std::vector<X509Ptr>> read_certificates(const std::string& path) {
    auto bio = open_for_reading(path);
    if (!bio) return Fail{std::move(bio.error())};
    std::vector<X509Ptr> found;
    while (X509* next = PEM_read_bio_X509(bio->get(), nullptr, no_passphrase, nullptr)) {
        found.emplace_back(next);
        if (found.size() > certificates_max)
            return failed("cannot use {}: {}", path, "more than 64 certificates");
    }
    const auto code = ERR_peek_last_error();
    const bool at_end = ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
    const auto reason = last_openssl_error();
    if (!at_end) return failed("cannot use {}: {}", path, reason);
    if (found.empty()) return failed("cannot use {}: {}", path, "holds no certificate");
    return found;
}

Result<KeyPtr> read_private_key(const std::string& path) {
    auto text = common::read_secret_file(path);
    if (!text) return Fail{std::move(text.error())};
    if (text->size() > static_cast<std::size_t>(file_bytes_max))
        return failed("cannot use {}: {}", path, "larger than 1 MiB");
    BioPtr bio{BIO_new_mem_buf(text->bytes().data(), static_cast<int>(text->size()))};
    KeyPtr key{bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr) : nullptr};
    if (!key) {
        last_openssl_error();
        return failed("cannot use {}: {}", path, "holds no unencrypted PEM private key");
    }
    return key;
}

Result<KeyPtr> read_protected_key(const std::string& path, const common::SecretBytes& passphrase) {
    auto bio = open_for_reading(path);
    if (!bio) return Fail{std::move(bio.error())};
    struct stat info{};
    if (stat(path.c_str(), &info) != 0 || (info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return failed("cannot use {}: {}", path, "group or others may read it; set its mode to 0600");
    using EncryptedPtr = std::unique_ptr<X509_SIG, FreeBy<X509_SIG_free>>;
    using PlainPtr = std::unique_ptr<PKCS8_PRIV_KEY_INFO, FreeBy<PKCS8_PRIV_KEY_INFO_free>>;
    const EncryptedPtr encrypted{PEM_read_bio_PKCS8(bio->get(), nullptr, no_passphrase, nullptr)};
    if (!encrypted) {
        last_openssl_error();
        return failed("cannot use {}: {}", path,
                      "holds no encrypted private key (BEGIN ENCRYPTED PRIVATE KEY)");
    }
    const PlainPtr plain{
        PKCS8_decrypt(encrypted.get(), passphrase.text().data(), static_cast<int>(passphrase.size()))};
    KeyPtr key{plain ? EVP_PKCS82PKEY(plain.get()) : nullptr};
    last_openssl_error();
    if (!key) return failed("cannot use {}: {}", path, "the passphrase does not open it");
    return key;
}

Result<CrlPtr> read_crl(const std::string& path) {
    auto bio = open_for_reading(path);
    if (!bio) return Fail{std::move(bio.error())};
    CrlPtr crl{PEM_read_bio_X509_CRL(bio->get(), nullptr, no_passphrase, nullptr)};
    if (!crl) return failed("cannot use {}: {}", path, last_openssl_error());
    return crl;
}

Status write_certificates(const std::string& path, const std::vector<X509*>& chain) {
    return write_file(path, 0644, [&](BIO* bio) {
        return std::ranges::all_of(chain, [&](X509* one) { return PEM_write_bio_X509(bio, one) == 1; });
    });
}

Status write_private_key(const std::string& path, EVP_PKEY* key) {
    return write_file(path, 0600, [&](BIO* bio) {
        return PEM_write_bio_PKCS8PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr) == 1;
    });
}

Status write_protected_key(const std::string& path, EVP_PKEY* key, const common::SecretBytes& passphrase) {
    constexpr std::uint64_t cost = 1 << 14, block_size = 8, parallel = 5;
    using EncryptedPtr = std::unique_ptr<X509_SIG, FreeBy<X509_SIG_free>>;
    using PlainPtr = std::unique_ptr<PKCS8_PRIV_KEY_INFO, FreeBy<PKCS8_PRIV_KEY_INFO_free>>;
    const PlainPtr plain{EVP_PKEY2PKCS8(key)};
    X509_ALGOR* scheme =
        PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), nullptr, 0, nullptr, cost, block_size, parallel);
    // Takes the scheme over when it succeeds.
    const EncryptedPtr encrypted{
        plain && scheme != nullptr ? PKCS8_set0_pbe(passphrase.text().data(),
                                                    static_cast<int>(passphrase.size()), plain.get(), scheme)
                                   : nullptr};
    if (!encrypted) {
        X509_ALGOR_free(scheme);
        return failed("cannot write {}: {}", path, last_openssl_error());
    }
    return write_file(path, 0600, [&](BIO* bio) { return PEM_write_bio_PKCS8(bio, encrypted.get()) == 1; });
}

Status write_crl(const std::string& path, X509_CRL* crl) {
    return write_file(path, 0644, [&](BIO* bio) { return PEM_write_bio_X509_CRL(bio, crl) == 1; });
}

bool exists(const std::string& path) {
    struct stat info{};
    return stat(path.c_str(), &info) == 0;
}

}  // namespace certs
