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

CK_UTF8CHAR* characters(const SecretBytes& pin) {
    return const_cast<CK_UTF8CHAR*>(pin.bytes().data());
}

// A module, initialised, with a session that is logged in.
struct Opened {
    Profile profile;
    std::unique_ptr<Module> module;
    std::unique_ptr<Session> session;
};

Result<Opened> begin(const TokenSetup& setup, common::Metrics& metrics) {
    auto profile = Profile::load(setup.profile_file, setup.directory, setup.token_label);
    if (!profile) return Fail{std::move(profile.error())};
    auto module = Module::load(setup.module, profile->library_parameters, metrics);
    if (!module) return Fail{std::move(module.error())};
    if (auto done = (*module)->initialize(); !done.ok()) return Fail{error_of(done)};
    return Opened{std::move(*profile), std::move(*module), nullptr};
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
    auto opened = begin(setup, metrics);
    if (!opened) return opened;
    const auto token = opened->module->find_token(setup.token_label);
    if (!token) return Fail{token.error()};
    auto session = log_in(*opened->module, *token, *pin, writable);
    if (!session) return Fail{std::move(session.error())};
    opened->session = std::move(*session);
    return opened;
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

Result<Made> keep(Module& module, const Module::Token& token, const SecretBytes& pin) {
    const auto session = log_in(module, token, pin, false);
    if (!session) return Fail{session.error()};
    return Made::kept;
}

// For a token that needs no C_InitToken, and whose security officer has no PIN.
Result<Made> set_first_pin(Module& module, const TokenSetup& setup, const SecretBytes& pin) {
    const auto token = module.find_token(setup.token_label, false);
    if (!token) return Fail{token.error()};
    if ((token->flags & CKF_USER_PIN_INITIALIZED) != 0) return keep(module, *token, pin);
    if (const auto done = set_user_pin(module, *token, SecretBytes{}, pin); !done) return Fail{done.error()};
    return Made::made;
}

std::vector<CK_ATTRIBUTE> flag_template(const std::vector<Flag>& flags) {
    static CK_BBOOL yes = CK_TRUE;
    static CK_BBOOL no = CK_FALSE;
    std::vector<CK_ATTRIBUTE> attributes;
    for (const auto& flag : flags)
        if (flag.settable) attributes.push_back({flag.type, flag.value ? &yes : &no, sizeof(CK_BBOOL)});
    return attributes;
}

Status generate(Session& session, KeyRef key, const Profile& profile) {
    const auto& kind = kind_of(key.purpose);
    auto flags = flags_of(kind);
    std::erase_if(flags, [&](const Flag& flag) { return profile.is_unknown(flag.name); });
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
    if (!profile.is_unknown("CKA_ALLOWED_MECHANISMS"))
        attributes.push_back({CKA_ALLOWED_MECHANISMS, &mechanism, sizeof mechanism});
    CK_MECHANISM generator{kind.generator, nullptr, 0};
    CK_OBJECT_HANDLE made = 0;
    const auto done = session.module().call("C_GenerateKey", [&](auto& f) {
        return f.C_GenerateKey(session.handle(), &generator, attributes.data(), attributes.size(), &made);
    });
    return done.ok() ? Status{} : failed(done);
}

Result<Audit> audited(Session& session, const Profile& profile) {
    Audit audit;
    if (auto done = audit_token(session, profile, audit); !done.ok()) return Fail{error_of(done)};
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

// Letters and digits, made in locked memory.
SecretBytes random_pin() {
    constexpr std::string_view alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
    static_assert(alphabet.size() == 64);
    SecretBytes pin{random_pin_size};
    common::crypto::random_bytes(pin.bytes());
    for (auto& one : pin.bytes())
        one = static_cast<std::uint8_t>(alphabet[one & 63U]);
    return pin;
}

Result<Made> init_token(const TokenSetup& setup, common::Metrics& metrics) {
    const auto so_pin =
        setup.so_pin_file.empty() ? Result<SecretBytes>{SecretBytes{}} : read_pin(setup.so_pin_file);
    if (!so_pin) return Fail{so_pin.error()};
    return init_token(setup, *so_pin, metrics);
}

Result<Made> init_token(const TokenSetup& setup, const SecretBytes& given, common::Metrics& metrics) {
    const auto plain = [](char c) { return c > 0x20 && c < 0x7f; };
    if (setup.token_label.empty() || setup.token_label.size() > label_size ||
        !std::ranges::all_of(setup.token_label, plain))
        return Fail{Error::internal("a token's label has 1 to 32 visible ASCII characters")};
    const auto pin = read_pin(setup.pin_file);
    if (!pin) return Fail{pin.error()};
    auto opened = begin(setup, metrics);
    if (!opened) return Fail{std::move(opened.error())};
    auto& module = *opened->module;
    if (!opened->profile.initializes_tokens) return set_first_pin(module, setup, *pin);
    const auto token = module.find_token(setup.token_label);
    if (token && (token->flags & CKF_USER_PIN_INITIALIZED) != 0) return keep(module, *token, *pin);
    if (!token && token.error().cause() != common::Cause::not_found) return Fail{token.error()};
    if (token && given.empty())
        return Fail{Error::internal("token {} has no user PIN yet; give the security officer's PIN to set it",
                                    {Safe::param(setup.token_label)})};
    const auto thrown_away = given.empty() ? random_pin() : SecretBytes{};
    const auto& so_pin = given.empty() ? thrown_away : given;
    const auto done =
        token ? set_user_pin(module, *token, so_pin, *pin) : init_free_slot(module, setup, so_pin, *pin);
    if (!done) return Fail{done.error()};
    return Made::made;
}

Status recover_pin(const TokenSetup& setup, const SecretBytes& so_pin, common::Metrics& metrics) {
    const auto pin = read_pin(setup.pin_file);
    if (!pin) return Fail{pin.error()};
    auto opened = begin(setup, metrics);
    if (!opened) return Fail{std::move(opened.error())};
    auto& module = *opened->module;
    const auto token = module.find_token(setup.token_label);
    if (!token) return Fail{token.error()};
    if ((token->flags & (CKF_SO_PIN_LOCKED | CKF_SO_PIN_FINAL_TRY)) != 0)
        return Fail{
            Error::internal("the security officer's PIN of token {} is locked, or one wrong try from it",
                            {Safe::param(token->label)})};
    return set_user_pin(module, *token, so_pin, *pin);
}

namespace {

// Makes what is missing of `wanted`, on a token that the audit finds sound before and after.
Result<Audit> make_missing(Session& session, std::vector<KeyRef> wanted, const Audit& before,
                           const Profile& profile) {
    if (auto refused = refuse(before); !refused) return Fail{std::move(refused.error())};
    std::ranges::sort(wanted);
    wanted.erase(std::ranges::unique(wanted).begin(), wanted.end());
    std::erase_if(wanted, [&](KeyRef key) { return before.keys.contains(key); });
    for (const auto key : wanted)
        if (auto made = generate(session, key, profile); !made) return Fail{std::move(made.error())};
    auto after = audited(session, profile);
    if (!after) return after;
    if (auto refused = refuse(*after); !refused) return Fail{std::move(refused.error())};
    return after;
}

KeyReport report_of(KeyRef key, const FoundKey& found, const Audit& before) {
    return {key, common::crypto::to_hex(found.id), before.keys.contains(key) ? Made::kept : Made::made};
}

}  // namespace

TokenSetup setup_of(const Options& options) {
    return {.module = options.module,
            .token_label = options.token_label,
            .pin_file = options.pin_file,
            .fallback_tokens = options.fallback_tokens,
            .profile_file = options.profile_file,
            .directory = options.directory};
}

Result<std::vector<KeyReport>> make_keys(const TokenSetup& setup, const std::vector<KeyRef>& wanted,
                                         common::Metrics& metrics) {
    auto opened = open_token(setup, true, metrics);
    if (!opened) return Fail{std::move(opened.error())};
    const auto before = audited(*opened->session, opened->profile);
    if (!before) return Fail{before.error()};
    auto all = wanted;
    for (const auto& kind : all_kinds())
        if (!has_version(*before, kind.purpose)) all.push_back({kind.purpose, 1});
    const auto after = make_missing(*opened->session, std::move(all), *before, opened->profile);
    if (!after) return Fail{after.error()};
    std::vector<KeyReport> report;
    for (const auto& [key, entry] : after->keys)
        report.push_back(report_of(key, entry, *before));
    return report;
}

Result<KeyReport> make_key(const TokenSetup& setup, KeyRef key, common::Metrics& metrics) {
    auto opened = open_token(setup, true, metrics);
    if (!opened) return Fail{std::move(opened.error())};
    const auto before = audited(*opened->session, opened->profile);
    if (!before) return Fail{before.error()};
    const auto after = make_missing(*opened->session, {key}, *before, opened->profile);
    if (!after) return Fail{after.error()};
    const auto made = after->keys.find(key);
    if (made == after->keys.end())
        return Fail{
            Error::internal("the token does not show {} after it was made", {Safe::param(label_of(key))})};
    return report_of(key, made->second, *before);
}

namespace {

struct Doomed {
    std::unique_ptr<Session> session;  // on the key's token
    CK_OBJECT_HANDLE object = 0;
    std::string id;
};

// The one object of the label; no session when there is none.
Result<Doomed> find_doomed(std::unique_ptr<Session> session, const std::string& token, KeyRef key) {
    const auto label = label_of(key);
    std::vector<CK_OBJECT_HANDLE> found;
    if (auto done = session->find_by_label(label, found); !done.ok()) return Fail{error_of(done)};
    if (found.empty()) return Doomed{};
    if (found.size() > 1)
        return Fail{
            Error::internal("token {} has more than one object labelled {}; find out which is the "
                            "true one and remove the other by the HSM's own tools",
                            {Safe::param(token), Safe::param(label)})};
    Bytes id;
    if (auto done = session->read(found.front(), CKA_ID, id); !done.ok()) return Fail{error_of(done)};
    return Doomed{std::move(session), found.front(), common::crypto::to_hex(id)};
}

Status destroy(Doomed& doomed, KeyRef key) {
    auto& session = *doomed.session;
    const auto destroyed = session.module().call(
        "C_DestroyObject", [&](auto& f) { return f.C_DestroyObject(session.handle(), doomed.object); });
    if (!destroyed.ok()) return failed(destroyed);
    std::vector<CK_OBJECT_HANDLE> found;
    if (auto done = session.find_by_label(label_of(key), found); !done.ok()) return failed(done);
    if (found.empty()) return {};
    return Fail{
        Error::internal("the token still shows {} after its destruction", {Safe::param(label_of(key))})};
}

}  // namespace

Result<std::string> destroy_key(const TokenSetup& setup, KeyRef key, common::Metrics& metrics) {
    const auto pin = read_pin(setup.pin_file);
    if (!pin) return Fail{pin.error()};
    auto opened = begin(setup, metrics);
    if (!opened) return Fail{std::move(opened.error())};
    auto labels = setup.fallback_tokens;
    labels.push_back(setup.token_label);  // last: a second try after a failure still finds the key there
    std::vector<Doomed> all;
    for (const auto& label : labels) {
        const auto token = opened->module->find_token(label);
        if (!token) return Fail{token.error()};
        auto session = log_in(*opened->module, *token, *pin, true);
        if (!session) return Fail{std::move(session.error())};
        auto doomed = find_doomed(std::move(*session), label, key);
        if (!doomed) return Fail{std::move(doomed.error())};
        if (doomed->session) all.push_back(std::move(*doomed));
    }
    if (all.empty())
        return Fail{Error::internal("token {} has no key {}",
                                    {Safe::param(setup.token_label), Safe::param(label_of(key))})
                        .with_cause(common::Cause::not_found)};
    for (auto& doomed : all)
        if (auto done = destroy(doomed, key); !done) return Fail{std::move(done.error())};
    return all.back().id;
}

Result<Audit> audit_keys(const TokenSetup& setup, common::Metrics& metrics) {
    auto opened = open_token(setup, false, metrics);
    if (!opened) return Fail{std::move(opened.error())};
    return audited(*opened->session, opened->profile);
}

}  // namespace hsm
