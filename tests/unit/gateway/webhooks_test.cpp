// The rules of webhooks that need neither a database nor a network.
#include <set>

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "gateway/events/render.h"
#include "gateway/webhooks/address_guard.h"
#include "gateway/webhooks/event_types.h"
#include "gateway/webhooks/schedule.h"
#include "gateway/webhooks/signature.h"
#include "gateway/webhooks/target.h"

namespace gateway::webhooks {
namespace {

using namespace std::chrono_literals;

// — signatures; the expected values were made with Python's hmac —

std::vector<common::SecretText> secrets_of(std::initializer_list<std::string_view> texts) {
    std::vector<common::SecretText> secrets;
    for (const auto text : texts)
        secrets.emplace_back(text);
    return secrets;
}

TEST(WebhookSignature, IsTheHmacOfTimeAndBodyUnderTheWholeSecret) {
    const auto secrets = secrets_of({"whsec_test_secret"});
    EXPECT_EQ(signature_header(1492774577, R"({"id":"evt_1"})", secrets),
              "t=1492774577,v1="
              "799c4ba7bb339f3c8601adfd112f0e477c930a268be1243d341abb8286501c2f");
}

TEST(WebhookSignature, IsMadeWithEachSecretThatIsValid) {
    const auto secrets = secrets_of({"whsec_test_secret", "whsec_older"});
    EXPECT_EQ(signature_header(1492774577, R"({"id":"evt_1"})", secrets),
              "t=1492774577,v1="
              "799c4ba7bb339f3c8601adfd112f0e477c930a268be1243d341abb8286501c2f"
              ",v1="
              "10750300dc408c69dff54cbfa390c6417beb2adbf19068ff0ed8a077db25cabf");
}

TEST(WebhookSignature, ChangesWithTimeBodyAndSecret) {
    const auto one = secrets_of({"whsec_a"}), other = secrets_of({"whsec_b"});
    const std::set<std::string> headers{signature_header(1, "2.x", one), signature_header(1, "2.y", one),
                                        signature_header(12, ".x", one), signature_header(1, "2.x", other)};
    EXPECT_EQ(headers.size(), 4U);
}

TEST(WebhookSecret, IsNewEachTime) {
    std::set<std::string> seen;
    for (int i = 0; i < 50; ++i) {
        const auto secret = new_secret();
        EXPECT_TRUE(secret.view().starts_with("whsec_"));
        EXPECT_EQ(secret.size(), 38U);
        seen.emplace(secret.view());
    }
    EXPECT_EQ(seen.size(), 50U);
}

// — the schedule —

TEST(WebhookSchedule, OfLiveModeGrowsToTwelveHoursAndEndsAfterThreeDays) {
    milliseconds since{0};
    std::vector<milliseconds> pauses;
    for (int made = 1; made < 100; ++made) {
        const auto pause = pause_before_next({.livemode = true, .made = made, .since_first = since}, 0);
        if (!pause) break;
        pauses.push_back(*pause);
        since += *pause;
    }
    EXPECT_EQ(pauses, (std::vector<milliseconds>{1min, 5min, 30min, 2h, 5h, 10h, 12h, 12h, 12h, 12h}));
    EXPECT_LE(since, 72h);
    EXPECT_GT(since, 60h);
}

TEST(WebhookSchedule, OfTestModeHasThreeTriesInAFewHours) {
    EXPECT_EQ(pause_before_next({.livemode = false, .made = 1}, 0), 5min);
    EXPECT_EQ(pause_before_next({.livemode = false, .made = 2}, 0), 2h);
    EXPECT_EQ(pause_before_next({.livemode = false, .made = 3}, 0), std::nullopt);
}

TEST(WebhookSchedule, IsStretchedByAFifthEitherWayAtMost) {
    const Tries first{.livemode = true};
    EXPECT_EQ(pause_before_next(first, -1), 48s);
    EXPECT_EQ(pause_before_next(first, 1), 72s);
    EXPECT_EQ(pause_before_next(first, -100), 48s);
    EXPECT_EQ(pause_before_next(first, 100), 72s);
    double least = 1, most = -1;
    for (int i = 0; i < 1000; ++i) {
        const auto jitter = random_jitter();
        least = std::min(least, jitter), most = std::max(most, jitter);
    }
    EXPECT_GE(least, -1);
    EXPECT_LT(least, -0.9);
    EXPECT_LE(most, 1);
    EXPECT_GT(most, 0.9);
}

TEST(WebhookSchedule, MakesNoTryBehindTheThirdDay) {
    EXPECT_TRUE(pause_before_next({.livemode = true, .made = 9, .since_first = 59h}, 0));
    EXPECT_FALSE(pause_before_next({.livemode = true, .made = 9, .since_first = 61h}, 0));
    EXPECT_FALSE(pause_before_next({.livemode = true, .made = 1, .since_first = 80h}, 0));
}

// — names of events —

TEST(WebhookEvents, AreKnownByTheirExactNamesOrByTheStar) {
    for (const auto* name : {"*", "payment_intent.succeeded", "charge.dispute.created", "account.updated",
                             "treasury.received_debit.created", "checkout.session.completed"})
        EXPECT_TRUE(is_known_event(name)) << name;
    for (const auto* name : {"", "**", "payment_intent.*", "payment_intent", "PAYMENT_INTENT.SUCCEEDED",
                             "payment_intent.succeeded ", "zebra.created"})
        EXPECT_FALSE(is_known_event(name)) << name;
}

TEST(WebhookEvents, AreWantedByTheirExactNamesOrByTheStar) {
    const std::vector<std::string> all{"*"}, two{"charge.failed", "charge.succeeded"}, nothing;
    EXPECT_TRUE(wants(all, "anything.at_all"));
    EXPECT_TRUE(wants(two, "charge.succeeded"));
    EXPECT_FALSE(wants(two, "charge.succeeded.again"));
    EXPECT_FALSE(wants(two, "charge"));
    EXPECT_FALSE(wants(nothing, "charge.succeeded"));
}

// — addresses —

struct AddressCase {
    const char* text;
    Reach reach;
};

TEST(WebhookAddresses, AreOpenOnlyWhereTheyLeadToTheInternet) {
    constexpr AddressCase cases[] = {
        {"1.1.1.1", Reach::open},
        {"8.8.8.8", Reach::open},
        {"9.255.255.255", Reach::open},
        {"11.0.0.0", Reach::open},
        {"100.63.255.255", Reach::open},
        {"100.128.0.0", Reach::open},
        {"126.255.255.255", Reach::open},
        {"128.0.0.1", Reach::open},
        {"169.253.255.255", Reach::open},
        {"172.15.255.255", Reach::open},
        {"172.32.0.0", Reach::open},
        {"192.0.1.0", Reach::open},
        {"192.167.255.255", Reach::open},
        {"198.20.0.0", Reach::open},
        {"223.255.255.255", Reach::open},
        {"0.0.0.0", Reach::nowhere},
        {"0.1.2.3", Reach::nowhere},
        {"10.0.0.1", Reach::inside},
        {"10.255.255.255", Reach::inside},
        {"100.64.0.1", Reach::inside},
        {"100.127.255.255", Reach::inside},
        {"127.0.0.1", Reach::inside},
        {"127.255.255.254", Reach::inside},
        {"169.254.169.254", Reach::nowhere},
        {"172.16.0.1", Reach::inside},
        {"172.31.255.255", Reach::inside},
        {"192.0.0.8", Reach::nowhere},
        {"192.0.2.1", Reach::nowhere},
        {"192.88.99.1", Reach::nowhere},
        {"192.168.0.1", Reach::inside},
        {"198.18.0.1", Reach::nowhere},
        {"198.19.255.255", Reach::nowhere},
        {"198.51.100.7", Reach::nowhere},
        {"203.0.113.7", Reach::nowhere},
        {"224.0.0.1", Reach::nowhere},
        {"239.255.255.255", Reach::nowhere},
        {"240.0.0.1", Reach::nowhere},
        {"255.255.255.255", Reach::nowhere},
        {"2606:4700:4700::1111", Reach::open},
        {"2001:4860:4860::8888", Reach::open},
        {"2a00:1450::1", Reach::open},
        {"::", Reach::nowhere},
        {"::1", Reach::inside},
        {"::2", Reach::nowhere},
        {"::127.0.0.1", Reach::nowhere},
        {"::ffff:127.0.0.1", Reach::nowhere},
        {"::ffff:8.8.8.8", Reach::nowhere},
        {"::ffff:0:127.0.0.1", Reach::nowhere},
        {"64:ff9b::7f00:1", Reach::nowhere},
        {"64:ff9b::808:808", Reach::nowhere},
        {"64:ff9b:1::1", Reach::nowhere},
        {"100::1", Reach::nowhere},
        {"2001::1", Reach::nowhere},
        {"2001:0:53aa:64c:0:0:0:1", Reach::nowhere},
        {"2001:10::1", Reach::nowhere},
        {"2001:20::1", Reach::nowhere},
        {"2001:db8::1", Reach::nowhere},
        {"2002:7f00:1::", Reach::nowhere},
        {"2002:a9fe:a9fe::1", Reach::nowhere},
        {"3fff::1", Reach::nowhere},
        {"5f00::1", Reach::nowhere},
        {"fc00::1", Reach::inside},
        {"fdff:ffff::1", Reach::inside},
        {"fe80::1", Reach::nowhere},
        {"febf::1", Reach::nowhere},
        {"fec0::1", Reach::nowhere},
        {"ff02::1", Reach::nowhere},
    };
    for (const auto& [text, reach] : cases)
        EXPECT_EQ(reach_of(boost::asio::ip::make_address(text)), reach) << text;
}

std::vector<boost::asio::ip::address> addresses(std::initializer_list<const char*> texts) {
    std::vector<boost::asio::ip::address> made;
    for (const auto* text : texts)
        made.push_back(boost::asio::ip::make_address(text));
    return made;
}

TEST(WebhookAddresses, AllHaveToPass) {
    const AddressGuard guard{false};
    EXPECT_TRUE(guard.lets_pass_all(addresses({"8.8.8.8", "2606:4700::1"})));
    EXPECT_FALSE(guard.lets_pass_all(addresses({"8.8.8.8", "127.0.0.1"})));
    EXPECT_FALSE(guard.lets_pass_all(addresses({"8.8.8.8", "::ffff:127.0.0.1"})));
    EXPECT_FALSE(guard.lets_pass_all({}));
}

TEST(WebhookAddresses, InsideAreForTheOperatorToAllowAndMetadataIsNot) {
    const AddressGuard guard{true};
    EXPECT_TRUE(guard.lets_pass_all(addresses({"127.0.0.1", "::1", "10.1.2.3", "fd00::1", "8.8.8.8"})));
    EXPECT_FALSE(guard.lets_pass_all(addresses({"169.254.169.254"})));
    EXPECT_FALSE(guard.lets_pass_all(addresses({"::ffff:169.254.169.254"})));
    EXPECT_FALSE(guard.lets_pass_all(addresses({"0.0.0.0"})));
}

TEST(WebhookAddresses, OfThisMachineCountAsInside) {
    const AddressGuard guard{false, addresses({"8.8.8.8"})};
    EXPECT_FALSE(guard.lets_pass_all(addresses({"8.8.8.8"})));
    EXPECT_TRUE(guard.lets_pass_all(addresses({"8.8.4.4"})));
    const AddressGuard generous{true, addresses({"8.8.8.8"})};
    EXPECT_TRUE(generous.lets_pass_all(addresses({"8.8.8.8"})));
    EXPECT_FALSE(addresses_of_this_machine().empty());
}

// — the event object —

TEST(WebhookBody, IsTheEventObject) {
    Event event;
    event.id = "evt_1";
    event.sequence = 7;
    event.created = 1790000000;
    event.type = "customer.updated";
    event.api_version = "2026-10-28.endive";
    event.object = {{"id", "cus_1"}};
    event.previous = boost::json::object{{"email", nullptr}};
    event.request_id = "req_1";
    EXPECT_EQ(boost::json::serialize(render_event(event, 2)),
              R"({"id":"evt_1","object":"event","api_version":"2026-10-28.endive","created":1790000000,)"
              R"("data":{"object":{"id":"cus_1"},"previous_attributes":{"email":null}},"livemode":false,)"
              R"("pending_webhooks":2,"request":{"id":"req_1","idempotency_key":null},"sequence":7,)"
              R"("type":"customer.updated"})");
}

// — URLs —

constexpr const char* good_urls[] = {
    "https://example.com",
    "https://example.com/hook",
    "https://example.com:443/hook?a=b&c=%20",
    "https://example.com:8443/",
    "HTTPS://Example.COM/Hook",
    "https://sub_domain.xn--bcher-kva.example/",
    "https://8.8.8.8/hook",
    "https://[2606:4700:4700::1111]:8443/hook",
    "https://1.example.com/",
    "https://example.com/a//b/../c;d@e:f",
};

constexpr const char* bad_urls[] = {
    "",
    "example.com/hook",
    "//example.com/hook",
    "/hook",
    "https:",
    "https://",
    "https:///hook",
    "https:example.com",
    "http://example.com/hook",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "javascript:alert(1)",
    "https://user@example.com/",
    "https://user:pass@example.com/",
    "https://@example.com/",
    "https://example.com@127.0.0.1/",
    "https://example.com\\@127.0.0.1/",
    "https://example.com#@127.0.0.1/",
    "https://example.com/#fragment",
    "https://example.com:80/",
    "https://example.com:22/",
    "https://example.com:0/",
    "https://example.com:/",
    "https://example.com:65536/",
    "https://example.com:99999999999/",
    "https://example.com:-1/",
    "https://example.com:443x/",
    "https://[2606:4700::1]x/",
    "https://example.com:443@evil.example/",
    "https://exam ple.com/",
    " https://example.com/",
    "https://example.com/\t",
    "https://example.com/\r\nHost: other",
    "https://ex%61mple.com/",
    "https://127%2e0.0.1/",
    "https://b\u00fccher.example/",
    "https://example.com./",
    "https://.example.com/",
    "https://example..com/",
    "https://-example.com/",
    "https://example.com,evil.example/",
    "https://localhost/",
    "https://LOCALHOST:8443/",
    "https://app.localhost/",
    "https://printer.local/",
    "https://metadata.google.internal/",
    "https://intranet/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://127.0.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0177.1/",
    "https://0177.0.0.01/",
    "https://017700000001/",
    "https://127.0.0.0x1/",
    "https://256.256.256.256/",
    "https://1.2.3.4.5/",
    "https://0/",
    "https://0.0.0.0/",
    "https://10.0.0.8/",
    "https://172.16.5.4/",
    "https://192.168.1.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[::]/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b::127.0.0.1]/",
    "https://[2002:7f00:1::]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fd00::1]/",
    "https://[ff02::1]/",
    "https://[v1.a:b]/",
    "https://[::1/",
};

TEST(WebhookUrls, OfHostsOnTheInternetAreTaken) {
    for (const auto* url : good_urls)
        EXPECT_TRUE(parse_target(url, true, {})) << url;
}

TEST(WebhookUrls, OfAnythingElseAreRefusedByCodeAndParameter) {
    for (const auto* url : bad_urls) {
        const auto refused = parse_target(url, true, {});
        ASSERT_FALSE(refused) << url;
        EXPECT_EQ(refused.error().status(), 400) << url;
        EXPECT_EQ(refused.error().code(), "url_invalid") << url;
        EXPECT_EQ(refused.error().param(), "url") << url;
    }
    EXPECT_TRUE(parse_target("https://example.com/" + std::string(url_size_max - 20, 'a'), true, {}));
    EXPECT_FALSE(parse_target("https://example.com/" + std::string(url_size_max - 19, 'a'), true, {}));
}

TEST(WebhookUrls, AreTakenApartOnce) {
    const auto target = parse_target("https://Example.com:8443/Hook%20a?b=c#", true, {});
    EXPECT_FALSE(target) << "an empty fragment is one";
    const auto plain = parse_target("https://Example.com:8443/Hook%20a?b=c", true, {}).value();
    EXPECT_TRUE(plain.tls);
    EXPECT_EQ(plain.host, "example.com");
    EXPECT_EQ(plain.host_field(), "example.com:8443");
    EXPECT_EQ(plain.port, 8443);
    EXPECT_EQ(plain.path, "/Hook%20a?b=c");
    EXPECT_FALSE(plain.address);
    const auto query = parse_target("https://example.com?b=c", true, {}).value();
    EXPECT_EQ(query.path, "/?b=c");
    EXPECT_EQ(query.host_field(), "example.com");
    const auto six = parse_target("https://[2606:4700:0:0::1111]/", true, {}).value();
    EXPECT_EQ(six.host, "2606:4700::1111");
    EXPECT_EQ(six.host_field(), "[2606:4700::1111]");
    EXPECT_TRUE(six.address);
}

TEST(WebhookUrls, MayBePlainHttpInTestModeWhereTheOperatorAllowsIt) {
    UrlRules rules;
    rules.ports = {80, 443};
    EXPECT_FALSE(parse_target("http://example.com/", false, rules));
    rules.plain_http = true;
    const auto target = parse_target("http://example.com/", false, rules);
    ASSERT_TRUE(target);
    EXPECT_FALSE(target->tls);
    EXPECT_EQ(target->port, 80);
    EXPECT_EQ(target->host_field(), "example.com");
    EXPECT_FALSE(parse_target("http://example.com/", true, rules));
}

TEST(WebhookUrls, MayLeadInsideAndToAnyPortWhereTheOperatorAllowsIt) {
    const UrlRules sandbox{.plain_http = true, .private_addresses = true, .ports = {}};
    for (const auto* url : {"http://localhost:4242/webhook", "http://127.0.0.1:3000/", "http://[::1]:3000/",
                            "https://10.1.2.3:9443/", "http://receiver:8080/", "https://app.localhost/"})
        EXPECT_TRUE(parse_target(url, false, sandbox)) << url;
    for (const auto* url : {"http://169.254.169.254/", "http://[::ffff:127.0.0.1]/", "http://0.0.0.0:3000/",
                            "http://2130706433:3000/", "http://127.1/", "http://user@localhost/"})
        EXPECT_FALSE(parse_target(url, false, sandbox)) << url;
}

}  // namespace
}  // namespace gateway::webhooks
