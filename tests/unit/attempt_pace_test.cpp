#include "reach/attempt_pace.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace memdb::reach {
namespace {

constexpr TimePoint t0{1000000s};

std::vector<Duration> turns(AttemptPace& pace, int count, TimePoint at) {
    std::vector<Duration> all;
    for (int i = 0; i < count; ++i) {
        all.push_back(pace.next(at) - t0);
        pace.take(at);
    }
    return all;
}

TEST(AttemptPace, a_few_begin_at_once_and_then_one_after_the_other) {
    AttemptPace pace{2ms};
    const auto all = turns(pace, 1000, t0);
    EXPECT_EQ(std::ranges::count(all, 0ms), AttemptPace::kAtOnce);
    for (std::size_t i = AttemptPace::kAtOnce; i < all.size(); ++i) EXPECT_EQ(all[i] - all[i - 1], 2ms) << i;
}

TEST(AttemptPace, no_window_holds_more_than_it_may_whatever_comes_when) {
    AttemptPace pace{2ms};
    std::vector<Duration> all;
    for (int i = 0; i < 40; ++i)  // bursts of 50, 30 ms apart: more than the pace
        std::ranges::copy(turns(pace, 50, t0 + i * 30ms), std::back_inserter(all));
    std::ranges::sort(all);
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto in_100ms =
            std::ranges::upper_bound(all, all[i] + 99ms) - (all.begin() + static_cast<std::ptrdiff_t>(i));
        EXPECT_LE(in_100ms, AttemptPace::kAtOnce + 50) << all[i].count();
    }
}

TEST(AttemptPace, who_is_gone_before_its_turn_holds_nobody_up) {
    AttemptPace pace{2ms};
    (void)turns(pace, 1064, t0);
    EXPECT_EQ(pace.next(t0), t0 + 2002ms);
    for (int i = 0; i < 1000; ++i) pace.give_back();
    EXPECT_EQ(pace.next(t0), t0 + 2ms);
}

TEST(AttemptPace, it_forgets) {
    AttemptPace pace{2ms};
    (void)turns(pace, 64, t0);
    EXPECT_GT(pace.next(t0), t0);
    EXPECT_EQ(pace.next(t0 + 128ms), t0 + 128ms);
    EXPECT_EQ(std::ranges::count(turns(pace, 80, t0 + 128ms), 128ms), AttemptPace::kAtOnce);
}

// After a wake, what one PING answers decides whether a tunnel is kept: it must not wait for another profile's nodes.
TEST(AttemptShare, the_first_attempts_of_a_cluster_queue_behind_no_other_cluster) {
    AttemptPace lane{2ms};
    AttemptShare large, small;
    for (int i = 0; i < 2000; ++i) large.take(lane, t0);
    EXPECT_GT(large.next(lane, t0), t0 + 3s);
    for (int i = 0; i < AttemptShare::kFirst; ++i) {
        EXPECT_EQ(small.next(lane, t0), t0) << i;
        small.take(lane, t0);
    }
    EXPECT_GT(small.next(lane, t0), t0 + 3s) << "the others wait";
    EXPECT_EQ(large.next(lane, t0), small.next(lane, t0)) << "and what began at once is paid for";
    small.restart();
    EXPECT_EQ(small.next(lane, t0), t0);
}

}  // namespace
}  // namespace memdb::reach
