#include "gateway/files/urls.h"

#include "common/crypto.h"
#include "gateway/sealer.h"

namespace gateway::files {
namespace {

constexpr std::size_t proof_bytes = 16;
constexpr std::string_view purpose = "portcullis file link";

}  // namespace

Urls::Urls(std::string origin, const common::SecretBytes& pepper)
    : origin_{std::move(origin)}, key_{derived_key(pepper, purpose)} {}

std::string Urls::of_contents(std::string_view file) const {
    return std::string{origin_}.append("/v1/files/").append(file).append("/contents");
}

std::string Urls::of_link(std::string_view link) const {
    return std::string{origin_}.append(links_path).append(link).append("_").append(proof_of(link));
}

std::optional<std::string> Urls::link_of(std::string_view path) const {
    if (!path.starts_with(links_path)) return std::nullopt;
    path.remove_prefix(links_path.size());
    const auto mark = path.rfind('_');
    if (mark == path.npos) return std::nullopt;
    const auto link = path.substr(0, mark), proof = path.substr(mark + 1);
    if (!common::equal_in_constant_time(proof, std::string_view{proof_of(link)})) return std::nullopt;
    return std::string{link};
}

std::string Urls::proof_of(std::string_view link) const {
    const auto mac = common::crypto::hmac_sha256(key_.bytes(), link);
    return common::crypto::to_hex(std::span{mac}.first(proof_bytes));
}

}  // namespace gateway::files
