// The course of a rotation (design §8, issue C): events and `now` in, a new state and actions out. Pure.
//
//   requested -> proving -> confirming -> confirmed          the tunnel is wanted
//                       \-> awaiting   -> confirming -> ...  nobody wants it: confirmed at the next connect
//   proving -> failed                    the old key stays in force, untouched
//   confirming -> reverting -> reverted  no PING came: back by itself
//
// The order of the actions is the safety: the candidate is complete on disk before anything points to it, the record
// says what is about to happen before the one rename that makes it so, and nothing is removed that could be gone back
// to. restore() goes on from any state that a crash can leave.
#pragma once

#include "keys/rotation_command_policy.hpp"
#include "keys/rotation_event.hpp"
#include "keys/rotation_state.hpp"
#include "keys/rotation_timings.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace memdb::keys {

struct RotationStep {
    RotationState state;
    std::vector<RotationAction> actions;  ///< in order; when one fails, the rest is not done
    std::string_view why;                 ///< the rule that fired, a literal; "ignored": nothing changed
};

/// Both clocks of one moment.
struct Moment {
    TimePoint now{};
    WallTime wall{};
};

[[nodiscard]] RotationStep step(const RotationState& state, const RotationEvent& event, const Moment& at,
                                const RotationTimings& timings);

/// What is on disk at the start.
struct RotationLeft {
    std::vector<unsigned> whole;  ///< generations that could be used, ascending
    bool request = false;         ///< a pending key with its request
};

/// After a start: `record` as it was last saved (its `current` is what the link says, 0 for nothing usable).
[[nodiscard]] RotationStep restore(const RotationState& record, const RotationLeft& left, const Moment& at);

}  // namespace memdb::keys
