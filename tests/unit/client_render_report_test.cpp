#include "client/render_report.hpp"

#include "client/html_text.hpp"
#include "client/render_report_chart.hpp"
#include "tests/support/snapshots.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <regex>

namespace memdb::client {
namespace {

using control::History;
using support::kSeenAt;
using support::snapshot_of;
using support::unreachable_profile;
using testing::HasSubstr;
using testing::Not;

std::tm utc(WallTime time) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
    std::tm out{};
    gmtime_r(&seconds, &out);
    return out;
}

History sample(const std::string& node = "demo-0001-001.demo.lab.memorydb.test") {
    History history;
    history.since = kSeenAt - 24h;
    history.until = kSeenAt;
    history.bucket_s = 240;
    history.profiles = {{"demo", 86'400'000, 86'000'000, 0, 1}};
    history.incidents = {{"demo", kSeenAt - 1h, kSeenAt - 50min, false, health::Verdict::unreachable, "port-filtered",
                          "6 of 6 nodes silent", health::Layer::tcp}};
    history.verdicts = {{"demo", health::Verdict::reachable, kSeenAt - 24h, kSeenAt - 1h, false},
                        {"demo", health::Verdict::unreachable, kSeenAt - 1h, kSeenAt - 50min, false}};
    history.findings = {{"demo", "port-filtered", health::Severity::error, health::Layer::tcp, "6 of 6 nodes silent",
                         kSeenAt - 1h, kSeenAt - 50min, false}};
    history.nodes = {{"demo", node, {kSeenAt - 24h, 100, 2, 400, 700, 21'000}, {}}};
    for (int i = 0; i < 100; ++i)
        if (i != 50)
            history.nodes[0].points.push_back({kSeenAt - 24h + i * Duration(4min), 48, i == 3, 400, 700, 2100});
    return history;
}

std::string page(const History& history, std::optional<std::string> only = {}) {
    control::ProfileView profile = unreachable_profile();
    profile.credential = support::whole_credential();
    profile.credential->rotate_at = kSeenAt - 24h;
    return render_report({history, snapshot_of({profile}), std::move(only), kSeenAt, "9.9"}, utc);
}

TEST(RenderReport, says_what_happened_when_and_who_made_it) {
    const std::string text = page(sample());
    for (const char* const part :
         {"<!doctype html>", "99.53 %", "port-filtered", "6 of 6 nodes silent", "2026-11-23 14:04:05", "10 min",
          "demo-0001-001", "median 0.7 ms, p99 up to 21.0 ms, 2 of 102 lost", "CN=client1.domain.tld", "6 days left",
          "rotation is due 2026-11-22", "revocation list", "server certificate", "memdbctl 9.9", "memdbd 0.1.0",
          "unreachable now", "(UTC)"})
        EXPECT_THAT(text, HasSubstr(part));
}

TEST(RenderReport, needs_nothing_from_elsewhere_and_lets_nothing_in) {
    const std::string text = page(sample());
    EXPECT_THAT(text, HasSubstr("default-src 'none'"));
    const std::regex loads("<script|<link|<img|<iframe|<object|@import|url\\(|https?://|javascript:| on[a-z]+=",
                           std::regex::icase);
    std::smatch found;
    EXPECT_FALSE(std::regex_search(text, found, loads)) << found.str();
}

TEST(RenderReport, every_text_of_others_is_escaped) {
    const std::string evil = "\"><script>alert('canary')</script><img src=x onerror=alert(1)>&";
    History history = sample(evil);
    history.profiles[0].profile = history.incidents[0].profile = history.verdicts[0].profile = evil;
    history.nodes[0].profile = history.findings[0].profile = evil;
    history.incidents[0].cause = history.incidents[0].summary = history.findings[0].code = evil;
    history.findings[0].summary = evil;
    control::ProfileView profile = unreachable_profile();
    profile.name = evil;
    profile.credential->subject = evil;
    control::Snapshot snapshot = snapshot_of({profile});
    snapshot.agent.version = evil;
    const std::string text = render_report({history, snapshot, evil, kSeenAt, evil}, utc);
    EXPECT_THAT(text, Not(HasSubstr("<script")));
    EXPECT_THAT(text, Not(HasSubstr("<img")));
    EXPECT_THAT(text, Not(HasSubstr("canary')")));
    EXPECT_THAT(text, HasSubstr("&lt;script&gt;alert(&#39;canary&#39;)"));
}

TEST(RenderReport, an_empty_history_is_a_page_too) {
    const History none{.since = kSeenAt - 1h, .until = kSeenAt};
    EXPECT_THAT(page(none), HasSubstr("None in this time."));
    EXPECT_THAT(render_report({none, snapshot_of({}), {}, kSeenAt, "9.9"}, utc), HasSubstr("There is no profile"));
}

TEST(RenderReport, one_profile_alone_leaves_the_others_out) {
    History history = sample();
    history.profiles.push_back({"prod", 1000, 1000, 0, 0});
    EXPECT_THAT(page(history), HasSubstr("<h2>prod"));
    EXPECT_THAT(page(history, "demo"), Not(HasSubstr("<h2>prod")));
}

TEST(RenderReport, a_gap_breaks_the_curve_and_a_loss_is_marked) {
    const History history = sample();
    const TimeAxis axis{history.since, history.until, utc};
    const std::string plot = latency_plot(history.nodes[0], 240, axis, latency_axis({&history.nodes[0]}));
    const auto count = [&](const std::string& what) {
        std::size_t n = 0;
        for (auto at = plot.find(what); at != std::string::npos; at = plot.find(what, at + 1)) ++n;
        return n;
    };
    EXPECT_EQ(count("class=\"median\""), 2u);
    EXPECT_EQ(count("class=\"loss\""), 1u);
    EXPECT_EQ(plot.find("nan"), std::string::npos);
}

TEST(RenderReport, a_short_failure_can_still_be_seen) {
    History history = sample();
    history.since = kSeenAt - 24h * 30;
    const std::string lane = verdict_lane(history, "demo", {history.since, history.until, utc});
    std::smatch found;
    ASSERT_TRUE(std::regex_search(lane, found,
                                  std::regex("rect class=\"unreachable\" x=\"[0-9.]+\" y=\"0\" width=\"([0-9.]+)\"")));
    EXPECT_GE(std::stod(found[1]), 2.5);
}

TEST(RenderReport, axes_have_round_ends_and_places_within) {
    control::NodeHistory node;
    node.total.min_us = 340;
    node.total.p99_us = 21'000;
    const LatencyAxis axis = latency_axis({&node});
    EXPECT_EQ(axis.low, 200);
    EXPECT_EQ(axis.high, 50'000);
    EXPECT_EQ(axis.place(200, 100), 100);
    EXPECT_EQ(axis.place(1e9, 100), 0);
    EXPECT_EQ(axis.ticks(), (std::vector<double>{1000, 10'000}));
    const TimeAxis time{kSeenAt, kSeenAt, utc};
    EXPECT_EQ(time.place(kSeenAt), 0) << "no division by nothing";
    EXPECT_FALSE(std::isnan(time.place(kSeenAt + 1h)));
}

TEST(HtmlText, numbers_have_a_point_and_no_tail) {
    EXPECT_EQ(number_text(12.5), "12.5");
    EXPECT_EQ(number_text(3), "3");
    EXPECT_EQ(number_text(-0.001), "0");
    EXPECT_EQ(html("a<b>&\"'\x01\n"), "a&lt;b&gt;&amp;&quot;&#39;? ");
}

}  // namespace
}  // namespace memdb::client
