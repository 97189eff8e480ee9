#include "hsm/custody/share_set.h"

#include "certs/cms.h"
#include "certs/identity.h"
#include "certs/pem.h"
#include "common/crypto.h"
#include "common/json.h"
#include "hsm/custody/acknowledgement.h"
#include "hsm/custody/documents.h"

namespace hsm::custody {
namespace {

using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
using common::SecretBytes;
using common::Status;
namespace crypto = common::crypto;
namespace json = boost::json;

constexpr const char *set_kind = "portcullis-share-set-1", *share_kind = "portcullis-share-1";

Fail refuse(common::Text why, std::string_view what = "", std::string_view more = "") {
    return Fail{Error::invalid("share_invalid", "", why, {Safe::param(what), Safe::param(more)})};
}

std::string common_name_of(const X509* certificate) {
    char name[128] = {};
    const int size =
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
    return size > 0 ? std::string{name} : "";
}

// SHA-256 of the set's id and index, with their ends marked, and then the bytes.
std::string commitment_to(std::string_view set, unsigned index, const SecretBytes& bytes) {
    const auto head = "portcullis-commitment-1 " + std::string{set} + ' ' + std::to_string(index) + '\n';
    SecretBytes all{head.size() + bytes.size()};
    std::ranges::copy(head, all.bytes().begin());
    std::ranges::copy(bytes.bytes(), all.bytes().begin() + static_cast<std::ptrdiff_t>(head.size()));
    return crypto::to_hex(crypto::sha256(all.bytes()));
}

// Neither string nor stack keeps a copy: the document lives in memory that is wiped.
common::SecretText share_text(const OpenedShare& opened) {
    common::SecretText hex;
    for (const auto byte : opened.share.bytes.bytes()) {
        constexpr std::string_view digits = "0123456789abcdef";
        hex.push_back(digits[byte >> 4U]);
        hex.push_back(digits[byte & 15U]);
    }
    json::object document(common::json::wiping_storage());
    document["document"] = share_kind;
    document["set"] = opened.set;
    document["purpose"] = opened.purpose;
    document["custodian"] = opened.custodian;
    document["index"] = opened.share.index;
    document["share"] = hex.view();
    return common::json::serialize_secret(document);
}

Result<SecretBytes> bytes_of_hex(std::string_view hex) {
    const auto value = [](char c) {
        return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    };
    if (hex.empty() || hex.size() % 2 != 0 || hex.size() > 2UL * share_bytes_max ||
        std::ranges::any_of(hex, [&](char c) { return value(c) < 0; }))
        return refuse("The share is damaged.");
    SecretBytes bytes{hex.size() / 2};
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes.bytes()[i] = static_cast<std::uint8_t>(value(hex[2 * i]) * 16 + value(hex[2 * i + 1]));
    return bytes;
}

}  // namespace

Result<std::vector<Holder>> read_holders(const std::vector<std::string>& files) {
    std::vector<Holder> holders;
    for (const auto& file : files) {
        auto chain = certs::read_certificates(file);
        if (!chain) return Fail{std::move(chain.error())};
        Holder holder{common_name_of(chain->front().get()), std::move(chain->front())};
        if (!is_custodian_name(holder.name))
            return refuse("The common name of {} is no name of a custodian.", file);
        if (const auto fault = fault_of_certificate(holder.certificate.get()))
            return refuse("The certificate {} cannot be used: {}.", file, *fault);
        if ((X509_get_key_usage(holder.certificate.get()) & (KU_KEY_AGREEMENT | KU_KEY_ENCIPHERMENT)) == 0)
            return refuse("Nothing can be sealed to the certificate {} (keyUsage).", file);
        for (const auto& other : holders)
            if (other.name == holder.name || EVP_PKEY_eq(X509_get0_pubkey(other.certificate.get()),
                                                         X509_get0_pubkey(holder.certificate.get())) == 1)
                return refuse("{} has the name or the key of another custodian.", file);
        holders.push_back(std::move(holder));
    }
    return holders;
}

std::string ShareSet::text() const {
    json::object all;
    for (std::size_t i = 0; i < members.size(); ++i)
        all[std::to_string(i + 1)] = json::object{{"custodian", members[i].custodian},
                                                  {"fingerprint", members[i].fingerprint},
                                                  {"commitment", members[i].commitment}};
    return canonical(json::object{{"document", set_kind},
                                  {"set", id},
                                  {"purpose", purpose},
                                  {"threshold", threshold},
                                  {"shares", std::move(all)},
                                  {"secret_commitment", secret_commitment}})
        .value();
}

Result<ShareSet> ShareSet::parse(std::string_view text) {
    const auto document = parse_canonical(text);
    if (!document) return Fail{document.error()};
    const auto member = [](const json::object& object, std::string_view name) {
        return std::string{common::json::text_or(object, name, "")};
    };
    ShareSet set;
    set.id = member(*document, "set");
    set.purpose = member(*document, "purpose");
    set.secret_commitment = member(*document, "secret_commitment");
    const auto threshold = common::json::integer_or(*document, "threshold", 0);
    const auto* shares = document->if_contains("shares");
    if (member(*document, "document") != set_kind || shares == nullptr || !shares->is_object())
        return refuse("The file is no share set.");
    const auto& all = shares->get_object();
    for (std::size_t i = 1; i <= all.size(); ++i) {
        const auto* one = all.if_contains(std::to_string(i));
        if (one == nullptr || !one->is_object()) return refuse("The file is no share set.");
        set.members.push_back({member(one->get_object(), "custodian"),
                               member(one->get_object(), "fingerprint"),
                               member(one->get_object(), "commitment")});
    }
    if (threshold < 2 || threshold > static_cast<std::int64_t>(all.size()) || all.size() > shares_max)
        return refuse("The file is no share set.");
    set.threshold = static_cast<unsigned>(threshold);
    return set;
}

Result<NewShareSet> make_share_set(std::string purpose, const SecretBytes& secret, unsigned threshold,
                                   const std::vector<Holder>& holders) {
    auto shares = split_secret(secret, threshold, static_cast<unsigned>(holders.size()));
    if (!shares) return Fail{std::move(shares.error())};
    NewShareSet made;
    made.set.id = "shr_" + crypto::random_base62(24);
    made.set.purpose = std::move(purpose);
    made.set.threshold = threshold;
    made.set.secret_commitment = commitment_to(made.set.id, 0, secret);
    for (std::size_t i = 0; i < holders.size(); ++i) {
        auto* const certificate = holders[i].certificate.get();
        OpenedShare opened{made.set.id, made.set.purpose, holders[i].name, std::move((*shares)[i])};
        made.set.members.push_back({holders[i].name, certs::fingerprint_of(certificate),
                                    commitment_to(made.set.id, opened.share.index, opened.share.bytes)});
        auto cms = reseal_share(opened, certificate);
        if (!cms) return Fail{std::move(cms.error())};
        made.shares.push_back(
            {"share-" + std::to_string(i + 1) + '-' + holders[i].name + ".cms", std::move(*cms)});
    }
    return made;
}

Result<std::string> reseal_share(const OpenedShare& opened, X509* recipient) {
    const auto text = share_text(opened);
    const auto view = text.view();
    return certs::cms_seal({reinterpret_cast<const std::uint8_t*>(view.data()), view.size()}, {recipient});
}

Result<OpenedShare> open_share(std::span<const std::uint8_t> cms, X509* certificate, EVP_PKEY* key) {
    const auto plain = certs::cms_open(cms, certificate, key);
    if (!plain) return Fail{plain.error()};
    const auto value = common::json::parse(plain->text(), common::json::wiping_storage());
    if (!value || !value->is_object()) return refuse("The message holds no share.");
    const auto& document = value->get_object();
    const auto index = common::json::integer_or(document, "index", 0);
    if (common::json::text_or(document, "document", "") != share_kind || index < 1 || index > shares_max)
        return refuse("The message holds no share.");
    auto bytes = bytes_of_hex(common::json::text_or(document, "share", ""));
    if (!bytes) return Fail{std::move(bytes.error())};
    return OpenedShare{std::string{common::json::text_or(document, "set", "")},
                       std::string{common::json::text_or(document, "purpose", "")},
                       std::string{common::json::text_or(document, "custodian", "")},
                       Share{static_cast<std::uint8_t>(index), std::move(*bytes)}};
}

Status Combination::add(OpenedShare opened) {
    if (opened.set != set_.id)
        return refuse("The share of {} belongs to another set, {}.", opened.custodian, opened.set);
    const auto index = opened.share.index;
    if (index > set_.members.size() || set_.members[index - 1U].custodian != opened.custodian)
        return refuse("The set knows no such share of {}.", opened.custodian);
    if (commitment_to(set_.id, index, opened.share.bytes) != set_.members[index - 1U].commitment)
        return refuse("The share of {} is forged or damaged: it is not the one that the set commits to.",
                      opened.custodian);
    if (std::ranges::find(shares_, index, &Share::index) != shares_.end())
        return refuse("The share of {} was given already.", opened.custodian);
    shares_.push_back(std::move(opened.share));
    return {};
}

Result<SecretBytes> Combination::secret() const {
    if (!is_enough())
        return Fail{Error::invalid(
            "shares_too_few", "", "There are {} of the {} shares that it takes.",
            {Safe::number(static_cast<std::int64_t>(shares_.size())), Safe::number(set_.threshold)})};
    std::vector<const Share*> used;
    for (std::size_t i = 0; i < set_.threshold; ++i)
        used.push_back(&shares_[i]);
    auto secret = combine_shares(used);
    if (!secret) return secret;
    if (commitment_to(set_.id, 0, *secret) != set_.secret_commitment)
        return refuse("The shares do not give the secret of the set.");
    return secret;
}

}  // namespace hsm::custody
