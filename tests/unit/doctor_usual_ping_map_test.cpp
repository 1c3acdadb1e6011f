#include "doctor/usual_ping_map.hpp"

#include <gtest/gtest.h>

namespace memdb::doctor {
namespace {

control::History with_medians(const std::vector<std::optional<std::int64_t>>& medians) {
    control::History history;
    for (const auto& each : medians) {
        control::NodeHistory node;
        node.total.median_us = each;
        history.nodes.push_back(node);
    }
    return history;
}

TEST(UsualPing, IsTheMedianOfTheNodesThatAnswered) {
    EXPECT_EQ(usual_ping(with_medians({900, 300, std::nullopt, 500})), Microseconds(500));
    EXPECT_EQ(usual_ping(with_medians({700})), Microseconds(700));
    EXPECT_EQ(usual_ping(with_medians({700, 900})), Microseconds(900)) << "of two the slower";
}

TEST(UsualPing, IsNothingWhereNothingAnswered) {
    EXPECT_EQ(usual_ping(with_medians({})), std::nullopt);
    EXPECT_EQ(usual_ping(with_medians({std::nullopt, std::nullopt})), std::nullopt);
}

}  // namespace
}  // namespace memdb::doctor
