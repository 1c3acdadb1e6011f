#include "history/ping_histogram.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace memdb::history {
namespace {

TEST(PingHistogram, an_empty_one_has_no_numbers) {
    const PingHistogram none;
    EXPECT_EQ(none.count(), 0u);
    EXPECT_FALSE(none.min());
    EXPECT_FALSE(none.quantile(0.5));
}

TEST(PingHistogram, one_value_is_every_number_exactly) {
    PingHistogram one;
    one.add(743);
    EXPECT_EQ(one.min(), 743);
    for (const double share : {0.0, 0.5, 0.99, 1.0}) EXPECT_EQ(one.quantile(share), 743) << share;
}

TEST(PingHistogram, quantiles_are_within_two_and_a_half_percent) {
    PingHistogram many;
    for (std::int64_t us = 1000; us <= 100'000; us += 10) many.add(us);
    for (const double share : {0.01, 0.25, 0.5, 0.9, 0.99}) {
        const double wanted = 1000 + share * 99'000, got = static_cast<double>(many.quantile(share).value());
        EXPECT_LT(std::abs(got - wanted) / wanted, 0.025) << share;
    }
    EXPECT_EQ(many.min(), 1000);
    EXPECT_LE(many.quantile(1.0).value(), 100'000);
}

TEST(PingHistogram, what_is_outside_the_scale_is_counted_at_its_ends) {
    PingHistogram odd;
    for (const std::int64_t us : {std::int64_t{-5}, std::int64_t{0}, std::int64_t{3}, std::int64_t{1} << 50})
        odd.add(us);
    EXPECT_EQ(odd.count(), 4u);
    EXPECT_EQ(odd.min(), 0);
    EXPECT_LE(odd.quantile(0.5).value(), 17);
    EXPECT_GT(odd.quantile(1.0).value(), 30'000'000);
}

TEST(PingHistogram, a_value_may_count_many_times) {
    PingHistogram heavy;
    heavy.add(1000, 99);
    heavy.add(50'000);
    heavy.add(1, 0);
    EXPECT_EQ(heavy.count(), 100u);
    EXPECT_NEAR(static_cast<double>(heavy.quantile(0.99).value()), 1000, 25);
    EXPECT_NEAR(static_cast<double>(heavy.quantile(0.995).value()), 50'000, 1250);
}

}  // namespace
}  // namespace memdb::history
