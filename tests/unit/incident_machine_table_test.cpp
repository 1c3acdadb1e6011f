// Every input in every state that the incident machine can be in. Its stories are in incident_machine_test.cpp.
#include "health/incident_machine.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace memdb::health {
namespace {

constexpr TimePoint now(1h);
constexpr TimePoint kLongUp = now - 100s, kJustUp = now - 1s;
using Actions = std::vector<IncidentAction>;

bool holds(const Actions& actions, IncidentAction action) { return std::ranges::count(actions, action) > 0; }

std::vector<IncidentInput> all_inputs() {
    std::vector<IncidentInput> out;
    struct Tunnel {
        bool waiting;
        std::optional<TimePoint> up_since;
    };
    for (const Tunnel& tunnel : {Tunnel{false, {}}, Tunnel{true, {}}, Tunnel{false, kJustUp}, Tunnel{false, kLongUp}})
        for (const std::optional<TimePoint>& silent : {std::optional<TimePoint>{}, {now}, {now - 2s}, {now - 30s}})
            for (const bool any_ok : {false, true})
                for (const std::optional<std::uint64_t>& received : {std::optional<std::uint64_t>{}, {40}, {50}, {60}})
                    for (const std::size_t addresses : {0U, 1U, 2U})
                        out.push_back({tunnel.waiting, tunnel.up_since, silent, any_ok, received, addresses});
    return out;
}

/// What only has a meaning while no node answers.
std::vector<IncidentState> silent_states() {
    std::vector<IncidentState> out;
    for (const Duration quiet_for : {0ms, 2000ms, 20000ms, 200000ms})
        for (const bool asking : {false, true})
            for (const std::optional<bool>& answers : {std::optional<bool>{}, {true}, {false}})
                for (const Duration ask_in : {-1ms, 0ms, 3000ms})
                    for (const Duration begun_before : {0ms, 6000ms})
                        for (const bool is_known : {false, true}) {
                            IncidentState state;
                            state.quiet_since = now - quiet_for;
                            state.asking = asking;
                            state.server_answers = answers;
                            state.ask_at = now + ask_in;
                            state.begun = *state.quiet_since - begun_before;
                            if (is_known) state.received = 50;
                            out.push_back(state);
                        }
    return out;
}

std::vector<IncidentState> all_states() {
    std::vector<IncidentState> bare = silent_states();
    bare.emplace_back();
    for (const Duration knock_in : {-1ms, 0ms, 3000ms})
        for (const bool asking : {false, true}) {
            IncidentState state;
            state.knock_at = now + knock_in;
            state.asking = asking;
            bare.push_back(state);
        }
    std::vector<IncidentState> out;
    for (IncidentState state : bare)
        for (const bool spent : {false, true})
            for (const std::optional<TimePoint>& given_up : {std::optional<TimePoint>{}, {kLongUp}, {kJustUp}}) {
                state.second_opinion_spent = spent;
                state.given_up = given_up;
                out.push_back(state);
            }
    return out;
}

void check_observed(const IncidentState& before, const IncidentInput& seen, const IncidentStep& step) {
    const IncidentState& after = step.state;
    const bool forgets = holds(step.actions, IncidentAction::forget_question);
    const auto questions = std::ranges::count(step.actions, IncidentAction::ask_server) +
                           std::ranges::count(step.actions, IncidentAction::knock);
    EXPECT_LE(questions, before.asking && !forgets ? 0 : 1) << "two questions at once";
    EXPECT_EQ(after.asking, questions > 0 || (before.asking && !forgets));
    if (forgets) {
        EXPECT_TRUE(before.asking);
        EXPECT_EQ(step.actions.front(), IncidentAction::forget_question) << "it would take the new one along";
    }
    const bool silent = seen.up_since && seen.silent_since;
    EXPECT_EQ(after.quiet_since.has_value(), silent);
    EXPECT_EQ(after.begun.has_value(), silent);
    EXPECT_EQ(after.knock_at.has_value(), !seen.up_since && seen.waiting);
    if (after.quiet_since) {
        EXPECT_GE(*after.quiet_since, *seen.up_since) << "of another tunnel";
        EXPECT_TRUE(after.ask_at) << "asked again and again";
    }
    const bool is_same = silent && before.quiet_since && *before.quiet_since >= *seen.up_since;
    if (is_same && before.received && seen.received > before.received) {
        EXPECT_EQ(after.quiet_since, now) << "something came through";
        EXPECT_EQ(after.begun, before.begun);
        EXPECT_NE(after.server_answers, false) << "it belongs to another moment";
        EXPECT_EQ(after.server_answers == true, before.server_answers == true);
        EXPECT_FALSE(after.asking) << "it belongs to another moment";
    } else if (is_same) {
        EXPECT_EQ(after.quiet_since, before.quiet_since);
        EXPECT_EQ(after.begun, before.begun);
        EXPECT_EQ(after.server_answers, before.server_answers);
    }
    if (!silent) {
        EXPECT_FALSE(after.server_answers || after.ask_at || after.received);
        EXPECT_FALSE(holds(step.actions, IncidentAction::ask_server));
        EXPECT_FALSE(holds(step.actions, IncidentAction::check_openvpn));
        EXPECT_EQ(after.asking && !seen.waiting, false);
    }
    EXPECT_FALSE(holds(step.actions, IncidentAction::give_up));
    EXPECT_FALSE(holds(step.actions, IncidentAction::try_other_address));
    EXPECT_EQ(after.given_up, before.given_up);
}

void check_next_look(const IncidentState& state, const IncidentInput& seen) {
    const auto look = next_look(state, seen, now);
    if (look) {
        EXPECT_GT(*look, now) << "a look that is due already is a hot loop";
    }
    if (!state.asking && (state.quiet_since || state.knock_at)) {
        ASSERT_TRUE(look) << "nobody would ask again";
        EXPECT_LE(*look, now + kAskAgain);
    }
}

void check_remedy(const IncidentState& before, const IncidentInput& seen, Remedy remedy) {
    const IncidentStep step = remedy_due(before, seen, remedy, now);
    if (step.actions.empty()) {
        EXPECT_EQ(step.state, before);
        return;
    }
    ASSERT_EQ(step.actions.size(), 1U);
    ASSERT_TRUE(seen.up_since && seen.silent_since && before.quiet_since) << "some node answers";
    EXPECT_NE(remedy, Remedy::none);
    EXPECT_GE(now, *seen.up_since + kGrace);
    EXPECT_NE(before.given_up, seen.up_since) << "once for each tunnel";
    const bool restarts = step.actions[0] == IncidentAction::give_up;
    EXPECT_EQ(restarts, remedy == Remedy::restart);
    if (!restarts) {
        EXPECT_EQ(step.actions[0], IncidentAction::try_other_address);
        EXPECT_GE(seen.addresses, 2U);
        EXPECT_FALSE(before.second_opinion_spent);
        EXPECT_GE(now, *before.quiet_since + kSecondOpinion);
        EXPECT_TRUE(step.state.second_opinion_spent);
    }
    for (const Remedy again : {Remedy::restart, Remedy::other_address})
        EXPECT_TRUE(remedy_due(step.state, seen, again, now + 1h).actions.empty()) << "once for each tunnel";
}

TEST(IncidentTable, every_input_in_every_state_keeps_the_rules) {
    const auto inputs = all_inputs();
    const auto states = all_states();
    int remedies = 0;
    for (const IncidentState& state : states)
        for (const IncidentInput& seen : inputs) {
            const IncidentStep step = observe(state, seen, now);
            check_observed(state, seen, step);
            check_next_look(step.state, seen);
            const IncidentStep again = observe(step.state, seen, now);
            EXPECT_TRUE(again.actions.empty()) << "looking twice is asking twice";
            EXPECT_EQ(again.state, step.state);
            for (const Remedy remedy : {Remedy::none, Remedy::restart, Remedy::other_address}) {
                check_remedy(step.state, seen, remedy);
                remedies += static_cast<int>(remedy_due(step.state, seen, remedy, now).actions.size());
            }
            if (testing::Test::HasFailure()) return;  // one cell is enough to read
        }
    EXPECT_GT(remedies, 0);
    RecordProperty("cells", static_cast<int>(inputs.size() * states.size()));
}

TEST(IncidentTable, an_answer_counts_only_for_a_question_of_this_silence) {
    for (const IncidentState& state : all_states())
        for (const bool answered : {false, true}) {
            const IncidentState after = server_asked(state, answered);
            EXPECT_FALSE(after.asking);
            const bool counts = state.asking && state.quiet_since;
            EXPECT_EQ(after.server_answers, counts ? std::optional(answered) : state.server_answers);
            EXPECT_EQ(after.ask_at, state.ask_at);
            EXPECT_EQ(after.quiet_since, state.quiet_since);
        }
}

TEST(IncidentTable, every_action_has_a_word) {
    for (const IncidentAction action :
         {IncidentAction::check_openvpn, IncidentAction::ask_server, IncidentAction::knock,
          IncidentAction::forget_question, IncidentAction::give_up, IncidentAction::try_other_address})
        EXPECT_NE(to_string(action), "?");
}

}  // namespace
}  // namespace memdb::health
