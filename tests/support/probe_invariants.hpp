// What must hold after every step of a node's probe. For the table's test and the fuzzer.
#pragma once

#include "reach/probe_machine.hpp"
#include "tests/support/broken.hpp"

#include <algorithm>
#include <string>

namespace memdb::reach {

namespace detail {

inline bool has_connection(ProbePhase phase) {
    return phase != ProbePhase::idle && phase != ProbePhase::waiting && phase != ProbePhase::queued;
}

inline bool begins(const ProbeStep& got) {
    return tests::count<Connect>(got.actions) + tests::count<Resolve>(got.actions) > 0 && got.why != "resolved";
}

inline void check_state(tests::Broken& broken, const ProbeState& s, TimePoint now, const ProbeTarget& target) {
    broken.unless((s.phase == ProbePhase::idle) == !s.deadline.has_value(), "a deadline in the wrong place, or none");
    const TimePoint latest = std::max({now + 5s, now + s.rhythm.interval, target.turn_at, target.reprobe_at});
    broken.unless(s.deadline.value_or(now) <= latest, "a deadline that is far away");
    broken.unless((s.health == NodeHealth::failed) == s.blame.has_value(), "failed and not blamed, or the other way");
    broken.unless(s.misses <= kReprobes, "more re-probes than there are");
    broken.when(s.attempt_deadline && s.phase >= ProbePhase::kept, "a re-probe ended, its limit did not");
    broken.when(s.blame && (s.blame->code.empty() || s.blame->evidence.empty()), "blamed without a word");
    broken.unless(s.reauth_refusal.empty() || s.phase >= ProbePhase::kept, "a refused AUTH ends a kept connection");
}

/// Only a PONG makes a node ok, and only a PONG publishes a proof; each miss and each failure is told once.
inline void check_verdicts(tests::Broken& broken, const ProbeState& before, TimePoint now, const ProbeStep& got) {
    const ProbeState& s = got.state;
    const auto proofs = tests::count<PublishProof>(got.actions);
    const bool became_ok = s.health == NodeHealth::ok && before.health != NodeHealth::ok;
    broken.unless(!became_ok || proofs == 1, "ok without a PONG");
    const bool bulk_passed =
        std::count(got.actions.begin(), got.actions.end(), ProbeAction(PublishBulk{BulkResult::passed, {}})) == 1;
    broken.unless(s.last_ok == (proofs == 1 || bulk_passed ? std::optional(now) : before.last_ok), "proved otherwise");
    broken.unless(!bulk_passed || (s.ping == before.ping && s.health == NodeHealth::ok), "a bulk that is a PING");
    const bool missed = s.health == NodeHealth::ok && s.failing_since && !before.failing_since;
    broken.unless((tests::count<PublishMiss>(got.actions) == 1) == missed, "a miss that is told twice, or not");
    broken.unless(tests::count<PublishBulk>(got.actions) <= (before.phase == ProbePhase::bulk_checking ? 1 : 0),
                  "the result of no bulk check");
    broken.unless(tests::count<SendBulk>(got.actions) == 0 || s.last_ok == now || before.phase == ProbePhase::asking,
                  "bulk before a small PING");
    const bool failed = s.phase == ProbePhase::waiting && before.phase != ProbePhase::waiting;
    broken.unless((tests::count<PublishFailure>(got.actions) == 1) == failed, "a failure that is told twice, or not");
}

/// A new connection only after the old one is closed; a question only on the connection it belongs to.
inline void check_connection(tests::Broken& broken, const ProbeState& before, const ProbeStep& got) {
    const ProbeState& s = got.state;
    const bool had = has_connection(before.phase);
    const auto closed = tests::count<CloseConnection>(got.actions);
    broken.unless(tests::count<Connect>(got.actions) + tests::count<Resolve>(got.actions) <= 1, "two at once");
    broken.unless(!begins(got) || !had || closed == 1, "a second connection");
    broken.unless(tests::count<SendPing>(got.actions) + tests::count<SendBulk>(got.actions) +
                          tests::count<SendAuth>(got.actions) + tests::count<SendTopology>(got.actions) +
                          tests::count<Secure>(got.actions) <=
                      1,
                  "two questions at once");
    broken.unless(has_connection(s.phase) || !had || closed == 1, "a connection that nobody closes");
    broken.unless(closed == 0 || (!s.authenticated_at && !s.reauth_at && !s.is_reauth_open),
                  "a login that outlives its connection");
}

/// AUTH is never sent without a token where one is needed, nor again with one that the node has refused.
inline void check_login(tests::Broken& broken, const ProbeState& before, TimePoint now, const ProbeTarget& target,
                        const ProbeStep& got) {
    if (tests::count<SendAuth>(got.actions) == 0) return;
    broken.unless(target.auth && (!target.iam || target.token != 0), "AUTH without a token");
    if (got.state.phase != ProbePhase::reauthenticating) return;
    broken.unless(target.iam && before.reauth_at && *before.reauth_at <= now, "AUTH again, and not due");
    broken.unless(before.reauth_token != target.token, "AUTH with a token that was refused");
}

/// Every attempt takes a turn, once; while it waits for it nothing is begun, and whoever waits keeps its place.
inline void check_turns(tests::Broken& broken, const ProbeState& before, const ProbeTarget& target,
                        const ProbeStep& got) {
    const ProbeState& s = got.state;
    const bool waits = s.phase == ProbePhase::queued;
    const bool keeps = waits && before.phase == ProbePhase::queued && s.is_reprobe_queued == before.is_reprobe_queued;
    const bool follows_a_pong = s.is_reprobe_queued && s.misses == 1;
    const TimePoint turn_at = follows_a_pong        ? s.reprobed_at.value_or(TimePoint{})
                              : s.is_reprobe_queued ? target.reprobe_at
                                                    : target.turn_at;
    if (waits) {
        broken.when(begins(got), "begun before its turn");
        broken.unless(s.deadline == (keeps ? before.deadline : std::optional(turn_at)), "another place");
    }
    const bool is_anew = s.reprobed_at && s.reprobed_at != before.reprobed_at;
    broken.when(is_anew && *s.reprobed_at < target.reprobe_at, "a re-probe before its turn");
    broken.when(is_anew && before.reprobed_at && *s.reprobed_at < *before.reprobed_at + kReprobesApart,
                "a node that answers is connected to all the time");
    if (s.phase == ProbePhase::idle) return;
    const bool is_new = waits ? !keeps : begins(got) && got.why != "next address" && got.why != "its turn";
    const std::uint64_t turns = s.turns + s.reprobe_turns, had = before.turns + before.reprobe_turns;
    broken.unless(turns == had + (is_new ? 1 : 0), "an attempt without a turn, or the other way");
}

}  // namespace detail

/// Empty, or what is broken.
inline std::string broken_in(const ProbeState& before, TimePoint now, const ProbeTarget& target, const ProbeStep& got) {
    tests::Broken broken;
    broken.when(got.why.empty(), "no rule");
    broken.when(got.why == "ignored" && (got.state != before || !got.actions.empty()), "ignored, but not untouched");
    detail::check_state(broken, got.state, now, target);
    detail::check_verdicts(broken, before, now, got);
    detail::check_connection(broken, before, got);
    detail::check_login(broken, before, now, target, got);
    detail::check_turns(broken, before, target, got);
    return broken.text();
}

}  // namespace memdb::reach
