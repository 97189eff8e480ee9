// A token, the HSM opened on it, and ways to ask it from a test's own thread.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
    explicit RawSession(const support::SoftHsm& token, bool login = true) {
        module = std::move(hsm::Module::load(support::SoftHsm::module, metrics).value());
        EXPECT_TRUE(module->initialize().ok());
        const auto found = module->find_token(token.setup().token_label).value();
        EXPECT_TRUE(hsm::Session::open(*module, found.slot, true, session).ok());
        const auto pin = SecretBytes::copy_of(support::SoftHsm::pin);
        if (login) EXPECT_TRUE(session->login(CKU_USER, pin).ok());
    }
    const CK_FUNCTION_LIST& f() const { return module->raw(); }
    CK_SESSION_HANDLE handle() const { return session->handle(); }
    CK_OBJECT_HANDLE key(const std::string& label) const {
        std::vector<CK_OBJECT_HANDLE> found;
        EXPECT_TRUE(session->find_by_label(label, found).ok());
        EXPECT_EQ(found.size(), 1U) << label;
        return found.empty() ? 0 : found.front();
    }
    common::Metrics metrics;
    std::unique_ptr<hsm::Module> module;
    std::unique_ptr<hsm::Session> session;
};

class HsmTest : public testing::Test {
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

    support::SoftHsm token;
    common::Metrics metrics;
    std::unique_ptr<Hsm> hsm;
};

}  // namespace hsm_test
