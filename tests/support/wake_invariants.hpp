// What must hold after every step of the wake machine. For the table's test and the fuzzer.
#pragma once

#include "health/wake_machine.hpp"
#include "tests/support/broken.hpp"

#include <algorithm>
#include <string>

namespace memdb::health {

/// Empty, or what is broken.
inline std::string broken_in(const WakeState& before, const WakeEvent& event, TimePoint now, const WakeStep& got) {
    tests::Broken broken;
    const auto count = [&](WakeAction action) { return std::ranges::count(got.actions, action); };
    broken.when(got.why.empty(), "no rule");
    broken.when(got.why == "ignored" && (got.state != before || !got.actions.empty()), "ignored, but not untouched");
    broken.unless(got.state.deadline.has_value() == (got.state.phase == WakePhase::proving), "a deadline, or none");
    broken.unless(got.state.deadline.value_or(now) <= now + kProof, "a deadline that is far away");
    const bool overdue =
        before.phase == WakePhase::proving && std::holds_alternative<ProofOverdue>(event) && *before.deadline <= now;
    broken.unless((count(WakeAction::restart_tunnel) > 0) == overdue, "only a kept tunnel, only in the end");
    broken.when(overdue && got.state.deadline, "a deadline that passes twice");
    const bool parks = got.state.phase == WakePhase::parked && before.phase != WakePhase::parked;
    const bool wakes = before.phase == WakePhase::parked && got.state.phase != WakePhase::parked;
    broken.unless(parks == (count(WakeAction::park) > 0), "parked twice, or untold");
    broken.when(parks && got.actions.size() != 1, "something is done while it falls asleep");
    broken.when(wakes && (got.actions.size() != 1 || count(WakeAction::prove) != 1), "what was parked does not go on");
    broken.when(count(WakeAction::tell) > 0 && !std::holds_alternative<PingAnswered>(event), "told without a PING");
    return broken.text();
}

}  // namespace memdb::health
