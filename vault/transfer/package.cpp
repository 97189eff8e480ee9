#include "vault/transfer/package.h"

#include <algorithm>
#include <array>
#include <istream>

#include "certs/cms.h"
#include "certs/identity.h"
#include "hsm/custody/documents.h"
#include "vault/client/members.h"
#include "vault/keys/associated_data.h"

namespace vault::transfer {
namespace {

namespace crypto = common::crypto;
namespace json = boost::json;
using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
using common::SecretBytes;
using common::Status;
using wire::Members;

constexpr std::string_view format = "portcullis-cards-1";
constexpr std::string_view cms_end = "-----END CMS-----";
constexpr std::size_t line_bytes_max = 2048, cms_bytes_max = 16 * 1024, length_size = 4;
constexpr std::size_t overhead = crypto::gcm_iv_size + crypto::gcm_tag_size;
constexpr std::uint64_t chunks_max = std::uint64_t{1} << 32;  // IVs are random: NIST SP 800-38D, section 8.3

std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

Fail refuse(common::Text why) {
    return Fail{Error::invalid("export_file_invalid", "", why)};
}

Fail refuse_chunk(common::Text why, std::uint64_t chunk) {
    return Fail{
        Error::invalid("export_file_invalid", "", why, {Safe::number(static_cast<std::int64_t>(chunk + 1))})};
}

keys::AssociatedData context_of(const crypto::Digest& header, std::uint64_t chunk, bool last) {
    keys::AssociatedData context{format};
    context.bytes(1, header).number(2, chunk).number(3, last ? 1 : 0);
    return context;
}

Result<std::string> text_of(const Header& header) {
    auto members = hsm::custody::canonical(json::object{{"account", header.account},
                                                        {"act", header.act},
                                                        {"created", header.created},
                                                        {"livemode", header.livemode},
                                                        {"recipient", header.recipient}});
    if (!members) return members;
    return std::string{format} + ' ' + *members + '\n';
}

Result<Header> header_of(std::string_view line) {
    if (!line.starts_with(format) || line.size() <= format.size() || line[format.size()] != ' ')
        return refuse("The file is no export of cards: it does not begin with portcullis-cards-1.");
    const auto object = hsm::custody::parse_canonical(line.substr(format.size() + 1));
    if (!object) return Fail{object.error()};
    using enum Members::Need;
    Members members{*object, {"account", "act", "created", "livemode", "recipient"}};
    Header header{members.text("account", optional), members.text("act", optional),
                  members.text("created", optional), members.boolean("livemode", optional),
                  members.text("recipient")};
    if (!members.ok()) return Fail{members.error()};
    return header;
}

// Up to and with the end of a line; "" when there is none within the limit.
std::string read_line(std::istream& file, std::size_t size_max) {
    std::string line;
    for (int c = file.get(); c != std::char_traits<char>::eof() && line.size() < size_max; c = file.get()) {
        line += static_cast<char>(c);
        if (c == '\n') return line;
    }
    return "";
}

std::string read_cms(std::istream& file) {
    std::string cms;
    while (cms.size() < cms_bytes_max) {
        const auto line = read_line(file, line_bytes_max);
        if (line.empty()) return "";
        cms += line;
        if (line.starts_with(cms_end)) return cms;
    }
    return "";
}

SecretBytes secret_of(const SecretBytes& key, const crypto::Digest& header) {
    keys::AssociatedData what{"portcullis-cards-1 secret"};
    what.bytes(1, header);
    auto digest = crypto::hmac_sha256(key.bytes(), what.span());
    auto secret = SecretBytes::copy_of(digest);
    common::wipe(digest.data(), digest.size());
    return secret;
}

}  // namespace

PackageWriter::PackageWriter(Sink sink, SecretBytes key, crypto::Digest header)
    : sink_{std::move(sink)}, key_{std::move(key)}, header_{header} {
    lines_.reserve(chunk_bytes_max);
}

Result<PackageWriter> PackageWriter::begin(Header header, X509* recipient, Sink sink) {
    header.recipient = certs::fingerprint_of(recipient);
    auto text = text_of(header);
    if (!text) return Fail{std::move(text).error()};
    SecretBytes key{crypto::gcm_key_size};
    crypto::random_bytes(key.bytes());
    const auto cms = certs::cms_seal(key.bytes(), {recipient});
    if (!cms) return Fail{cms.error()};
    *text += *cms;
    PackageWriter writer{std::move(sink), std::move(key), crypto::sha256(*text)};
    if (auto written = writer.sink_(bytes_of(*text)); !written) return Fail{std::move(written).error()};
    return writer;
}

Status PackageWriter::add(std::string_view line) {
    if (line.size() >= chunk_bytes_max) return Fail{Error::internal("a line does not fit into a chunk")};
    if (lines_.size() + line.size() + 1 > chunk_bytes_max)
        if (auto put = put_chunk(false); !put) return put;
    lines_.append(line);
    lines_.push_back('\n');
    return {};
}

Status PackageWriter::end() {
    return put_chunk(true);
}

Status PackageWriter::put_chunk(bool last) {
    if (chunks_ >= chunks_max) return Fail{Error::internal("more cards than one export may hold")};
    const auto sealed =
        crypto::gcm_seal(key_.bytes(), bytes_of(lines_.view()), context_of(header_, chunks_++, last).span());
    lines_.resize(0);
    std::array<std::uint8_t, length_size> length{};
    for (std::size_t i = 0; i < length_size; ++i)
        length[i] = static_cast<std::uint8_t>(sealed.size() >> (8 * (length_size - 1 - i)));
    if (auto put = sink_(length); !put) return put;
    return sink_(sealed);
}

PackageReader::PackageReader(std::istream& file, Header header, SecretBytes key, crypto::Digest digest)
    : file_{&file},
      header_{std::move(header)},
      key_{std::move(key)},
      secret_{secret_of(key_, digest)},
      header_digest_{digest},
      first_chunk_{file.tellg()} {}

Result<PackageReader> PackageReader::open(std::istream& file, X509* certificate, EVP_PKEY* key) {
    const auto line = read_line(file, line_bytes_max);
    auto header = header_of(std::string_view{line}.substr(0, line.empty() ? 0 : line.size() - 1));
    if (!header) return Fail{std::move(header).error()};
    if (const auto own = certs::fingerprint_of(certificate); header->recipient != own)
        return Fail{
            Error::invalid("export_file_invalid", "",
                           "The file is sealed to the certificate of SHA-256 {}, and this one has {}.",
                           {Safe::param(header->recipient), Safe::param(own)})};
    const auto cms = read_cms(file);
    if (cms.empty()) return refuse("The file holds no sealed key behind its first line.");
    auto content_key = certs::cms_open(bytes_of(cms), certificate, key);
    if (!content_key) return Fail{std::move(content_key).error()};
    if (content_key->size() != crypto::gcm_key_size) return refuse("What is sealed in the file is no key.");
    const auto digest = crypto::sha256(line + cms);
    return PackageReader{file, std::move(*header), std::move(*content_key), digest};
}

Status PackageReader::read_exactly(std::span<std::uint8_t> out) {
    file_->read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(out.size()));
    if (static_cast<std::size_t>(file_->gcount()) == out.size()) return {};
    return refuse_chunk("The file ends within chunk {}: it was cut off. Copy it again.", chunks_);
}

Result<std::optional<SecretBytes>> PackageReader::next() {
    if (ended_) return std::optional<SecretBytes>{};
    std::array<std::uint8_t, length_size> length{};
    if (auto read = read_exactly(length); !read) return Fail{std::move(read).error()};
    std::size_t size = 0;
    for (const auto byte : length)
        size = size << 8 | byte;
    if (size < overhead || size > chunk_bytes_max + overhead || chunks_ >= chunks_max)
        return refuse_chunk("Chunk {} has an impossible length: the file was changed.", chunks_);
    crypto::Bytes sealed(size);
    if (auto read = read_exactly(sealed); !read) return Fail{std::move(read).error()};
    const bool last = file_->peek() == std::char_traits<char>::eof();
    auto lines = crypto::gcm_open(key_.bytes(), sealed, context_of(header_digest_, chunks_, last).span());
    if (!lines)
        return refuse_chunk("Chunk {} is not what was written there: the file was changed or cut off.",
                            chunks_);
    if (lines->empty() ? !last : lines->text().back() != '\n')
        return refuse_chunk("Chunk {} does not consist of whole lines.", chunks_);
    ++chunks_;
    ended_ = last;
    return std::optional{std::move(*lines)};
}

Status PackageReader::rewind() {
    file_->clear();
    file_->seekg(first_chunk_);
    if (!*file_) return Fail{Error::internal("the export cannot be read a second time")};
    chunks_ = 0;
    ended_ = false;
    return {};
}

}  // namespace vault::transfer
