#include "app/look_pace.hpp"

#include <gtest/gtest.h>

namespace memdb::app {
namespace {

constexpr TimePoint t0{1000000s};

TEST(LookPace, at_first_everybody_looks) {
    const LookPace pace;
    EXPECT_LE(pace.next(), t0);
    EXPECT_FALSE(pace.is_fresh(t0, false));
    EXPECT_FALSE(pace.is_fresh(t0, true));
}

TEST(LookPace, what_has_changed_is_seen_at_once_where_looking_costs_nothing) {
    LookPace pace;
    pace.looked(t0, 999us);
    EXPECT_EQ(pace.next(), t0);
    EXPECT_FALSE(pace.is_fresh(t0, true));
}

TEST(LookPace, what_has_not_changed_is_shown_again_for_a_tenth_of_a_second) {
    LookPace pace;
    pace.looked(t0, 100us);
    EXPECT_TRUE(pace.is_fresh(t0 + 99ms, false));
    EXPECT_FALSE(pace.is_fresh(t0 + 100ms, false));
}

TEST(LookPace, looking_takes_a_fifth_of_the_time_at_most_and_no_change_waits_long) {
    LookPace pace;
    pace.looked(t0, 5ms);
    EXPECT_EQ(pace.next(), t0 + 20ms);
    EXPECT_TRUE(pace.is_fresh(t0 + 19ms, true));
    EXPECT_FALSE(pace.is_fresh(t0 + 20ms, true));
    pace.looked(t0, 1s);
    EXPECT_EQ(pace.next(), t0 + LookPace::kLongest);
}

}  // namespace
}  // namespace memdb::app
