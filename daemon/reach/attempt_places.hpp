// Which places in the lanes of attempts a node's probe takes and gives back as its state moves.
//
// In:   what its state says of them, before and after a step. Out: the lanes (attempt_pace) as they are then. A place
// that is kept by one who will not need it holds up everybody behind it. Pure.
#pragma once

#include "reach/attempt_pace.hpp"
#include "reach/probe_state.hpp"

namespace memdb::reach {

struct AttemptPlaces {
    std::uint64_t turns = 0;          ///< attempts that began or were queued, but for re-probes
    std::uint64_t reprobe_turns = 0;  ///< the same of these
    bool is_queued = false;           ///< waits for its turn,
    bool is_reprobe = false;          ///< in the lane of re-probes
    bool is_idle = false;             ///< asks for nothing any more
};

[[nodiscard]] inline AttemptPlaces places_of(const ProbeState& state) noexcept {
    return {state.turns, state.reprobe_turns, state.phase == ProbePhase::queued, state.is_reprobe_queued,
            state.phase == ProbePhase::idle};
}

/// Of a node that is gone, or asks for nothing any more: those behind it need not wait for it.
inline void leave_places(const AttemptPlaces& held, AttemptPaces& paces) noexcept {
    if (held.is_queued) (held.is_reprobe ? paces.reprobe : paces.whole).give_back();
}

/// After a step. A re-probe that was queued and becomes an attempt leaves the place that it had among its like; whoever
/// is to begin anew while it waits for the same keeps its place.
inline void move_places(const AttemptPlaces& before, const AttemptPlaces& after, AttemptPaces& paces,
                        AttemptShare& share, TimePoint now) noexcept {
    if (after.is_idle) leave_places(before, paces);
    if (after.turns > before.turns) {
        share.take(paces.whole, now);
        if (before.is_queued && before.is_reprobe) paces.reprobe.give_back();
    }
    if (after.reprobe_turns > before.reprobe_turns) paces.reprobe.take(now);
}

}  // namespace memdb::reach
