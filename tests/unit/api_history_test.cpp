#include "control/api_history.hpp"

#include "control/control_handler.hpp"
#include "tests/support/got.hpp"
#include "tests/support/snapshots.hpp"

#include <gtest/gtest.h>

namespace memdb::control {
namespace {

using support::kSeenAt;
using tests::got;

History sample() {
    History history;
    history.since = kSeenAt - 24h;
    history.until = kSeenAt;
    history.bucket_s = 240;
    history.oldest = kSeenAt - 48h;
    history.dropped = 3;
    history.cut = true;
    history.profiles = {{"demo", 86'400'000, 86'000'000, 1000, 1}};
    history.incidents = {{"demo", kSeenAt - 1h, kSeenAt - 55min, false, health::Verdict::unreachable, "port-filtered",
                          "6 of 6 nodes \"silent\"", health::Layer::tcp},
                         {"demo", kSeenAt - 3h, kSeenAt, true, health::Verdict::connecting, {}, {}, {}}};
    history.verdicts = {{"demo", health::Verdict::reachable, kSeenAt - 24h, kSeenAt, true}};
    history.phases = {{"demo", "up", {}, kSeenAt - 24h, kSeenAt, false}, {"demo", "waiting", "wake", kSeenAt, kSeenAt}};
    history.findings = {{"", "disk-full", health::Severity::warning, health::Layer::agent, "full", kSeenAt, kSeenAt}};
    history.nodes = {{"demo",
                      "demo-0001-001",
                      {kSeenAt - 24h, 17280, 2, 400, 700, 2100},
                      {{kSeenAt - 24h, 48, 0, 400, 700, 900}, {kSeenAt - 23h, 0, 2, {}, {}, {}}}}};
    return history;
}

TEST(ApiHistory, text_and_back_is_the_same) {
    EXPECT_EQ(got(parse_history(to_json(sample()))), sample());
    History none;
    none.state = HistoryState::off;
    none.message = "keep = false";
    EXPECT_EQ(got(parse_history(to_json(none))), none);
    EXPECT_NE(to_json(sample()).find("\"reachable_ppm\":995370"), std::string::npos);
}

TEST(ApiHistory, a_wrong_type_names_the_field) {
    const auto wrong = parse_history(R"({"state":"on","since":"2026-01-01T00:00:00Z","until":"2026-01-01T00:00:00Z",)"
                                     R"("bucket_s":60,"dropped":0,"incidents":[{"profile":"a","began":7}]})");
    ASSERT_TRUE(wrong.has_error());
    EXPECT_EQ(wrong.error().message, "incidents[0].began: text expected");
    EXPECT_TRUE(parse_history("[]").has_error());
    EXPECT_TRUE(parse_history("{").has_error());
}

TEST(ApiHistory, since_is_a_time_with_a_unit_or_a_moment) {
    EXPECT_EQ(parse_since("90s"), HistorySince(Duration(90s)));
    EXPECT_EQ(parse_since("15m"), HistorySince(Duration(15min)));
    EXPECT_EQ(parse_since("24h"), HistorySince(Duration(24h)));
    EXPECT_EQ(parse_since("7d"), HistorySince(Duration(168h)));
    EXPECT_EQ(parse_since("2026-11-23T15:04:05.123Z"), HistorySince(kSeenAt));
    for (const char* const bad : {"", "24", "h", "0h", "-1h", "+1h", "1.5h", "24 h", "24hh", "367d", "999999999999999d",
                                  "2026-11-23", "2026-11-23T15:04:05+01:00", "yesterday"})
        EXPECT_FALSE(parse_since(bad)) << bad;
}

TEST(ApiHistory, a_query_is_taken_strictly) {
    EXPECT_EQ(got(parse_history_query("")), HistoryQuery{});
    EXPECT_EQ(got(parse_history_query("since=2h&profile=de%6Do&_=17&x")), (HistoryQuery{"demo", Duration(2h)}));
    EXPECT_EQ(got(parse_history_query("&&profile=a+b&")), (HistoryQuery{"a b", Duration(24h)}));
    for (const char* const bad : {"since=", "since", "since=24", "since=1h&since=2h", "profile=a&profile=b", "since=%",
                                  "since=%zz", "profile=%0a", "pro%1file=a"})
        EXPECT_EQ(parse_history_query(bad).error().code, Errc::bad_input) << bad;
}

TEST(ApiHistory, the_request_needs_the_right_to_read) {
    const Snapshot snapshot = support::snapshot_of({});
    const auto ask = [&](std::string_view target, Right right) { return handle({"GET", target, ""}, right, snapshot); };
    const Answer good = ask("/v1/history?since=1h&profile=gone", Right::read);
    ASSERT_TRUE(std::holds_alternative<Intent>(good)) << "of a profile that is no more, too";
    const auto& intent = std::get<HistoryIntent>(std::get<Intent>(good));
    EXPECT_EQ(intent.query, (HistoryQuery{"gone", Duration(1h)}));
    EXPECT_FALSE(is_control(std::get<Intent>(good)));
    EXPECT_EQ(std::get<Reply>(ask("/v1/history?since=soon", Right::control)).status, 400u);
    EXPECT_EQ(std::get<Reply>(ask("/v1/history", Right::none)).status, 403u);
}

TEST(ApiHistory, a_node_is_found_by_profile_and_name) {
    const History history = sample();
    ASSERT_NE(find_node(history, "demo", "demo-0001-001"), nullptr);
    EXPECT_EQ(find_node(history, "demo", "demo-0001-001")->total.median_us, 700);
    EXPECT_EQ(find_node(history, "prod", "demo-0001-001"), nullptr);
    EXPECT_EQ(find_node(history, "demo", "x"), nullptr);
}

}  // namespace
}  // namespace memdb::control
