// When the doctor may connect with the profile's certificate: never beside the agent's own attempt.
#include "doctor/trial_policy.hpp"

#include <gtest/gtest.h>

namespace memdb::doctor {
namespace {

constexpr std::string_view kPhases[] = {"stopped", "resolving", "starting", "handshaking", "up", "stopping",
                                        "waiting", "blocked",   "offline",  "parked",      ""};

template <class Visit>
void every_moment(Visit visit) {
    for (const std::string_view phase : kPhases)
        for (int bits = 0; bits < 8; ++bits)
            for (const Duration elapsed : {0ms, 9'999ms, 10'000ms, 11'000ms})
                visit({phase, (bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, elapsed, 10s});
}

TEST(DoctorTrial, NeverRunsBesideTheAgentsOwnAttempt) {
    every_moment([](const TrialMoment& moment) {
        if (!is_attempting(moment.phase)) return;
        const TrialStep step = next_trial_step(moment);
        EXPECT_NE(step, TrialStep::begin) << moment.phase;
        if (moment.is_running) {
            EXPECT_NE(step, TrialStep::wait) << moment.phase;
        }
    });
}

TEST(DoctorTrial, EndsInTimeAndWhenTheTunnelIsUp) {
    every_moment([](const TrialMoment& moment) {
        if (moment.phase != "up" && moment.elapsed < moment.limit) return;
        EXPECT_EQ(next_trial_step(moment), TrialStep::give_up) << moment.phase;
    });
}

TEST(DoctorTrial, IsBegunOnceAndOnlyOnce) {
    every_moment([](const TrialMoment& moment) {
        const TrialStep step = next_trial_step(moment);
        if (moment.is_running) {
            EXPECT_NE(step, TrialStep::begin);
        }
        if (!moment.is_running) {
            EXPECT_NE(step, TrialStep::call_off);
        }
    });
    EXPECT_EQ(next_trial_step({"stopped", true, false, false, 0ms, 10s}), TrialStep::begin);
    EXPECT_EQ(next_trial_step({"stopped", true, true, false, 1s, 10s}), TrialStep::wait);
}

TEST(DoctorTrial, TakesTheAgentsOwnResultForATrials) {
    EXPECT_EQ(next_trial_step({"handshaking", false, false, true, 1s, 10s}), TrialStep::wait);
    EXPECT_EQ(next_trial_step({"waiting", true, false, true, 2s, 10s}), TrialStep::give_up);
    EXPECT_EQ(next_trial_step({"waiting", false, false, true, 2s, 10s}), TrialStep::begin) << "it has told nothing";
    EXPECT_EQ(next_trial_step({"waiting", true, false, false, 2s, 10s}), TrialStep::begin) << "that is older";
}

TEST(DoctorTrial, AStoryOfAnAgentThatTriesMeanwhile) {
    EXPECT_EQ(next_trial_step({"waiting", false, false, false, 0ms, 10s}), TrialStep::begin);
    EXPECT_EQ(next_trial_step({"waiting", false, true, false, 200ms, 10s}), TrialStep::wait);
    EXPECT_EQ(next_trial_step({"starting", false, true, true, 400ms, 10s}), TrialStep::call_off);
    EXPECT_EQ(next_trial_step({"handshaking", false, false, true, 600ms, 10s}), TrialStep::wait);
    EXPECT_EQ(next_trial_step({"waiting", true, false, true, 8s, 10s}), TrialStep::give_up);
}

}  // namespace
}  // namespace memdb::doctor
