#include "app/rotation_map.hpp"

#include "keys/rotation_policy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace memdb::app {
namespace {

using keys::RotationPhase;
using keys::RotationState;

const WallTime kWall{std::chrono::days{20'000}};

RotationState state_in(RotationPhase phase) {
    RotationState s;
    s.phase = phase;
    s.generation = 3;
    s.from = 2;
    s.common_name = "laptop-3";
    s.reason = "due";
    s.started_at = kWall;
    s.steps = {{keys::RotationStepKind::requested, kWall, 0ms}, {keys::RotationStepKind::checked, kWall + 1s, 1s}};
    s.message = "because";
    return s;
}

TEST(RotationMap, shows_everything_and_nothing_before_the_first) {
    EXPECT_FALSE(rotation_view(RotationState{}));
    const auto view = rotation_view(state_in(RotationPhase::confirming));
    ASSERT_TRUE(view);
    EXPECT_EQ(view->phase, "confirming");
    EXPECT_EQ(view->generation, 3u);
    EXPECT_EQ(view->from, 2u);
    EXPECT_EQ(view->common_name, "laptop-3");
    EXPECT_EQ(view->reason, "due");
    EXPECT_EQ(view->message, "because");
    EXPECT_EQ(view->started_at, kWall);
    ASSERT_EQ(view->steps.size(), 2u);
    EXPECT_EQ(view->steps[1].step, "checked");
    EXPECT_EQ(view->steps[1].at, kWall + 1s);
    EXPECT_EQ(view->steps[1].after_ms, 1000);

    RotationState bare;
    bare.phase = RotationPhase::failed;
    const auto empty = rotation_view(bare);
    EXPECT_FALSE(empty->from || empty->reason || empty->message);
}

std::string codes(const std::vector<health::Condition>& conditions) {
    std::string out;
    for (const health::Condition& condition : conditions) out += condition.code + " ";
    return out;
}

TEST(RotationMap, tells_of_what_failed_and_of_what_is_overdue) {
    for (const RotationPhase phase : keys::kRotationPhases) {
        const RotationState s = state_in(phase);
        const bool bad = phase == RotationPhase::failed || phase == RotationPhase::reverted;
        const std::string failed = bad ? "rotation-failed " : "";
        const std::string overdue = is_busy(phase) ? "" : "rotation-overdue ";
        const WallTime late = kWall + keys::kRotationGrace;
        EXPECT_EQ(codes(rotation_conditions(s, kWall, true, late)), failed + overdue) << to_string(phase);
        EXPECT_EQ(codes(rotation_conditions(s, kWall, true, late - 1s)), failed) << to_string(phase);
        EXPECT_EQ(codes(rotation_conditions(s, kWall, false, late)), failed) << "nobody signs";
        EXPECT_EQ(codes(rotation_conditions(s, {}, true, late)), failed) << "never due";
    }
}

TEST(RotationMap, says_which_key_and_why) {
    const auto told = [](const RotationState& s) { return rotation_conditions(s, {}, true, kWall).at(0).summary; };
    EXPECT_EQ(told(state_in(RotationPhase::failed)), "the rotation to key 3 (laptop-3) failed");
    EXPECT_EQ(told(state_in(RotationPhase::reverted)), "the rotation to key 3 (laptop-3) was taken back");
    RotationState keyless = state_in(RotationPhase::failed);
    keyless.generation = 0;
    EXPECT_EQ(told(keyless), "the rotation to a new key (laptop-3) failed");
    keyless.common_name.clear();
    EXPECT_EQ(told(keyless), "the rotation to a new key failed");
    EXPECT_EQ(rotation_conditions(state_in(RotationPhase::failed), {}, true, kWall).at(0).evidence, "because");
}

}  // namespace
}  // namespace memdb::app
