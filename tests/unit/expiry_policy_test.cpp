#include "health/expiry_policy.hpp"

#include <gtest/gtest.h>

namespace memdb::health {
namespace {

TEST(ExpiryPolicy, days_against_urgency_at_the_exact_boundaries) {
    using enum Severity;
    struct Row {
        Duration left;
        std::optional<Severity> certificate, crl;
    };
    const Row rows[] = {
        {365 * kDay, {}, {}},       {30 * kDay + 1ms, {}, {}},
        {30 * kDay, info, {}},      {14 * kDay + 1ms, info, {}},
        {14 * kDay, warning, info}, {7 * kDay + 1ms, warning, info},
        {7 * kDay, error, warning}, {1 * kDay + 1ms, error, warning},
        {1 * kDay, error, error},   {1ms, error, error},
        {0ms, error, error},        {-400 * kDay, error, error},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(urgency(row.left, kCertificateLevels), row.certificate) << row.left.count();
        EXPECT_EQ(urgency(row.left, kCrlLevels), row.crl) << row.left.count();
    }
}

TEST(ExpiryPolicy, time_is_told_in_the_unit_that_matters) {
    EXPECT_EQ(time_left_text(30 * kDay), "30 days left");
    EXPECT_EQ(time_left_text(2 * kDay - 1ms), "1 day left");
    EXPECT_EQ(time_left_text(kDay - 1ms), "23 h left");
    EXPECT_EQ(time_left_text(59min), "59 min left");
    EXPECT_EQ(time_left_text(0ms), "ended 0 min ago");
    EXPECT_EQ(time_left_text(-3 * kDay), "ended 3 days ago");
}

}  // namespace
}  // namespace memdb::health
