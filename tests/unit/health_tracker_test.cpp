#include "health/health_tracker.hpp"

#include "health/finding_catalog.hpp"

#include <gtest/gtest.h>

namespace memdb::health {
namespace {

constexpr TimePoint t0{};
constexpr WallTime w0{};

Condition condition(std::string code) { return {std::move(code), "a sentence", "what was seen"}; }

TEST(HealthTracker, shows_at_once_what_the_catalogue_does_not_delay) {
    HealthTracker tracker;
    tracker.observe({condition("port-refused")}, t0, w0 + 7s);
    ASSERT_EQ(tracker.visible().size(), 1U);
    const Finding& finding = tracker.visible()[0];
    EXPECT_EQ(finding.code, "port-refused");
    EXPECT_EQ(finding.layer, Layer::tcp);
    EXPECT_EQ(finding.severity, Severity::error);
    EXPECT_EQ(finding.since, w0 + 7s);
    EXPECT_FALSE(finding.advice.empty());
}

TEST(HealthTracker, keeps_a_blip_from_people) {
    HealthTracker tracker;
    tracker.observe({condition("openvpn-crashed")}, t0, w0);
    EXPECT_TRUE(tracker.visible().empty());
    EXPECT_EQ(tracker.next_change(), t0 + 2s);
    tracker.observe({}, t0 + 1s, w0 + 1s);
    EXPECT_EQ(tracker.next_change(), std::nullopt);
    tracker.observe({condition("openvpn-crashed")}, t0 + 2s, w0 + 2s);  // another onset: counts from here
    EXPECT_TRUE(tracker.visible().empty());
    tracker.observe({condition("openvpn-crashed")}, t0 + 4s, w0 + 4s);
    ASSERT_EQ(tracker.visible().size(), 1U);
    EXPECT_EQ(tracker.visible()[0].since, w0 + 2s) << "since it began, not since it is visible";
}

TEST(HealthTracker, keeps_since_over_a_changed_sentence_and_forgets_what_ended) {
    HealthTracker tracker;
    tracker.observe({condition("auth-rejected")}, t0, w0);
    Condition changed = condition("auth-rejected");
    changed.summary = "two nodes now";
    tracker.observe({changed}, t0 + 5s, w0 + 5s);
    EXPECT_EQ(tracker.visible()[0].since, w0);
    EXPECT_EQ(tracker.visible()[0].summary, "two nodes now");
    tracker.observe({}, t0 + 6s, w0 + 6s);
    EXPECT_TRUE(tracker.visible().empty());
    tracker.observe({changed}, t0 + 9s, w0 + 9s);
    EXPECT_EQ(tracker.visible()[0].since, w0 + 9s);
}

TEST(HealthTracker, a_condition_may_have_an_advice_of_its_own) {
    HealthTracker tracker;
    Condition here = condition("dns-not-applied");
    here.advice = "install it";
    tracker.observe({here}, t0, w0);
    tracker.observe({here}, t0 + 2s, w0 + 2s);
    ASSERT_EQ(tracker.visible().size(), 1U);
    EXPECT_EQ(tracker.visible()[0].advice, "install it");
}

TEST(HealthTracker, a_condition_may_be_more_or_less_urgent_than_the_catalogue_says) {
    HealthTracker tracker;
    Condition ends = condition("client-cert-expiring");
    tracker.observe({ends}, t0, w0);
    EXPECT_EQ(tracker.visible()[0].severity, Severity::warning);
    for (const Severity severity : {Severity::info, Severity::warning, Severity::error}) {
        ends.severity = severity;
        tracker.observe({ends}, t0 + 1s, w0 + 1s);
        EXPECT_EQ(tracker.visible()[0].severity, severity);
        EXPECT_EQ(tracker.visible()[0].since, w0) << "it is still the same finding";
    }
}

TEST(HealthTracker, keeps_the_order_root_cause_first) {
    HealthTracker tracker;
    tracker.observe({condition("client-cert-expired"), condition("handshake-rejected")}, t0, w0);
    ASSERT_EQ(tracker.visible().size(), 2U);
    EXPECT_EQ(tracker.visible()[0].code, "client-cert-expired");
}

TEST(FindingCatalog, only_an_error_of_a_step_breaks_the_way) {
    const auto breaks = [](const char* code, Severity severity, Layer layer) {
        return breaks_the_way({code, severity, layer, "", "", "", {}});
    };
    EXPECT_TRUE(breaks("port-refused", Severity::error, Layer::tcp));
    EXPECT_TRUE(breaks("a-code-of-a-newer-agent", Severity::error, Layer::tcp));
    EXPECT_TRUE(breaks("client-cert-expired", Severity::error, Layer::handshake));
    EXPECT_FALSE(breaks("client-cert-expiring", Severity::error, Layer::handshake)) << "it still connects";
    EXPECT_FALSE(breaks("server-cert-expiring", Severity::error, Layer::handshake));
    EXPECT_FALSE(breaks("crl-expired", Severity::error, Layer::agent)) << "what the agent has may be an old copy";
    EXPECT_FALSE(breaks("tls-off", Severity::warning, Layer::tls));
}

TEST(FindingCatalog, has_each_code_once_in_kebab_case_with_advice) {
    for (const CatalogEntry& entry : catalog()) {
        EXPECT_EQ(find_entry(entry.code), &entry) << entry.code << " twice";
        EXPECT_EQ(entry.code.find_first_not_of("abcdefghijklmnopqrstuvwxyz-"), std::string_view::npos) << entry.code;
        EXPECT_FALSE(entry.advice.empty()) << entry.code;
        EXPECT_NE(entry.advice.back(), '.') << entry.code;
    }
    EXPECT_EQ(find_entry("no-such-code"), nullptr);
}

}  // namespace
}  // namespace memdb::health
