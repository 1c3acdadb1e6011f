// A rotation's events and actions as tests write them: short names for the events, one line for the actions.
#pragma once

#include "keys/rotation_machine.hpp"

#include <ostream>
#include <string>
#include <vector>

namespace memdb::keys {

inline std::string words_of(const std::vector<RotationAction>& actions) {
    std::string out;
    for (const RotationAction& action : actions) out += (out.empty() ? "" : ", ") + to_string(action);
    return out;
}

inline void PrintTo(RotationPhase phase, std::ostream* out) { *out << to_string(phase); }

/// A moment `at` after the tests' beginning.
inline Moment moment(Duration at) { return {TimePoint(1h) + at, WallTime(24h * 365 * 56) + at}; }

/// Connected, the nodes answer, and the key before could be used again.
inline constexpr RotationSight kWorks{.wanted = true, .up = true, .pinged = true, .from_usable = true};
inline constexpr RotationSight kUp{.wanted = true, .up = true, .from_usable = true};
inline constexpr RotationSight kDown{.wanted = true, .from_usable = true};
inline constexpr RotationSight kBlocked{.wanted = true, .blocked = true, .from_usable = true};
inline constexpr RotationSight kBlockedForGood{.wanted = true, .blocked = true};
inline constexpr RotationSight kOffline{.wanted = true, .online = false, .from_usable = true};
inline constexpr RotationSight kUnwanted{.from_usable = true};

inline const RotationEvent kAsked = KeyAsked{"due", "laptop-2", 2, false};
inline const RotationEvent kAskedFresh = KeyAsked{"lost", "laptop-3", 2, true};
inline const RotationEvent kRollback = RollbackAsked{"laptop"};
inline const RotationEvent kAccepted = TrialEnded{true, true, ""};
inline const RotationEvent kRefused = TrialEnded{false, true, "auth-failed"};
inline const RotationEvent kNotTried = TrialEnded{false, false, "network-offline"};
inline const RotationEvent kDiskFull = WriteFailed{"disk full"};
inline const RotationEvent kNotStored = WriteFailed{"disk full", false};
inline const RotationEvent kGone = WriteFailed{"damaged", true, true};

inline RotationStep play(const RotationState& state, const RotationEvent& event, Duration at) {
    return step(state, event, moment(at), RotationTimings{});
}

}  // namespace memdb::keys
