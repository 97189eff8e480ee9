#include "certs/pem.h"

#include <cerrno>
#include <climits>
#include <cstring>

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
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

Status write_crl(const std::string& path, X509_CRL* crl) {
    return write_file(path, 0644, [&](BIO* bio) { return PEM_write_bio_X509_CRL(bio, crl) == 1; });
}

bool exists(const std::string& path) {
    struct stat info{};
    return stat(path.c_str(), &info) == 0;
}

}  // namespace certs
