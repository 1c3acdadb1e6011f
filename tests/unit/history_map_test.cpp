#include "history/history_map.hpp"

#include "history/retention_policy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace memdb::history {
namespace {

constexpr WallTime kBegin = WallTime(std::chrono::sys_days{std::chrono::year{2026} / 11 / 26});

PingMinute minute(int at, std::uint32_t count, std::int64_t median, std::uint32_t lost = 0) {
    PingMinute out{kBegin + std::chrono::minutes(at), "demo", "a", count, lost, {}, {}, {}};
    if (count > 0) {
        out.min_us = median / 2;
        out.median_us = median;
        out.p99_us = median * 2;
    }
    return out;
}

TEST(SeriesMaker, without_minutes_there_is_no_node) { EXPECT_TRUE(SeriesMaker(kBegin, 1min).finish().empty()); }

TEST(SeriesMaker, minutes_are_points_when_they_fit) {
    SeriesMaker maker(kBegin, 1min);
    maker.add(minute(0, 12, 700));
    maker.add(minute(1, 0, 0, 3));
    maker.add(minute(5, 12, 900));
    const auto nodes = maker.finish();
    ASSERT_EQ(nodes.size(), 1u);
    ASSERT_EQ(nodes[0].points.size(), 3u);
    EXPECT_EQ(nodes[0].points[0].median_us, 700);
    EXPECT_FALSE(nodes[0].points[1].median_us);
    EXPECT_EQ(nodes[0].points[1].lost, 3);
    EXPECT_EQ(nodes[0].points[2].at, kBegin + 5min);
    EXPECT_EQ(nodes[0].total.count, 24);
    EXPECT_EQ(nodes[0].total.lost, 3);
    EXPECT_EQ(nodes[0].total.min_us, 350);
    EXPECT_EQ(nodes[0].total.p99_us, 1800);
}

TEST(SeriesMaker, longer_buckets_weigh_medians_and_keep_peaks) {
    SeriesMaker maker(kBegin, 10min);
    for (int i = 0; i < 10; ++i) maker.add(minute(i, i == 7 ? 1 : 12, i == 7 ? 90'000 : 700));
    const auto nodes = maker.finish();
    ASSERT_EQ(nodes[0].points.size(), 1u);
    EXPECT_NEAR(static_cast<double>(nodes[0].points[0].median_us.value()), 700, 18);
    EXPECT_EQ(nodes[0].points[0].p99_us, 180'000);
}

TEST(SeriesMaker, a_minute_of_before_belongs_to_the_first_point) {
    SeriesMaker maker(kBegin + 30s, 1min);
    maker.add(minute(0, 12, 700));
    EXPECT_EQ(maker.finish()[0].points[0].at, kBegin + 30s);
}

TEST(HistoryMap, points_are_bounded_however_long_and_however_many_nodes) {
    EXPECT_EQ(bucket_for(1h, 6), 1min);
    EXPECT_EQ(bucket_for(0s, 0), 1min);
    for (const Duration asked : {Duration(24h), Duration(24h * 30), Duration(24h * 366)})
        for (const std::size_t nodes : {1u, 6u, 500u, 2000u}) {
            const auto points = static_cast<std::size_t>(asked / bucket_for(asked, nodes));
            EXPECT_LE(points, 360u);
            EXPECT_LE(points * nodes, kPointLimit) << nodes;
        }
}

TEST(HistoryMap, spans_become_views_in_order_of_time) {
    control::History history;
    history.since = kBegin;
    history.until = kBegin + 100s;
    Span late{.key = 2, .profile = "demo", .word = "unreachable", .began = kBegin + 50s, .ended = kBegin + 60s};
    Span early{.key = 1, .profile = "demo", .word = "reachable", .began = kBegin, .ended = kBegin + 50s, .open = false};
    Span before{.key = 3, .profile = "demo", .word = "reachable", .began = kBegin - 9s, .ended = kBegin - 5s};
    Span phase{.key = 4, .kind = SpanKind::phase, .profile = "demo", .word = "up", .began = kBegin, .ended = kBegin};
    Span finding{.key = 5, .kind = SpanKind::finding, .word = "disk-full", .began = kBegin, .ended = kBegin};
    add_spans(history, {late, early, before, phase, finding});
    ASSERT_EQ(history.verdicts.size(), 2u);
    EXPECT_EQ(history.verdicts[0].verdict, health::Verdict::reachable);
    EXPECT_FALSE(history.phases.at(0).cause);
    EXPECT_EQ(history.findings.at(0).profile, "");
    EXPECT_EQ(history.incidents.size(), 1u);
    EXPECT_FALSE(history.cut);
}

TEST(HistoryMap, too_many_spans_keep_the_newest_and_say_so) {
    control::History history;
    history.until = kBegin + 24h * 300;
    std::vector<Span> spans;
    for (std::size_t i = 0; i < kSpanLimit + 10; ++i)
        spans.push_back({.key = i + 1,
                         .profile = "demo",
                         .word = i % 2 == 0 ? "reachable" : "degraded",
                         .began = kBegin + i * Duration(2s),
                         .ended = kBegin + i * Duration(2s) + 2s});
    add_spans(history, spans);
    EXPECT_EQ(history.verdicts.size(), kSpanLimit);
    EXPECT_EQ(history.verdicts.back().began, spans.back().began);
    EXPECT_EQ(history.incidents.size(), kIncidentLimit);
    EXPECT_TRUE(history.cut);
}

TEST(HistoryMap, since_is_a_moment_or_a_time_and_never_ahead) {
    EXPECT_EQ(begin_of(Duration(1h), kBegin), kBegin - 1h);
    EXPECT_EQ(begin_of(kBegin - 5s, kBegin), kBegin - 5s);
    EXPECT_EQ(begin_of(kBegin + 5s, kBegin), kBegin);
}

TEST(RetentionPolicy, the_file_leaves_room_for_its_log) {
    EXPECT_EQ(page_limit({24h, 50 << 20}, 4096), (49 << 20) / 4096);
    EXPECT_EQ(page_limit({24h, 1 << 20}, 4096), (512 << 10) / 4096);
    EXPECT_GE(page_limit({24h, 0}, 4096), 32);
    EXPECT_FALSE(is_crowded(90, 100));
    EXPECT_TRUE(is_crowded(91, 100));
}

TEST(RetentionPolicy, age_removes_a_little_at_a_time) {
    const Retention month;
    EXPECT_EQ(cut_for_age(kBegin, kBegin + 24h * 31, month), kBegin + 24h);
    EXPECT_EQ(cut_for_age(kBegin, kBegin + 24h * 3000, month), kBegin + 24h * 3) << "a clock that was set far ahead";
    EXPECT_LT(cut_for_age(kBegin, kBegin + 24h, month), kBegin) << "nothing is old enough";
    EXPECT_GT(cut_for_space(kBegin, kBegin + 10h), kBegin + 2h);
    EXPECT_GT(cut_for_space(kBegin, kBegin), kBegin) << "and always something";
}

TEST(RetentionPolicy, the_newest_damaged_files_are_kept) {
    EXPECT_THAT(damaged_to_remove({"h-3", "h-1", "h-2"}, 2), testing::ElementsAre("h-1"));
    EXPECT_TRUE(damaged_to_remove({"h-3", "h-1"}, 2).empty());
    EXPECT_TRUE(damaged_to_remove({}, 2).empty());
}

}  // namespace
}  // namespace memdb::history
