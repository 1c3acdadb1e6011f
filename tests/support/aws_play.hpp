// Plays plans to their end on an account of aws_account.hpp, and holds every plan on the way against its invariants.
#pragma once

#include "tests/support/aws_account.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace memdb::tests {

using Planner = std::function<Plan(const Inventory&, const LocalState&)>;

inline Planner applying(const Wish& wish) {
    return
        [wish](const Inventory& account, const LocalState& local) { return plan_apply(wish, account, local, kToday); };
}

struct Played {
    Inventory account;
    LocalState local;
    std::vector<std::string> steps;  ///< what was done, by action
    std::string refusal;
};

/// Invariants of every plan.
inline void check(const Plan& plan, const Wish& wish, const Inventory& account) {
    if (!plan.refusal.empty()) return;
    EXPECT_TRUE(is_finished(plan) || next_step(plan) != nullptr || has_state(plan, StepState::waiting))
        << "nothing can be done next";
    for (const Step& step : plan.steps) {
        EXPECT_FALSE(step.what.empty());
        if (step.action == Action::authorize && !wish.internet) {
            EXPECT_NE(step.network, "0.0.0.0/0");
        }
        if (step.state == StepState::todo && is_remote(step.action)) {
            const Words words = step_words(step, wish, account, {"/c", "/k", "/ca"});
            ASSERT_GT(words.size(), 2u) << step.what;
            for (const auto& word : words) EXPECT_FALSE(word.empty()) << step.what;
        }
    }
}

/// Until it is finished, or `stop_after` steps were done.
inline Played play(const Planner& planner, const Wish& wish, Inventory account, LocalState local,
                   std::size_t stop_after = 100) {
    Played played{std::move(account), std::move(local), {}, {}};
    for (int turn = 0; turn < 200; ++turn) {
        const Plan plan = planner(played.account, played.local);
        check(plan, wish, played.account);
        played.refusal = plan.refusal;
        if (!plan.refusal.empty() || is_finished(plan) || played.steps.size() >= stop_after) return played;
        const Step* step = next_step(plan);
        if (step == nullptr) {
            settle(played.account);
            continue;
        }
        played.steps.emplace_back(to_string(step->action));
        const Step copy = *step;
        is_remote(copy.action) ? do_remote(played.account, played.local, copy, wish)
                               : do_local(played.local, copy, wish, played.account);
    }
    ADD_FAILURE() << "it does not come to an end";
    return played;
}

inline std::vector<std::string> texts(const Plan& plan, StepState state) {
    std::vector<std::string> lines;
    for (const Step& step : plan.steps)
        if (step.state == state)
            lines.push_back(std::string(to_string(step.action)) + " " + step.target + step.network);
    return lines;
}

}  // namespace memdb::tests
