#include "hsm/provision.h"

#include "common/config.h"
#include "common/crypto.h"

namespace hsm {
namespace {

using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
using common::SecretBytes;
using common::Status;

constexpr std::size_t label_size = 32;  // of CK_TOKEN_INFO
constexpr std::size_t pin_min = 8;
constexpr std::size_t pin_max = 64;
constexpr std::size_t random_pin_size = 32;

Status failed(const Call& call) {
    return Fail{error_of(call)};
}

Result<SecretBytes> read_pin(const std::string& path) {
    auto pin = common::read_secret_file(path);
    if (!pin) return pin;
    if (pin->size() < pin_min || pin->size() > pin_max)
        return Fail{Error::internal("the PIN in {} must have 8 to 64 characters", {Safe::param(path)})};
    return pin;
}

// 190 bits as letters and digits, made in locked memory.
SecretBytes random_pin() {
    constexpr std::string_view alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
    static_assert(alphabet.size() == 64);
    SecretBytes pin{random_pin_size};
    common::crypto::random_bytes(pin.bytes());
    for (auto& one : pin.bytes())
        one = static_cast<std::uint8_t>(alphabet[one & 63U]);
    return pin;
}

CK_UTF8CHAR* characters(const SecretBytes& pin) {
    return const_cast<CK_UTF8CHAR*>(pin.bytes().data());
}

// A module, initialised, with a session that is logged in.
struct Opened {
    std::unique_ptr<Module> module;
    std::unique_ptr<Session> session;
};

Result<std::unique_ptr<Module>> begin(const TokenSetup& setup, common::Metrics& metrics) {
    auto module = Module::load(setup.module, metrics);
    if (!module) return module;
    if (auto done = (*module)->initialize(); !done.ok()) return Fail{error_of(done)};
    return module;
}

Result<std::unique_ptr<Session>> log_in(Module& module, const Module::Token& token, const SecretBytes& pin,
                                        bool writable) {
    if ((token.flags & (CKF_USER_PIN_LOCKED | CKF_USER_PIN_FINAL_TRY)) != 0)
        return Fail{Error::internal("the PIN of token {} is locked, or one wrong try from it",
                                    {Safe::param(token.label)})};
    std::unique_ptr<Session> session;
    if (auto done = Session::open(module, token.slot, writable, session); !done.ok())
        return Fail{error_of(done)};
    if (auto done = session->login(CKU_USER, pin); !done.ok()) {
        if (trouble_of(done.value) != Trouble::pin) return Fail{error_of(done)};
        return Fail{Error::internal("token {} refuses the PIN of the file ({})",
                                    {Safe::param(token.label), Safe::param(name_of(done.value))})};
    }
    return session;
}

Result<Opened> open_token(const TokenSetup& setup, bool writable, common::Metrics& metrics) {
    const auto pin = read_pin(setup.pin_file);
    if (!pin) return Fail{pin.error()};
    auto module = begin(setup, metrics);
    if (!module) return Fail{std::move(module.error())};
    const auto token = (*module)->find_token(setup.token_label);
    if (!token) return Fail{token.error()};
    auto session = log_in(**module, *token, *pin, writable);
    if (!session) return Fail{std::move(session.error())};
    return Opened{std::move(*module), std::move(*session)};
}

Status set_user_pin(Module& module, const Module::Token& token, const SecretBytes& so_pin,
                    const SecretBytes& pin) {
    std::unique_ptr<Session> session;
    if (auto done = Session::open(module, token.slot, true, session); !done.ok()) return failed(done);
    if (auto done = session->login(CKU_SO, so_pin); !done.ok()) return failed(done);
    const auto done = module.call(
        "C_InitPIN", [&](auto& f) { return f.C_InitPIN(session->handle(), characters(pin), pin.size()); });
    module.call("C_Logout", [&](auto& f) { return f.C_Logout(session->handle()); });
    return done.ok() ? Status{} : failed(done);
}

Status init_free_slot(Module& module, const TokenSetup& setup, const SecretBytes& so_pin,
                      const SecretBytes& pin) {
    const auto all = module.tokens();
    if (!all) return Fail{all.error()};
    const auto free =
        std::ranges::find_if(*all, [](const auto& t) { return (t.flags & CKF_TOKEN_INITIALIZED) == 0; });
    if (free == all->end())
        return Fail{Error::internal("the module has no slot with an uninitialised token")};
    std::array<CK_UTF8CHAR, label_size> label{};
    label.fill(' ');
    std::ranges::copy(setup.token_label, label.begin());
    const auto done = module.call("C_InitToken", [&](auto& f) {
        return f.C_InitToken(free->slot, characters(so_pin), so_pin.size(), label.data());
    });
    if (!done.ok()) return failed(done);
    const auto token = module.find_token(setup.token_label);  // SoftHSM gives it another slot number
    if (!token) return Fail{token.error()};
    return set_user_pin(module, *token, so_pin, pin);
}

std::vector<CK_ATTRIBUTE> flag_template(const std::vector<Flag>& flags) {
    static CK_BBOOL yes = CK_TRUE;
    static CK_BBOOL no = CK_FALSE;
    std::vector<CK_ATTRIBUTE> attributes;
    for (const auto& flag : flags)
        if (flag.settable) attributes.push_back({flag.type, flag.value ? &yes : &no, sizeof(CK_BBOOL)});
    return attributes;
}

Status make_key(Session& session, KeyRef key, const std::vector<std::string>& waived) {
    const auto& kind = kind_of(key.purpose);
    auto flags = flags_of(kind);
    std::erase_if(flags,
                  [&](const Flag& flag) { return std::ranges::find(waived, flag.name) != waived.end(); });
    auto attributes = flag_template(flags);
    auto label = label_of(key);
    std::array<std::uint8_t, id_bytes> id{};
    if (auto done = session.random(id); !done.ok()) return failed(done);
    CK_ULONG size = key_bytes;
    CK_OBJECT_CLASS object_class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = kind.type;
    CK_MECHANISM_TYPE mechanism = kind.mechanism;
    attributes.push_back({CKA_CLASS, &object_class, sizeof object_class});
    attributes.push_back({CKA_KEY_TYPE, &type, sizeof type});
    attributes.push_back({CKA_LABEL, label.data(), label.size()});
    attributes.push_back({CKA_ID, id.data(), id.size()});
    attributes.push_back({CKA_VALUE_LEN, &size, sizeof size});
    if (std::ranges::find(waived, "CKA_ALLOWED_MECHANISMS") == waived.end())
        attributes.push_back({CKA_ALLOWED_MECHANISMS, &mechanism, sizeof mechanism});
    CK_MECHANISM generator{kind.generator, nullptr, 0};
    CK_OBJECT_HANDLE made = 0;
    const auto done = session.module().call("C_GenerateKey", [&](auto& f) {
        return f.C_GenerateKey(session.handle(), &generator, attributes.data(), attributes.size(), &made);
    });
    return done.ok() ? Status{} : failed(done);
}

Result<Audit> audited(Session& session, const std::vector<std::string>& waived) {
    Audit audit;
    if (auto done = audit_token(session, waived, audit); !done.ok()) return Fail{error_of(done)};
    return audit;
}

Status refuse(const Audit& audit) {
    if (audit.findings.empty()) return {};
    return Fail{Error::internal("{} findings on the token, the first: {}",
                                {Safe::number(static_cast<std::int64_t>(audit.findings.size())),
                                 Safe::param(audit.findings.front())})};
}

bool has_version(const Audit& audit, Purpose purpose) {
    return std::ranges::any_of(audit.keys, [&](const auto& entry) { return entry.first.purpose == purpose; });
}

}  // namespace

Result<Made> init_token(const TokenSetup& setup, common::Metrics& metrics) {
    const auto plain = [](char c) { return c > 0x20 && c < 0x7f; };
    if (setup.token_label.empty() || setup.token_label.size() > label_size ||
        !std::ranges::all_of(setup.token_label, plain))
        return Fail{Error::internal("a token's label has 1 to 32 visible ASCII characters")};
    const auto pin = read_pin(setup.pin_file);
    if (!pin) return Fail{pin.error()};
    auto so_pin = setup.so_pin_file.empty() ? Result<SecretBytes>{random_pin()} : read_pin(setup.so_pin_file);
    if (!so_pin) return Fail{std::move(so_pin.error())};
    auto module = begin(setup, metrics);
    if (!module) return Fail{std::move(module.error())};
    const auto token = (*module)->find_token(setup.token_label);
    if (token && (token->flags & CKF_USER_PIN_INITIALIZED) != 0) {
        auto session = log_in(**module, *token, *pin, false);
        if (!session) return Fail{std::move(session.error())};
        session->reset();  // before the module ends
        return Made::kept;
    }
    if (!token && token.error().cause() != common::Cause::not_found) return Fail{token.error()};
    if (token && setup.so_pin_file.empty())
        return Fail{Error::internal("token {} has no user PIN yet; give the security officer's PIN to set it",
                                    {Safe::param(setup.token_label)})};
    const auto done = token ? set_user_pin(**module, *token, *so_pin, *pin)
                            : init_free_slot(**module, setup, *so_pin, *pin);
    if (!done) return Fail{done.error()};
    return Made::made;
}

Result<std::vector<KeyReport>> make_keys(const TokenSetup& setup, const std::vector<KeyRef>& wanted,
                                         const std::vector<std::string>& waived, common::Metrics& metrics) {
    auto opened = open_token(setup, true, metrics);
    if (!opened) return Fail{std::move(opened.error())};
    const auto before = audited(*opened->session, waived);
    if (!before) return Fail{before.error()};
    if (auto refused = refuse(*before); !refused) return Fail{std::move(refused.error())};
    auto missing = wanted;
    for (const auto& kind : all_kinds())
        if (!has_version(*before, kind.purpose)) missing.push_back({kind.purpose, 1});
    std::ranges::sort(missing);
    missing.erase(std::ranges::unique(missing).begin(), missing.end());
    std::erase_if(missing, [&](KeyRef key) { return before->keys.contains(key); });
    for (const auto key : missing)
        if (auto made = make_key(*opened->session, key, waived); !made) return Fail{std::move(made.error())};
    const auto after = audited(*opened->session, waived);
    if (!after) return Fail{after.error()};
    if (auto refused = refuse(*after); !refused) return Fail{std::move(refused.error())};
    std::vector<KeyReport> report;
    for (const auto& [key, entry] : after->keys)
        report.push_back(
            {key, common::crypto::to_hex(entry.id), before->keys.contains(key) ? Made::kept : Made::made});
    return report;
}

Result<Audit> audit_keys(const TokenSetup& setup, const std::vector<std::string>& waived,
                         common::Metrics& metrics) {
    auto opened = open_token(setup, false, metrics);
    if (!opened) return Fail{std::move(opened.error())};
    return audited(*opened->session, waived);
}

}  // namespace hsm
