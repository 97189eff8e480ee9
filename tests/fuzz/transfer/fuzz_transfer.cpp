// The file in which cards travel (vault/transfer/package.h), by the first byte: what stands behind a genuine
// beginning, a beginning that was made up, genuine bytes that were changed, chunks that the recipient's own
// peer made up, and a line of a card. Nothing that was not written as a whole may come out.
#include <cstdlib>
#include <sstream>

#include "support/custodian.h"
#include "unit/vault/access.h"
#include "vault/keys/associated_data.h"
#include "vault/transfer/card_line.h"
#include "vault/transfer/package.h"

namespace {

namespace crypto = common::crypto;
using vault::transfer::CardLine;
using vault::transfer::PackageReader;
using vault::transfer::PackageWriter;
using Input = std::span<const std::uint8_t>;

void require(bool holds) {
    if (!holds) std::abort();
}

const support::TestCustodian& recipient() {
    static const support::TestCustodian made{"recipient"};
    return made;
}

std::string text_of(Input input) {
    return {reinterpret_cast<const char*>(input.data()), input.size()};
}

std::string written(const std::vector<std::string>& lines) {
    std::string file;
    const auto sink = [&file](Input data) -> common::Status {
        file += text_of(data);
        return {};
    };
    auto writer =
        *PackageWriter::begin({"acct_1", "act_1", "", false, ""}, recipient().certificate.get(), sink);
    for (const auto& line : lines)
        require(writer.add(line).has_value());
    require(writer.end().has_value());
    return file;
}

const std::string& genuine() {
    static const auto file = written({"one", "two"});
    return file;
}

std::string beginning_of(const std::string& file) {
    constexpr std::string_view end = "-----END CMS-----\n";
    return file.substr(0, file.find(end) + end.size());
}

// All that the file gives, when it is read to its end.
std::optional<std::string> read(const std::string& file) {
    std::istringstream stream{file};
    auto reader = PackageReader::open(stream, recipient().certificate.get(), recipient().key.get());
    if (!reader) return std::nullopt;
    std::string text;
    for (;;) {
        const auto chunk = reader->next();
        if (!chunk) return std::nullopt;
        if (!*chunk) return text;
        text += (*chunk)->text();
        require(text.empty() || text.back() == '\n');
    }
}

void read_changed(Input input) {
    auto file = genuine();
    for (std::size_t i = 0; i + 2 < input.size(); i += 3)
        file[(std::size_t{input[i]} << 8 | input[i + 1]) % file.size()] ^= static_cast<char>(input[i + 2]);
    require(read(file).has_value() == (file == genuine()));
}

// The sender knows the content key, so what he seals is authentic: it must be whole lines all the same.
void read_sealed(Input input) {
    if (input.size() > vault::transfer::chunk_bytes_max) return;
    static const std::string key(crypto::gcm_key_size, 'k');
    static const auto start = [] {
        const auto file = genuine();
        return file.substr(0, file.find('\n') + 1) +
               *certs::cms_seal(support::bytes_of(key), {recipient().certificate.get()});
    }();
    vault::keys::AssociatedData context{"portcullis-cards-1"};
    context.bytes(1, crypto::sha256(start)).number(2, 0).number(3, 1);
    const auto sealed = crypto::gcm_seal(support::bytes_of(key), input, context.span());
    std::string file = start;
    for (const unsigned shift : {24U, 16U, 8U, 0U})
        file += static_cast<char>(sealed.size() >> shift);
    const auto lines = read(file + text_of(sealed));
    require(lines.has_value() == (input.empty() || input.back() == '\n'));
    require(!lines || *lines == text_of(input));
}

// What is taken can be written and is the same again.
void read_line(Input input) {
    const auto line = CardLine::read(text_of(input));
    if (!line) {
        require(line.error().status() == 400);
        return;
    }
    auto pan = vault::cards::Pan::parse(line->number.view());
    if (!pan) return;
    const auto digits = vault::cards::PanTestAccess::digits(*pan);
    vault::store::CardRowPage::Entry entry;
    entry.row.scope.token = line->token;
    entry.row.facts.metadata = line->metadata;
    const vault::cards::Expiry expiry{static_cast<int>(line->exp_month), static_cast<int>(line->exp_year)};
    const auto again = CardLine::read(CardLine::write(entry, {std::move(*pan), expiry}).view());
    require(again && again->token == line->token && again->number.view() == digits &&
            again->exp_month == line->exp_month && again->exp_year == line->exp_year &&
            again->metadata == line->metadata);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const Input input{data + 1, size - 1};
    switch (data[0] % 5) {
        case 0:
            require(!read(beginning_of(genuine()) + text_of(input)));
            break;
        case 1:
            // A whole file can be made up by anybody who has the certificate.
            static_cast<void>(read(text_of(input)));
            break;
        case 2:
            read_changed(input);
            break;
        case 3:
            read_sealed(input);
            break;
        default:
            read_line(input);
    }
    return 0;
}
