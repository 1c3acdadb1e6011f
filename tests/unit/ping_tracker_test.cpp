#include "history/ping_tracker.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace memdb::history {
namespace {

constexpr WallTime kNoon = WallTime(std::chrono::sys_days{std::chrono::year{2026} / 11 / 26}) + 12h;

TEST(PingTracker, nothing_happened_is_nothing) {
    PingTracker tracker;
    EXPECT_TRUE(tracker.take(kNoon).empty());
    EXPECT_TRUE(tracker.look().empty());
    EXPECT_TRUE(tracker.take_all().empty());
}

TEST(PingTracker, a_minute_is_told_when_it_is_over) {
    PingTracker tracker;
    tracker.answered("demo", "a", 700us, kNoon + 1s);
    tracker.answered("demo", "a", 900us, kNoon + 59s);
    tracker.lost("demo", "a", kNoon + 30s);
    EXPECT_TRUE(tracker.take(kNoon + 59999ms).empty());
    EXPECT_EQ(tracker.look().size(), 1u) << "but can be looked at";
    const auto over = tracker.take(kNoon + 60s);
    ASSERT_EQ(over.size(), 1u);
    EXPECT_EQ(over[0].minute, kNoon);
    EXPECT_EQ(over[0].count, 2u);
    EXPECT_EQ(over[0].lost, 1u);
    EXPECT_EQ(over[0].min_us, 700);
    EXPECT_NEAR(static_cast<double>(over[0].p99_us.value()), 900, 23);
    EXPECT_TRUE(tracker.take(kNoon + 61s).empty()) << "told once";
}

TEST(PingTracker, who_was_not_asked_in_a_minute_is_not_told_and_later_forgotten) {
    PingTracker tracker;
    for (std::size_t i = 0; i < PingTracker::kNodeLimit; ++i) tracker.lost("demo", "n" + std::to_string(i), kNoon);
    tracker.answered("demo", "n7", 700us, kNoon + 60s);
    EXPECT_EQ(tracker.take(kNoon + 61s).size(), PingTracker::kNodeLimit);
    const auto second = tracker.take(kNoon + 120s);
    ASSERT_EQ(second.size(), 1u);
    EXPECT_EQ(second[0].node, "n7");
    EXPECT_EQ(second[0].lost, 0u) << "counted anew";
    for (std::size_t i = 0; i + 1 < PingTracker::kNodeLimit; ++i)
        tracker.lost("other", std::to_string(i), kNoon + 180s);
    EXPECT_EQ(tracker.look().size(), PingTracker::kNodeLimit - 1) << "those that are gone left their room";
}

TEST(PingTracker, nodes_of_other_names_find_room_in_the_next_minute) {
    PingTracker tracker;
    for (std::size_t i = 0; i < PingTracker::kNodeLimit; ++i) tracker.lost("demo", "n" + std::to_string(i), kNoon);
    for (std::size_t i = 0; i < PingTracker::kNodeLimit; ++i)
        tracker.lost("demo", "m" + std::to_string(i), kNoon + 60s);
    EXPECT_EQ(tracker.take(kNoon + 61s).size(), PingTracker::kNodeLimit);
    EXPECT_EQ(tracker.take(kNoon + 120s).size(), PingTracker::kNodeLimit);
}

TEST(PingTracker, who_finds_no_room_is_not_counted_and_finds_it_in_the_next_minute) {
    PingTracker tracker;
    for (std::size_t i = 0; i < PingTracker::kNodeLimit; ++i) tracker.lost("demo", "n" + std::to_string(i), kNoon);
    for (int i = 0; i < 3; ++i) tracker.lost("demo", "late", kNoon + 1s);
    tracker.answered("demo", "n3", 1ms, kNoon + 2s);  // those with room go on
    auto over = tracker.take(kNoon + 60s);
    EXPECT_EQ(over.size(), PingTracker::kNodeLimit);
    EXPECT_EQ(std::ranges::count(over, "late", &PingMinute::node), 0);
    EXPECT_EQ(std::ranges::count_if(over, [](const PingMinute& row) { return row.count == 1; }), 1);
    tracker.lost("demo", "late", kNoon + 61s);
    over = tracker.take(kNoon + 120s);
    ASSERT_EQ(over.size(), 1u);
    EXPECT_EQ(over[0].node, "late");
}

TEST(PingTracker, a_minute_that_was_taken_is_over_once) {
    PingTracker tracker;
    tracker.lost("demo", "a", kNoon);
    EXPECT_EQ(tracker.take(kNoon + 60s).size(), 1u);
    tracker.lost("demo", "a", kNoon + 61s);
    EXPECT_TRUE(tracker.take(kNoon + 119s).empty());
    const auto over = tracker.take(kNoon + 120s);
    ASSERT_EQ(over.size(), 1u);
    EXPECT_EQ(over[0].minute, kNoon + 60s);
}

TEST(PingTracker, a_minute_without_an_answer_has_losses_only) {
    PingTracker tracker;
    tracker.lost("demo", "a", kNoon);
    const auto over = tracker.take_all();
    ASSERT_EQ(over.size(), 1u);
    EXPECT_EQ(over[0].lost, 1u);
    EXPECT_FALSE(over[0].min_us || over[0].median_us || over[0].p99_us);
}

TEST(PingTracker, a_clock_set_back_closes_what_was_counted) {
    PingTracker tracker;
    tracker.answered("demo", "a", 1ms, kNoon);
    tracker.answered("demo", "a", 2ms, kNoon - 24h);
    const auto over = tracker.take(kNoon - 24h);
    ASSERT_EQ(over.size(), 1u);
    EXPECT_EQ(over[0].minute, kNoon);
    const auto rest = tracker.take_all();
    ASSERT_EQ(rest.size(), 1u);
    EXPECT_EQ(rest[0].minute, kNoon - 24h);
}

TEST(PingTracker, nodes_and_profiles_are_told_apart) {
    PingTracker tracker;
    tracker.answered("demo", "a", 1ms, kNoon);
    tracker.answered("prod", "a", 2ms, kNoon);
    tracker.answered("demo", "b", 3ms, kNoon);
    EXPECT_EQ(tracker.take_all().size(), 3u);
}

TEST(PingTracker, memory_is_bounded_however_many_nodes_there_are) {
    PingTracker tracker;
    for (std::size_t i = 0; i < PingTracker::kNodeLimit + 500; ++i)
        tracker.answered("demo", "node" + std::to_string(i), 1ms, kNoon);
    EXPECT_EQ(tracker.look().size(), PingTracker::kNodeLimit);
    for (int minute = 1; minute < 20; ++minute)
        for (std::size_t i = 0; i < PingTracker::kNodeLimit; i += 2)
            tracker.answered("demo", "node" + std::to_string(i), 1ms, kNoon + std::chrono::minutes(minute));
    EXPECT_LE(tracker.take_all().size(), 3 * PingTracker::kNodeLimit) << "nobody took them for 20 minutes";
}

}  // namespace
}  // namespace memdb::history
