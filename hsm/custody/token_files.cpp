#include "hsm/custody/token_files.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hsm/custody/identity.h"

namespace hsm::custody {
namespace {

using common::Cause;
using common::Error;
using common::ErrorType;
using common::Fail;
using common::Result;
using common::Safe;
using common::SecretBytes;
using common::Status;
using common::crypto::Bytes;
namespace fs = std::filesystem;

constexpr std::size_t files_max = 256, file_bytes_max = 64 * 1024, token_bytes_max = 512 * 1024;
constexpr std::string_view magic = "portcullis-hsm-backup-1 ";

Fail failed(common::Text what, std::string_view name = "", std::string_view why = "") {
    return Fail{Error::internal(what, {Safe::param(name), Safe::param(why)})};
}

Fail refuse(common::Text why) {
    return Fail{Error::invalid("archive_invalid", "", why)};
}

std::string trimmed(const CK_UTF8CHAR* text, std::size_t size) {
    std::string all(reinterpret_cast<const char*>(text), size);
    all.erase(all.find_last_not_of(' ') + 1);
    return all;
}

bool is_plain_name(std::string_view name) {
    return !name.empty() && name.size() <= 128 && name.front() != '.' &&
           std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '.';
           });
}

Result<SecretBytes> content_of(const fs::path& path) {
    std::ifstream file{path, std::ios::binary};
    SecretBytes buffer{file_bytes_max + 1};
    file.read(reinterpret_cast<char*>(buffer.bytes().data()), static_cast<std::streamsize>(buffer.size()));
    const auto size = static_cast<std::size_t>(file.gcount());
    if (file.bad() || size == 0 || size > file_bytes_max)
        return failed("cannot read {}, or it is no file of a token", path.string());
    return SecretBytes::copy_of(std::as_const(buffer).bytes().first(size));
}

Result<TokenFiles> read_once(const fs::path& folder) {
    TokenFiles token{folder.filename().string(), {}};
    std::error_code error;
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator{folder, error})
        if (entry.is_regular_file(error) && entry.path().extension() != ".lock")
            paths.push_back(entry.path());
    if (error || paths.empty() || paths.size() > files_max)
        return failed("cannot read the token in {}: {}", folder.string(),
                      error ? error.message() : "too few or too many files");
    std::ranges::sort(paths);
    std::size_t size = 0;
    for (const auto& path : paths) {
        auto content = content_of(path);
        if (!content) return Fail{std::move(content.error())};
        size += content->size();
        if (size > token_bytes_max)
            return failed("the token in {} is larger than {}", folder.string(), "512 KiB");
        token.files.push_back({path.filename().string(), std::move(*content)});
    }
    return token;
}

bool same(const TokenFiles& a, const TokenFiles& b) {
    return std::ranges::equal(a.files, b.files, [](const auto& one, const auto& other) {
        return one.name == other.name && std::ranges::equal(one.content.bytes(), other.content.bytes());
    });
}

Status write_file(const fs::path& path, std::span<const std::uint8_t> content) {
    return write_new_file(path.string(), {reinterpret_cast<const char*>(content.data()), content.size()});
}

std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// Lengths and bytes, one after the other.
class Packer {
  public:
    void add(std::span<const std::uint8_t> part) {
        for (int shift = 24; shift >= 0; shift -= 8)
            bytes_.push_back(static_cast<std::uint8_t>(part.size() >> shift));
        bytes_.insert(bytes_.end(), part.begin(), part.end());
    }
    std::span<const std::uint8_t> span() const { return bytes_; }

  private:
    std::vector<std::uint8_t, common::WipingAllocator<std::uint8_t>> bytes_;
};

class Unpacker {
  public:
    explicit Unpacker(std::span<const std::uint8_t> bytes) : left_{bytes} {}
    bool at_end() const { return left_.empty(); }
    std::optional<std::span<const std::uint8_t>> next() {
        if (left_.size() < 4) return std::nullopt;
        std::size_t size = 0;
        for (int i = 0; i < 4; ++i)
            size = size << 8U | left_[static_cast<std::size_t>(i)];
        left_ = left_.subspan(4);
        if (size > file_bytes_max || size > left_.size()) return std::nullopt;
        const auto part = left_.first(size);
        left_ = left_.subspan(size);
        return part;
    }

  private:
    std::span<const std::uint8_t> left_;
};

std::string text_of(std::span<const std::uint8_t> bytes) {
    return {bytes.begin(), bytes.end()};
}

}  // namespace

Result<TokenInfo> token_info(const TokenSetup& setup, common::Metrics& metrics) {
    const auto profile = Profile::load(setup.profile_file, setup.directory, setup.token_label);
    if (!profile) return Fail{profile.error()};
    auto module = Module::load(setup.module, profile->library_parameters, metrics);
    if (!module) return Fail{std::move(module.error())};
    if (auto done = (*module)->initialize(); !done.ok()) return Fail{error_of(done)};
    const auto token = (*module)->find_token(setup.token_label);
    if (!token) return Fail{token.error()};
    CK_TOKEN_INFO info{};
    const auto done =
        (*module)->call("C_GetTokenInfo", [&](auto& f) { return f.C_GetTokenInfo(token->slot, &info); });
    if (!done.ok()) return Fail{error_of(done)};
    return TokenInfo{trimmed(info.serialNumber, sizeof info.serialNumber),
                     trimmed(info.model, sizeof info.model),
                     trimmed(info.manufacturerID, sizeof info.manufacturerID)};
}

Result<std::string> softhsm_token_folder() {
    const char* named = std::getenv("SOFTHSM2_CONF");
    const std::string path = named != nullptr ? named : "/etc/softhsm/softhsm2.conf";
    std::ifstream file{path};
    for (std::string line; std::getline(file, line);) {
        const auto equals = line.find('=');
        if (!line.starts_with("directories.tokendir") || equals == std::string::npos) continue;
        const auto from = line.find_first_not_of(" \t", equals + 1);
        const auto to = line.find_last_not_of(" \t\r");
        if (from != std::string::npos) return line.substr(from, to - from + 1);
    }
    return failed("{} names no directories.tokendir; SOFTHSM2_CONF says which file is read", path);
}

Result<TokenFiles> read_token(const std::string& tokens, const std::string& serial) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator{tokens, error}) {
        auto digits = entry.path().filename().string();
        std::erase(digits, '-');
        if (serial.empty() || !digits.ends_with(serial)) continue;
        auto token = read_once(entry.path());
        if (!token) return token;
        const auto again = read_once(entry.path());
        if (!again || !same(*token, *again))
            return Fail{Error{409, ErrorType::invalid_request, "token_busy",
                              "Somebody writes to the token; stop what makes or destroys keys and try again."}
                            .with_cause(Cause::conflict)};
        return token;
    }
    return failed("{} holds no token of serial {}", tokens, serial);
}

Status write_token(const std::string& tokens, const TokenFiles& token) {
    const fs::path target = fs::path{tokens} / token.folder, draft = target.string() + ".new";
    std::error_code error;
    if (fs::exists(target, error))
        return Fail{Error{409,
                          ErrorType::invalid_request,
                          "token_present",
                          "The token {} is there already: move it away first, or leave it.",
                          {Safe::param(target.string())}}
                        .with_cause(Cause::conflict)};
    fs::remove_all(draft, error);
    if (::mkdir(draft.c_str(), 0700) != 0)
        return failed("cannot make {}: {}", draft.string(), std::strerror(errno));
    for (const auto& file : token.files)
        if (auto written = write_file(draft / file.name, file.content.bytes()); !written) {
            fs::remove_all(draft, error);
            return written;
        }
    if (::rename(draft.c_str(), target.c_str()) != 0)
        return failed("cannot make {}: {}", target.string(), std::strerror(errno));
    return {};
}

Result<Bytes> seal_archive(const TokenFiles& token, const std::string& set, const SecretBytes& key) {
    if (key.size() != common::crypto::gcm_key_size) return refuse("The key of an archive has 32 bytes.");
    Packer packer;
    packer.add(bytes_of(token.folder));
    for (const auto& file : token.files) {
        packer.add(bytes_of(file.name));
        packer.add(file.content.bytes());
    }
    const auto head = std::string{magic} + set + '\n';
    const auto sealed = common::crypto::gcm_seal(key.bytes(), packer.span(), bytes_of(head));
    Bytes archive(head.begin(), head.end());
    archive.insert(archive.end(), sealed.begin(), sealed.end());
    return archive;
}

Result<TokenFiles> open_archive(std::span<const std::uint8_t> archive, const std::string& set,
                                const SecretBytes& key) {
    const auto head = std::string{magic} + set + '\n';
    const auto starts_with = [&](std::string_view text) {
        return archive.size() >= text.size() &&
               std::ranges::equal(archive.first(text.size()), bytes_of(text));
    };
    if (!starts_with(magic)) return refuse("The file is no backup that this program made.");
    if (!starts_with(head)) return refuse("The backup belongs to another share set.");
    if (key.size() != common::crypto::gcm_key_size) return refuse("The key of an archive has 32 bytes.");
    const auto plain = common::crypto::gcm_open(key.bytes(), archive.subspan(head.size()), bytes_of(head));
    if (!plain) return refuse("The backup was changed or cut off, or these shares are not its key.");
    Unpacker parts{std::as_const(*plain).bytes()};
    const auto folder = parts.next();
    if (!folder || !is_plain_name(text_of(*folder))) return refuse("The backup holds no token.");
    TokenFiles token{text_of(*folder), {}};
    while (!parts.at_end()) {
        const auto name = parts.next();
        const auto content = name ? parts.next() : std::nullopt;
        if (!content || !is_plain_name(text_of(*name)) || token.files.size() >= files_max)
            return refuse("The backup holds no token.");
        token.files.push_back({text_of(*name), SecretBytes::copy_of(*content)});
    }
    return token;
}

}  // namespace hsm::custody
