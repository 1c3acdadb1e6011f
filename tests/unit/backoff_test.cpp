#include "base/backoff.hpp"

#include <gtest/gtest.h>

#include <limits>

using namespace memdb;

namespace {

TEST(Backoff, makes_the_first_retry_at_once) {
    EXPECT_EQ(backoff_delay(0, 500ms, 60s, 1.0), 0ms);
    EXPECT_EQ(backoff_delay(1, 500ms, 60s, 1.0), 0ms);
}

TEST(Backoff, doubles_up_to_the_longest) {
    const Duration expected[] = {500ms, 1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s};
    for (unsigned attempt = 2; const Duration wait : expected)
        EXPECT_EQ(backoff_delay(attempt++, 500ms, 60s, 1.0), wait);
    EXPECT_EQ(backoff_delay(std::numeric_limits<unsigned>::max(), 500ms, 60s, 1.0), 60s);
}

TEST(Backoff, takes_the_whole_range_as_jitter_and_clamps_nonsense) {
    EXPECT_EQ(backoff_delay(4, 500ms, 60s, 0.0), 0ms);
    EXPECT_EQ(backoff_delay(4, 500ms, 60s, 0.25), 500ms);
    EXPECT_EQ(backoff_delay(4, 500ms, 60s, 7.0), 2s);
    EXPECT_EQ(backoff_delay(4, 500ms, 60s, -1.0), 0ms);
    EXPECT_EQ(backoff_delay(4, 500ms, 60s, std::numeric_limits<double>::quiet_NaN()), 0ms);
    EXPECT_EQ(backoff_delay(2, 5s, 1s, 1.0), 1s);
}

}  // namespace
