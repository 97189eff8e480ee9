#include "hsm/hsm.h"

#include "common/log.h"
#include "common/started.h"
#include "hsm/provider.h"

namespace hsm {
namespace {

using common::Cause;
using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
using common::SecretBytes;
using common::Task;
using common::crypto::Bytes;
using common::crypto::Digest;

constexpr std::size_t sealed_overhead = common::crypto::gcm_iv_size + common::crypto::gcm_tag_size;
constexpr std::size_t data_bytes_max = 64 * 1024;
constexpr std::size_t random_bytes_max = 4096;
Error error_for(const Provider::Outcome& outcome, KeyRef key) {
    if (outcome.missing)
        return Error::unavailable("HSM: there is no sound key {} on the token", Cause::unavailable,
                                  {Safe::param(label_of(key))});
    if (!outcome.usable && outcome.call.ok()) return Error::unavailable("HSM: the token cannot be used");
    return error_of(outcome.call);
}

// A key that was sealed wrong would be found out when all that it sealed is lost. So it is opened at once.
Call seal_and_read_back(Session& session, CK_OBJECT_HANDLE handle, std::span<const std::uint8_t> plain,
                        std::span<const std::uint8_t> aad, Bytes& sealed) {
    auto done = session.encrypt(handle, plain, aad, sealed);
    if (!done.ok()) return done;
    SecretBytes opened;
    done = session.decrypt(handle, sealed, aad, opened);
    if (done.ok() && !common::equal_in_constant_time(opened.bytes(), plain)) done.value = CKR_GENERAL_ERROR;
    if (trouble_of(done.value) == Trouble::data) done.value = CKR_GENERAL_ERROR;
    return done;
}

}  // namespace

struct Hsm::Impl {
    Impl(const Options& given, std::unique_ptr<Provider> started, common::Metrics& counted)
        : call_max{given.call_max},
          provider{std::move(started)},
          metrics{counted},
          pool{given.workers, given.queue_max} {}

    // Runs a blocking job on the pool and waits for it until the deadline, or call_max at most. The job is
    // not interrupted (a C_ function cannot be), so it owns all that it uses.
    template <class T, class Job>
    Task<T> call(Job job, common::Deadline deadline) {
        const auto until = deadline.at_most(call_max);
        common::Started<T> started{co_await boost::asio::this_coro::executor,
                                   pool.run(std::move(job), until)};
        auto result = co_await started.wait(until);
        if (!result && result.error().cause() == Cause::deadline_exceeded) {
            metrics.count("hsm_late_total");
            co_return Fail{Error::unavailable("HSM: no answer in time", Cause::deadline_exceeded)};
        }
        co_return result;
    }

    // For work that cannot fail because of its input: CKR_GENERAL_ERROR is the device's, and tried once more
    // after the token has begun again.
    template <class Run>
    Provider::Outcome run_twice(Run run) {
        auto outcome = run();
        for (const bool again : {true, false}) {
            const bool general =
                outcome.usable && !outcome.missing && trouble_of(outcome.call.value) == Trouble::general;
            if (!general) break;
            provider->device_failed(outcome.call);
            if (again) outcome = run();
        }
        return outcome;
    }
    Result<Bytes> seal_now(KeyRef key, std::span<const std::uint8_t> plain,
                           std::span<const std::uint8_t> aad);
    Result<SecretBytes> open_now(KeyRef key, std::span<const std::uint8_t> sealed,
                                 std::span<const std::uint8_t> aad);
    Result<std::vector<Digest>> macs_now(KeyRef key, const std::vector<SecretBytes>& data);
    Result<bool> test_now();
    bool canary_sings(KeyRef key);

    std::chrono::milliseconds call_max;
    std::unique_ptr<Provider> provider;
    common::Metrics& metrics;
    common::BlockingPool pool;  // last: its threads end before what they use
};

Result<Bytes> Hsm::Impl::seal_now(KeyRef key, std::span<const std::uint8_t> plain,
                                  std::span<const std::uint8_t> aad) {
    if (!kind_of(key.purpose).seals || plain.size() > data_bytes_max || aad.size() > data_bytes_max)
        return Fail{Error::internal("HSM: {} cannot seal this", {Safe::param(label_of(key))})};
    Bytes sealed;
    const auto outcome = run_twice([&] {
        return provider->with_key(key, [&](Session& session, CK_OBJECT_HANDLE handle) {
            return seal_and_read_back(session, handle, plain, aad, sealed);
        });
    });
    if (!outcome.ok()) return Fail{error_for(outcome, key)};
    return sealed;
}

Result<SecretBytes> Hsm::Impl::open_now(KeyRef key, std::span<const std::uint8_t> sealed,
                                        std::span<const std::uint8_t> aad) {
    const auto forged = [&] {
        metrics.count("hsm_integrity_failures_total");
        common::log::error("hsm_data_refused", {{"key", Safe::param(label_of(key))}});
        return Fail{
            Error::internal("HSM: data sealed by {} is corrupt or forged", {Safe::param(label_of(key))})
                .with_cause(Cause::integrity)};
    };
    if (!kind_of(key.purpose).seals || sealed.size() > data_bytes_max + sealed_overhead ||
        aad.size() > data_bytes_max)
        return Fail{Error::internal("HSM: {} cannot open this", {Safe::param(label_of(key))})};
    if (sealed.size() < sealed_overhead) return forged();
    SecretBytes plain;
    const auto outcome = provider->with_key(key, [&](Session& session, CK_OBJECT_HANDLE handle) {
        return session.decrypt(handle, sealed, aad, plain);
    });
    if (outcome.ok()) return plain;
    const auto trouble = trouble_of(outcome.call.value);
    if (outcome.usable && !outcome.missing && (trouble == Trouble::data || trouble == Trouble::general)) {
        // Many a module has one value for a bad tag and for a bad device: only data that must open tells them
        // apart. Without it one corrupt row would make the HSM look down to everyone.
        if (canary_sings(key)) return forged();
        provider->device_failed(outcome.call);
    }
    return Fail{error_for(outcome, key)};
}

Result<std::vector<Digest>> Hsm::Impl::macs_now(KeyRef key, const std::vector<SecretBytes>& data) {
    const auto too_long = [](const SecretBytes& each) { return each.size() > data_bytes_max; };
    if (kind_of(key.purpose).seals || data.size() > macs_max || std::ranges::any_of(data, too_long))
        return Fail{Error::internal("HSM: {} cannot sign this", {Safe::param(label_of(key))})};
    std::vector<Digest> digests(data.size());
    const auto outcome = run_twice([&] {
        return provider->with_key(key, [&](Session& session, CK_OBJECT_HANDLE handle) {
            Call done;
            for (std::size_t i = 0; i < data.size() && done.ok(); ++i)
                done = session.hmac(handle, data[i].bytes(), digests[i]);
            return done;
        });
    });
    if (!outcome.ok()) return Fail{error_for(outcome, key)};
    return digests;
}

// The key does what it did when the vault began.
bool Hsm::Impl::canary_sings(KeyRef key) {
    bool agrees = false;
    const auto outcome = provider->with_key(key, [&](Session& session, CK_OBJECT_HANDLE handle) {
        return provider->canaries().test(session, key, handle, agrees);
    });
    return outcome.ok() && agrees;
}

Result<bool> Hsm::Impl::test_now() {
    for (const auto key : provider->known_keys())
        if (!canary_sings(key))
            return Fail{Error::unavailable("HSM: {} does not do what it did before", Cause::unavailable,
                                           {Safe::param(label_of(key))})};
    return true;
}

Hsm::Hsm(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
Hsm::~Hsm() = default;

Result<std::unique_ptr<Hsm>> Hsm::open(Options options, std::vector<KeyRef> required,
                                       common::Metrics& metrics) {
    if (options.workers == 0 || options.workers > 64 || options.queue_max == 0)
        return Fail{Error::internal("HSM: workers must be 1 to 64, and the queue at least 1")};
    auto provider = Provider::start(options, std::move(required), metrics);
    if (!provider) return Fail{std::move(provider.error())};
    auto impl = std::make_unique<Impl>(options, std::move(*provider), metrics);
    return std::unique_ptr<Hsm>{new Hsm{std::move(impl)}};
}

Task<Bytes> Hsm::seal(KeyRef key, std::span<const std::uint8_t> plain, std::span<const std::uint8_t> aad,
                      common::Deadline deadline) {
    auto job = [impl = impl_.get(), key, held = SecretBytes::copy_of(plain),
                named = Bytes(aad.begin(), aad.end())] { return impl->seal_now(key, held.bytes(), named); };
    return impl_->call<Bytes>(std::move(job), deadline);
}

Task<SecretBytes> Hsm::open_sealed(KeyRef key, std::span<const std::uint8_t> sealed,
                                   std::span<const std::uint8_t> aad, common::Deadline deadline) {
    auto job = [impl = impl_.get(), key, held = Bytes(sealed.begin(), sealed.end()),
                named = Bytes(aad.begin(), aad.end())] { return impl->open_now(key, held, named); };
    return impl_->call<SecretBytes>(std::move(job), deadline);
}

Task<Digest> Hsm::mac(KeyRef key, SecretBytes data, common::Deadline deadline) {
    std::vector<SecretBytes> one;
    one.push_back(std::move(data));
    const auto digests = co_await macs(key, std::move(one), deadline);
    if (!digests) co_return Fail{digests.error()};
    co_return digests->front();
}

Task<std::vector<Digest>> Hsm::macs(KeyRef key, std::vector<SecretBytes> data, common::Deadline deadline) {
    auto job = [impl = impl_.get(), key, held = std::move(data)] { return impl->macs_now(key, held); };
    return impl_->call<std::vector<Digest>>(std::move(job), deadline);
}

Task<SecretBytes> Hsm::random(std::size_t size, common::Deadline deadline) {
    auto job = [impl = impl_.get(), size]() -> Result<SecretBytes> {
        if (size == 0 || size > random_bytes_max)
            return Fail{Error::internal("HSM: {} random bytes were asked for",
                                        {Safe::number(static_cast<std::int64_t>(size))})};
        SecretBytes drawn{size};
        const auto outcome = impl->run_twice([&] {
            return impl->provider->with_session(
                [&](Session& session) { return session.random(drawn.bytes()); });
        });
        if (!outcome.ok()) return Fail{error_for(outcome, {})};
        return drawn;
    };
    return impl_->call<SecretBytes>(std::move(job), deadline);
}

Task<bool> Hsm::self_test(common::Deadline deadline) {
    auto job = [impl = impl_.get()] { return impl->test_now(); };
    return impl_->call<bool>(std::move(job), deadline);
}

void Hsm::forget(KeyRef key) {
    impl_->provider->forget(key);
}

std::map<KeyRef, Bytes> Hsm::keys() const {
    return impl_->provider->known_ids();
}

Hsm::Health Hsm::health() const {
    return impl_->provider->health();
}

}  // namespace hsm
