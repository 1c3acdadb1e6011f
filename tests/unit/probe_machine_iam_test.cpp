// Login by IAM in one node's probe: no valid token, a token that comes, and another AUTH on a kept connection.
#include "tests/support/probe_story.hpp"

#include <gtest/gtest.h>

namespace {

using namespace memdb;
using namespace memdb::reach;
using namespace memdb::reach::words;
using enum ProbePhase;

constexpr Duration kDue = 11h + 7ms;  // after the AUTH of kProved, whose node has no share of the spread

ProbeTarget with_token(std::uint64_t number) {
    ProbeTarget target = kByIam;
    target.token = number;
    if (number == 0) target.no_token = "the IAM token expired at 15:04 UTC";
    return target;
}

ProbeStep at(const ProbeState& state, Duration when, const ProbeEvent& event, std::uint64_t token) {
    return step(state, event, t0 + when, with_token(token), kTimings);
}

/// Kept and PINGed until `until`, whatever the token is.
ProbeState keep(ProbeState state, Duration until, std::uint64_t token) {
    while (state.deadline && *state.deadline < t0 + until) {
        const Duration when = *state.deadline - t0;
        state = at(state, when, DeadlinePassed{}, token).state;
        EXPECT_EQ(state.phase, checking);
        state = at(state, when + 1ms, kPong, token).state;
        EXPECT_EQ(state.phase, kept);
    }
    return state;
}

ProbeState proved() {
    Story story{"proved", kProved};
    story.target = with_token(1);
    return tell(story);
}

TEST(ProbeMachineIam, without_a_token_nothing_is_sent_and_the_cause_is_named_at_once) {
    Story story{"no token",
                {{0ms, StartRequested{{5s, 0s}}, resolving, "start", {Resolve{2s}}},
                 {2ms, kResolved, connecting, "resolved", {Connect{"10.0.0.1"}}},
                 {3ms, Connected{1ms}, securing, "connected", {Secure{}}},
                 {6ms, Secured{3ms}, waiting, "blamed at once", {CloseConnection{}, PublishFailure{}}}},
                NodeHealth::failed,
                "iam-token-failed",
                "no IAM token was pushed yet"};
    story.target = kNoToken;
    const ProbeState failed = tell(story);
    EXPECT_EQ(failed.blame->layer, health::Layer::auth);
    EXPECT_EQ(at(failed, 1s, TokenChanged{}, 0).why, "ignored") << "another one that is no good";
    const ProbeStep tried = at(failed, 1s, TokenChanged{}, 1);
    EXPECT_EQ(tried.why, "try the new token");
    EXPECT_EQ(tried.actions, (ProbeActions{PublishUnknown{}, Resolve{2s}}));
    EXPECT_EQ(tried.state.health, NodeHealth::unknown) << "that there is no token holds no more";
}

TEST(ProbeMachineIam, a_token_that_comes_during_an_attempt_ends_the_blame_and_is_for_that_attempt) {
    Story story{"no token, and tried again",
                Lines{{0ms, StartRequested{{5s, 0s}}, resolving, "start", {Resolve{2s}}},
                      {2ms, kResolved, connecting, "resolved", {Connect{"10.0.0.1"}}},
                      {3ms, Connected{1ms}, securing, "connected", {Secure{}}},
                      {6ms, Secured{3ms}, waiting, "blamed at once", {CloseConnection{}, PublishFailure{}}}},
                NodeHealth::failed, "iam-token-failed", "no IAM token was pushed yet"};
    story.target = kNoToken;
    ProbeState state = tell(story);
    const Duration next = *state.deadline - t0;
    state = at(state, next, DeadlinePassed{}, 0).state;
    ASSERT_EQ(state.phase, resolving);
    ASSERT_EQ(state.health, NodeHealth::failed);
    EXPECT_EQ(at(state, next, TokenChanged{}, 0).why, "ignored") << "another one that is no good";
    const ProbeStep told = at(state, next, TokenChanged{}, 1);
    EXPECT_EQ(told.why, "go on with the new token");
    EXPECT_EQ(told.actions, (ProbeActions{PublishUnknown{}})) << "one attempt is enough";
    EXPECT_EQ(told.state.phase, resolving);
    EXPECT_EQ(told.state.deadline, state.deadline);
    EXPECT_EQ(told.state.health, NodeHealth::unknown) << "nobody refused anything";
    EXPECT_FALSE(told.state.blame);
}

TEST(ProbeMachineIam, without_tls_the_token_is_asked_for_too) {
    ProbeState state;
    state.phase = connecting;
    state.deadline = t0 + 1s;
    ProbeTarget target = kNoToken;
    target.tls = false;
    const ProbeStep got = step(state, Connected{1ms}, t0, target, kTimings);
    EXPECT_EQ(got.state.blame->code, "iam-token-failed");
    EXPECT_EQ(got.actions, (ProbeActions{CloseConnection{}, PublishFailure{}}));
}

TEST(ProbeMachineIam, a_token_that_the_node_refuses_is_the_tokens_fault) {
    Story story{
        "refused",
        Lines(kProved.begin(), kProved.begin() + 4) + Lines{{7ms,
                                                             refusal("WRONGPASS invalid username-password pair"),
                                                             waiting,
                                                             "blamed at once",
                                                             {CloseConnection{}, PublishFailure{}}}},
        NodeHealth::failed, "iam-token-failed", "10.0.0.1:6379 answers AUTH with: WRONGPASS"};
    story.target = kByIam;
    const ProbeStep tried = at(tell(story), 1s, TokenChanged{}, 2);
    EXPECT_EQ(tried.why, "try the new token");
    EXPECT_EQ(tried.state.health, NodeHealth::failed) << "until it says something else";
}

TEST(ProbeMachineIam, a_kept_connection_does_not_care_that_its_token_has_expired) {
    const ProbeState state = keep(proved(), 10h, 0);
    EXPECT_EQ(state.health, NodeHealth::ok);
    EXPECT_EQ(state.authenticated_at, t0 + 7ms);
    EXPECT_EQ(at(state, 10h, TokenChanged{}, 2).why, "ignored");
}

TEST(ProbeMachineIam, authenticates_again_behind_the_first_pong_that_is_due_and_pings_at_once) {
    ProbeState state = keep(proved(), kDue, 0);
    ASSERT_EQ(*state.deadline, t0 + 11h + 5s);
    state = at(state, 11h + 5s, DeadlinePassed{}, 2).state;
    ProbeStep got = at(state, 11h + 5001ms, kPong, 2);
    EXPECT_EQ(got.state.phase, reauthenticating);
    EXPECT_EQ(got.actions, (ProbeActions{PublishProof{}, SendAuth{}})) << "on the same connection";
    got = at(got.state, 11h + 5002ms, kOk, 2);
    EXPECT_EQ(got.why, "authenticated again");
    EXPECT_EQ(got.actions, (ProbeActions{SendPing{}}));
    EXPECT_EQ(got.state.authenticated_at, t0 + 11h + 5002ms);
    EXPECT_EQ(got.state.reauth_at, t0 + 22h + 5002ms);
    got = at(got.state, 11h + 5003ms, kPong, 2);
    EXPECT_EQ(got.state.phase, kept);
    EXPECT_EQ(got.actions, (ProbeActions{PublishProof{}}));
}

TEST(ProbeMachineIam, without_a_fresh_token_the_connection_is_kept_and_the_next_token_is_used) {
    ProbeState state = keep(proved(), kDue + 5min, 0);
    EXPECT_EQ(state.phase, kept);
    EXPECT_LT(*state.reauth_at, t0 + kDue + 1ms) << "it stays due";
    const Duration tick = *state.deadline - t0;
    state = at(state, tick, DeadlinePassed{}, 7).state;
    EXPECT_EQ(at(state, tick + 1ms, kPong, 7).state.phase, reauthenticating);
}

TEST(ProbeMachineIam, a_refused_authentication_keeps_the_connection_and_is_not_repeated_with_the_same_token) {
    ProbeState state = keep(proved(), kDue, 0);
    state = at(state, 11h + 5s, DeadlinePassed{}, 2).state;
    state = at(state, 11h + 5001ms, kPong, 2).state;
    // A newer token that comes meanwhile is not the one that was refused.
    ProbeStep got = at(state, 11h + 5002ms, refusal("WRONGPASS no"), 3);
    EXPECT_EQ(got.why, "authentication refused, kept");
    EXPECT_EQ(got.actions, (ProbeActions{SendPing{}}));
    EXPECT_EQ(got.state.health, NodeHealth::ok);
    EXPECT_EQ(got.state.reauth_refusal, "10.0.0.1:6379 answers AUTH with: WRONGPASS no");
    got = at(got.state, 11h + 5003ms, kPong, 2);
    EXPECT_EQ(got.state.phase, kept) << "not again with the same one";
    got = at(at(got.state, 11h + 10s, DeadlinePassed{}, 3).state, 11h + 10001ms, kPong, 3);
    EXPECT_EQ(got.state.phase, reauthenticating);
    got = at(got.state, 11h + 10002ms, kOk, 3);
    EXPECT_EQ(got.state.reauth_refusal, "");
}

TEST(ProbeMachineIam, silence_to_another_authentication_is_a_miss_like_any_other) {
    ProbeState state = keep(proved(), kDue, 0);
    state = at(state, 11h + 5s, DeadlinePassed{}, 2).state;
    state = at(state, 11h + 5001ms, kPong, 2).state;
    const ProbeStep got = at(state, 11h + 7001ms, DeadlinePassed{}, 2);
    EXPECT_EQ(got.why, "re-probe");
    EXPECT_EQ(got.state.authenticated_at, std::nullopt);
    EXPECT_EQ(got.actions, (ProbeActions{CloseConnection{}, PublishMiss{}, Connect{"10.0.0.1"}}));
}

TEST(ProbeMachineIam, the_proof_stays_in_force_while_an_authentication_takes_its_time) {
    ProbeState state = keep(proved(), kDue, 0);
    state.rhythm.interval = 1s;
    state = at(state, 11h + 5s, DeadlinePassed{}, 2).state;
    state = at(state, 11h + 5001ms, kPong, 2).state;
    state = at(state, 11h + 7s, kOk, 2).state;  // auth_limit is 2 s
    EXPECT_TRUE(is_fresh(state, t0 + 11h + 7700ms, kTimings));
    EXPECT_FALSE(is_fresh(state, t0 + 11h + 10s, kTimings));
}

TEST(ProbeMachineIam, nodes_that_were_proved_together_authenticate_again_one_after_the_other) {
    const auto due_of = [](Duration offset) {
        ProbeState state;
        state.phase = authenticating;
        state.deadline = t0 + 1s;
        state.rhythm = {5s, offset};
        return *at(state, 0ms, kOk, 1).state.reauth_at - t0;
    };
    EXPECT_EQ(due_of(0ms), 11h);
    EXPECT_LT(due_of(2500ms), due_of(1s));
    EXPECT_GT(due_of(4999ms), 10h + 45min);
}

}  // namespace
