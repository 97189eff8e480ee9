// A token, the HSM opened on it, and ways to ask it from a test's own thread.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hsm/profile.h"
#include "hsm/session.h"
#include "support/softhsm/softhsm.h"

namespace hsm_test {

using common::Cause;
using common::Deadline;
using common::Result;
using common::SecretBytes;
using common::Task;
using common::crypto::Bytes;
using hsm::Hsm;
using hsm::KeyRef;
using hsm::Purpose;

inline constexpr KeyRef card_kek{Purpose::kek_card, 1};
inline constexpr KeyRef fingerprint_key{Purpose::fingerprint, 1};

inline std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

template <class T>
Result<T> wait_for(Task<T> task) {
    boost::asio::io_context io;
    std::optional<Result<T>> answer;
    boost::asio::co_spawn(io, std::move(task), [&](const std::exception_ptr& thrown, Result<T> result) {
        if (thrown) std::rethrow_exception(thrown);
        answer.emplace(std::move(result));
    });
    io.run();
    return std::move(*answer);
}

// A session of the test's own, logged in as the user, past all that Portcullis allows itself.
struct RawSession {
    explicit RawSession(const hsm::TokenSetup& setup, bool login = true)
        : profile{hsm::Profile::load(setup.profile_file, setup.directory, setup.token_label).value()} {
        module = std::move(hsm::Module::load(setup.module, profile.library_parameters, metrics).value());
        EXPECT_TRUE(module->initialize().ok());
        const auto found = module->find_token(setup.token_label).value();
        EXPECT_TRUE(hsm::Session::open(*module, found.slot, true, session).ok());
        const auto pin = SecretBytes::copy_of(support::token_pin);
        if (login) EXPECT_TRUE(session->login(CKU_USER, pin).ok());
    }
    template <class Token>
        requires requires(const Token& token) { token.setup(); }
    explicit RawSession(const Token& token, bool login = true) : RawSession{token.setup(), login} {}

    const CK_FUNCTION_LIST& f() const { return module->raw(); }
    CK_SESSION_HANDLE handle() const { return session->handle(); }
    CK_OBJECT_HANDLE key(const std::string& label) const {
        std::vector<CK_OBJECT_HANDLE> found;
        EXPECT_TRUE(session->find_by_label(label, found).ok());
        EXPECT_EQ(found.size(), 1U) << label;
        return found.empty() ? 0 : found.front();
    }
    hsm::Profile profile;
    common::Metrics metrics;
    std::unique_ptr<hsm::Module> module;
    std::unique_ptr<hsm::Session> session;
};

// A key as the table wants it, changed at will, made by someone who has the PIN.
struct Template {
    explicit Template(KeyRef key, std::uint8_t id_byte = 0x77)
        : kind{hsm::kind_of(key.purpose)}, label{hsm::label_of(key)} {
        id.fill(id_byte);
        for (const auto& flag : hsm::flags_of(kind))
            if (flag.settable) flags[flag.name] = {flag.type, flag.value ? CK_TRUE : CK_FALSE};
    }
    CK_RV generate(const RawSession& raw) {
        std::vector<CK_ATTRIBUTE> all{{CKA_LABEL, label.data(), label.size()},
                                      {CKA_ID, id.data(), id.size()},
                                      {CKA_VALUE_LEN, &size, sizeof size}};
        add_flags(raw, all);
        CK_MECHANISM generator{kind.generator, nullptr, 0};
        CK_OBJECT_HANDLE made = 0;
        return raw.f().C_GenerateKey(raw.handle(), &generator, all.data(), all.size(), &made);
    }
    // With a value that its maker knows.
    CK_RV create(const RawSession& raw) {
        std::array<std::uint8_t, 32> known{};
        CK_OBJECT_CLASS object_class = CKO_SECRET_KEY;
        std::vector<CK_ATTRIBUTE> all{{CKA_CLASS, &object_class, sizeof object_class},
                                      {CKA_KEY_TYPE, &kind.type, sizeof kind.type},
                                      {CKA_LABEL, label.data(), label.size()},
                                      {CKA_ID, id.data(), id.size()},
                                      {CKA_VALUE, known.data(), known.size()}};
        add_flags(raw, all);
        CK_OBJECT_HANDLE made = 0;
        return raw.f().C_CreateObject(raw.handle(), all.data(), all.size(), &made);
    }
    void add_flags(const RawSession& raw, std::vector<CK_ATTRIBUTE>& all) {
        if (restrict_mechanism && !raw.profile.is_unknown("CKA_ALLOWED_MECHANISMS"))
            all.push_back({CKA_ALLOWED_MECHANISMS, &mechanism, sizeof mechanism});
        for (auto& [name, flag] : flags)
            if (!raw.profile.is_unknown(name)) all.push_back({flag.first, &flag.second, sizeof flag.second});
    }
    hsm::KeyKind kind;
    std::string label;
    std::array<std::uint8_t, 16> id{};
    CK_ULONG size = 32;
    CK_MECHANISM_TYPE mechanism = kind.mechanism;
    bool restrict_mechanism = true;
    std::map<std::string_view, std::pair<CK_ATTRIBUTE_TYPE, CK_BBOOL>> flags;
};

template <class Token>
class TokenTest : public testing::Test {
  protected:
    void open(const hsm::Options& options) {
        auto opened = Hsm::open(options, {card_kek, fingerprint_key}, metrics);
        ASSERT_TRUE(opened) << opened.error().describe();
        hsm = std::move(*opened);
    }
    void open() { open(token.options()); }
    void open_with_faults(std::chrono::milliseconds call_max = std::chrono::milliseconds{2000}) {
        auto options = token.options();
        options.module = support::FaultModule::path();
        options.call_max = call_max;
        open(options);
    }
    Result<Bytes> seal(std::string_view plain, std::string_view aad = "row 1") {
        return wait_for(hsm->seal(card_kek, bytes_of(plain), bytes_of(aad), Deadline{}));
    }
    Result<SecretBytes> open_sealed(const Bytes& sealed, std::string_view aad = "row 1") {
        return wait_for(hsm->open_sealed(card_kek, sealed, bytes_of(aad), Deadline{}));
    }
    Result<common::crypto::Digest> mac(std::string_view data) {
        return wait_for(hsm->mac(fingerprint_key, SecretBytes::copy_of(data), Deadline{}));
    }
    std::string refusal() {
        const auto opened = Hsm::open(token.options(), {}, metrics);
        return opened ? "" : opened.error().log_detail();
    }

    Token token;
    common::Metrics metrics;
    std::unique_ptr<Hsm> hsm;
};

using HsmTest = TokenTest<support::SoftHsm>;
// What every module must pass.
using EveryModule = testing::Types<support::SoftHsm, support::Nss>;

}  // namespace hsm_test
