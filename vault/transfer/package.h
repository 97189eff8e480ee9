// The file in which cards travel to somebody else's key, as docs/card-transfer.md describes it: a line that
// says what it is, the content key sealed to the recipient (CMS), and chunks of lines under AES-256-GCM, each
// bound to the file, its place and whether it is the last (STREAM: Hoang, Reyhanitabar, Rogaway, Vizár,
// CRYPTO 2015). Of a file that was cut off, put together anew or changed, nothing behind the fault is ever
// handed out.
#pragma once

#include <functional>
#include <iosfwd>
#include <optional>

#include "certs/openssl.h"
#include "common/crypto.h"
#include "common/result.h"

namespace vault::transfer {

inline constexpr std::size_t chunk_bytes_max = 64 * 1024;  // of what is sealed, at most

// In clear, and bound to each chunk.
struct Header {
    std::string account;  // "acct_…" that the cards are of
    std::string act;      // "act_…" that approved of it
    std::string created;  // "2026-07-01T12:00:00Z"
    bool livemode = false;
    std::string recipient;  // SHA-256 of the certificate, "AB:CD:…"
};

class PackageWriter {
  public:
    using Sink = std::function<common::Status(std::span<const std::uint8_t>)>;
    // Draws the content key and writes what comes before the chunks. 400 when nothing can be sealed to the
    // certificate.
    static common::Result<PackageWriter> begin(Header header, X509* recipient, Sink sink);
    // A line without its end, of less than chunk_bytes_max.
    common::Status add(std::string_view line);
    // Without it the file counts as cut off.
    common::Status end();

  private:
    PackageWriter(Sink sink, common::SecretBytes key, common::crypto::Digest header);
    common::Status put_chunk(bool last);

    Sink sink_;
    common::SecretBytes key_;
    common::crypto::Digest header_;
    common::SecretText lines_;
    std::uint64_t chunks_ = 0;
};

class PackageReader {
  public:
    // 400 saying what is wrong: not such a file, sealed to somebody else, or changed.
    static common::Result<PackageReader> open(std::istream& file, X509* certificate, EVP_PKEY* key);
    const Header& header() const { return header_; }
    // Whole lines, authentic; nothing behind the last chunk.
    common::Result<std::optional<common::SecretBytes>> next();
    common::Status rewind();  // to the first chunk
    // Of this file alone, and known only to who can open it.
    const common::SecretBytes& secret() const { return secret_; }

  private:
    PackageReader(std::istream& file, Header header, common::SecretBytes key, common::crypto::Digest digest);
    common::Status read_exactly(std::span<std::uint8_t> out);

    std::istream* file_;
    Header header_;
    common::SecretBytes key_, secret_;
    common::crypto::Digest header_digest_;
    std::int64_t first_chunk_ = 0;
    std::uint64_t chunks_ = 0;
    bool ended_ = false;
};

}  // namespace vault::transfer
