#include "health/renewal_machine.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace memdb::health {
namespace {

constexpr TimePoint t0(1h);
constexpr Duration kWindow = 10min;
constexpr std::uint64_t kQuietFor2s = 2 * (kQuietBytes + 6 * kProbeBytes);  // with six nodes

RenewalInput seen(Duration left, std::optional<std::uint64_t> traffic) { return {left, kWindow, traffic, 6}; }

TEST(RenewalMachine, sleeps_until_the_window_begins) {
    const RenewalStep early = step({}, seen(24h, {}), t0);
    EXPECT_FALSE(early.renew);
    EXPECT_EQ(early.next_look, t0 + 24h - kWindow);
    const RenewalStep just_before = step({}, seen(kWindow + 1ms, 5), t0);
    EXPECT_FALSE(just_before.renew);
    EXPECT_EQ(just_before.next_look, t0 + 1ms);
    EXPECT_EQ(just_before.state, RenewalState{}) << "traffic before the window says nothing";
}

TEST(RenewalMachine, never_renews_without_a_window) {
    for (const Duration left : {Duration(24h), Duration(1s), Duration(-1s)}) {
        const RenewalStep off = step({}, {left, 0ms, 100, 6}, t0);
        EXPECT_FALSE(off.renew);
        EXPECT_FALSE(off.next_look);
    }
}

TEST(RenewalMachine, waits_for_two_quiet_seconds) {
    RenewalStep at = step({}, seen(kWindow, 1000), t0);
    EXPECT_FALSE(at.renew) << "one reading is no difference";
    EXPECT_EQ(at.next_look, t0 + kRenewalLook);
    at = step(at.state, seen(kWindow - 2s, 1000 + kQuietFor2s + 1), t0 + 2s);
    EXPECT_FALSE(at.renew);
    EXPECT_EQ(at.next_look, t0 + 4s);
    at = step(at.state, seen(kWindow - 4s, 1000 + 2 * kQuietFor2s + 1), t0 + 4s);
    EXPECT_TRUE(at.renew) << "exactly as much as our own probes and a little more";
    EXPECT_FALSE(at.next_look);
    EXPECT_EQ(at.state, RenewalState{}) << "the next session starts anew";
}

TEST(RenewalMachine, takes_a_look_in_between_for_none) {
    const RenewalStep first = step({}, seen(kWindow, 1000), t0);
    const RenewalStep between = step(first.state, seen(kWindow - 1s, 1000), t0 + 1999ms);
    EXPECT_FALSE(between.renew);
    EXPECT_EQ(between.state, first.state);
    EXPECT_EQ(between.next_look, t0 + 2s);
}

TEST(RenewalMachine, measures_over_the_time_that_has_passed) {
    const RenewalStep first = step({}, seen(kWindow, 1000), t0);
    EXPECT_TRUE(step(first.state, seen(kWindow - 8s, 1000 + 4 * kQuietFor2s), t0 + 8s).renew);
    EXPECT_FALSE(step(first.state, seen(kWindow - 8s, 1001 + 4 * kQuietFor2s), t0 + 8s).renew);
}

TEST(RenewalMachine, renews_a_busy_tunnel_a_minute_before_the_end) {
    RenewalState state;
    std::uint64_t traffic = 0;
    TimePoint now = t0;
    for (Duration left = kWindow;; left -= kRenewalLook, now += kRenewalLook) {
        const RenewalStep at = step(state, seen(left, traffic += 1'000'000), now);
        state = at.state;
        ASSERT_EQ(at.renew, left <= kRenewalAtLatest) << left.count();
        if (at.renew) break;
        ASSERT_TRUE(at.next_look);
        EXPECT_GT(*at.next_look, now);
    }
}

TEST(RenewalMachine, renews_at_once_when_it_slept_through_the_window_or_cannot_see_the_traffic) {
    EXPECT_TRUE(step({}, seen(-1h, 5), t0).renew);
    EXPECT_TRUE(step({}, seen(kRenewalAtLatest, 5), t0).renew);
    EXPECT_TRUE(step({}, seen(kWindow, {}), t0).renew);
    EXPECT_TRUE(step({}, {30s, 30s, 5, 6}, t0).renew) << "a window shorter than that minute";
    EXPECT_FALSE(step({}, {31s, 30s, 5, 6}, t0).renew);
}

TEST(RenewalMachine, counts_a_counter_that_began_anew_from_zero) {
    const RenewalStep first = step({}, seen(kWindow, 5'000'000), t0);
    EXPECT_TRUE(step(first.state, seen(kWindow - 2s, kQuietFor2s), t0 + 2s).renew);
    EXPECT_FALSE(step(first.state, seen(kWindow - 2s, kQuietFor2s + 1), t0 + 2s).renew);
}

TEST(RenewalMachine, always_plans_a_next_look_in_the_future_until_it_renews) {
    for (const Duration left : {Duration(-1s), Duration(1min), Duration(61s), Duration(10min), Duration(24h)})
        for (const Duration looked : {-5s, -2s, -1s, 0s})
            for (const std::optional<std::uint64_t>& traffic :
                 {std::optional<std::uint64_t>{}, {0}, {1000}, {9'000'000'000}}) {
                const RenewalStep at = step({t0 + looked, 1000}, seen(left, traffic), t0);
                EXPECT_NE(at.renew, at.next_look.has_value());
                if (at.next_look) {
                    EXPECT_GT(*at.next_look, t0);
                }
            }
}

}  // namespace
}  // namespace memdb::health
