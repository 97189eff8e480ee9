#include "hsm/custody/identity.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certs/certificate.h"
#include "certs/pem.h"
#include "hsm/custody/documents.h"

namespace hsm::custody {
namespace {

using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
using common::SecretBytes;
using common::Status;
using common::crypto::Bytes;

constexpr std::chrono::days life{3 * 365};
constexpr std::size_t file_bytes_max = 1 << 20;

Fail failed(common::Text what, const std::string& path, std::string_view why) {
    return Fail{Error::internal(what, {Safe::param(path), Safe::param(why)})};
}

class File {
  public:
    explicit File(int number) : number_{number} {}
    ~File() {
        if (number_ >= 0) ::close(number_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    int number() const { return number_; }

  private:
    int number_;
};

Result<Identity> with_certificate(Result<certs::KeyPtr> key, const std::string& key_file,
                                  const std::string& certificate_file) {
    if (!key) return Fail{std::move(key.error())};
    auto chain = certs::read_certificates(certificate_file);
    if (!chain) return Fail{std::move(chain.error())};
    if (X509_check_private_key(chain->front().get(), key->get()) != 1) {
        certs::last_openssl_error();
        return failed("the key in {} does not belong to the certificate in {}", key_file, certificate_file);
    }
    return Identity{std::move(chain->front()), std::move(*key)};
}

}  // namespace

Status make_identity(const std::string& name, const std::string& base, const SecretBytes& passphrase) {
    if (!is_custodian_name(name))
        return Fail{Error::internal(
            "a custodian's name has 1 to 32 of a-z, 0-9, '-' and '_', and begins with a letter")};
    if (passphrase.size() < passphrase_min || passphrase.size() > passphrase_max)
        return Fail{Error::internal("a passphrase has 12 to 256 characters")};
    for (const auto* const end : {".key", ".pem"})
        if (certs::exists(base + end)) return failed("{} is there already{}", base + end, "");
    const auto key = certs::make_key();
    certs::CertificateSpec spec{.common_name = name, .names = {}, .ends_in = life};
    spec.key_usage = "critical,digitalSignature,keyAgreement";
    const auto certificate = certs::make_certificate(spec, key.get(), nullptr, key.get());
    if (!certificate) return Fail{certificate.error()};
    if (auto written = certs::write_protected_key(base + ".key", key.get(), passphrase); !written)
        return written;
    return certs::write_certificates(base + ".pem", {certificate->get()});
}

Result<Identity> open_identity(const std::string& certificate_file, const std::string& key_file,
                               const SecretBytes& passphrase) {
    return with_certificate(certs::read_protected_key(key_file, passphrase), key_file, certificate_file);
}

Result<Identity> open_identity(const std::string& certificate_file, const std::string& key_file) {
    return with_certificate(certs::read_private_key(key_file), key_file, certificate_file);
}

Result<Bytes> read_file(const std::string& path) {
    const File file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    struct stat info{};
    if (file.number() < 0 || ::fstat(file.number(), &info) != 0)
        return failed("cannot read {}: {}", path, std::strerror(errno));
    if (!S_ISREG(info.st_mode)) return failed("cannot read {}: {}", path, "not a regular file");
    if (info.st_size > static_cast<off_t>(file_bytes_max))
        return failed("cannot read {}: {}", path, "larger than 1 MiB");
    Bytes content(static_cast<std::size_t>(info.st_size));
    std::size_t size = 0;
    while (size < content.size()) {
        const auto got = ::read(file.number(), content.data() + size, content.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return failed("cannot read {}: {}", path, "it changed while it was read");
        size += static_cast<std::size_t>(got);
    }
    return content;
}

Status write_new_file(const std::string& path, std::string_view text) {
    const File file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (file.number() < 0) return failed("cannot write {}: {}", path, std::strerror(errno));
    while (!text.empty()) {
        const auto put = ::write(file.number(), text.data(), text.size());
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return failed("cannot write {}: {}", path, std::strerror(errno));
        text.remove_prefix(static_cast<std::size_t>(put));
    }
    if (::fsync(file.number()) != 0) return failed("cannot write {}: {}", path, std::strerror(errno));
    return {};
}

}  // namespace hsm::custody
