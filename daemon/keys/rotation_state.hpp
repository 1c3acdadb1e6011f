// What is known of a profile's rotation: its phase, the generations that take part, the steps taken. Plain values.
//
// The part of it that must outlive a crash is written as rotation.json (keys/rotation_record) at each change of phase.
#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::keys {

enum class RotationPhase : std::uint8_t {
    none,        ///< no rotation yet
    making,      ///< a key is being made
    requested,   ///< it waits for its certificate
    proving,     ///< a trial connection with it is under way, beside the tunnel
    confirming,  ///< it is in force; a PING through the tunnel must come before the deadline
    awaiting,    ///< it is in force, but nobody wants the tunnel now: confirmed at the next connect
    reverting,   ///< on the way back to the generation before
    confirmed,   ///< ended well
    failed,      ///< ended without having been in force
    reverted,    ///< ended by going back
};
inline constexpr RotationPhase kRotationPhases[] = {
    RotationPhase::none,       RotationPhase::making,   RotationPhase::requested, RotationPhase::proving,
    RotationPhase::confirming, RotationPhase::awaiting, RotationPhase::reverting, RotationPhase::confirmed,
    RotationPhase::failed,     RotationPhase::reverted};

enum class RotationStepKind : std::uint8_t { requested, checked, proven, switched, confirmed, reverted, failed };

struct RotationStepTaken {
    RotationStepKind kind{};
    WallTime at{};
    Duration after{};  ///< since the step before
    bool operator==(const RotationStepTaken&) const = default;
};

/// What the machine is told of the tunnel and its nodes at every look.
struct RotationSight {
    bool wanted = false;       ///< somebody wants the tunnel
    bool online = true;        ///< some way leads out of this machine
    bool up = false;           ///< the tunnel is up with the generation in force
    bool pinged = false;       ///< a PING was answered through that very tunnel
    bool blocked = false;      ///< no attempt will be made with what is in force
    bool from_usable = false;  ///< the generation before could be used again: its dates, its purpose
    bool operator==(const RotationSight&) const = default;
};

struct RotationState {
    RotationPhase phase = RotationPhase::none;
    unsigned current = 0;     ///< in force; 0: none that can be used
    unsigned generation = 0;  ///< the new one; 0: none
    unsigned from = 0;        ///< in force when the new one was to be proven; 0: none
    unsigned previous = 0;    ///< what a rollback by hand leads to; 0: none
    std::string common_name;  ///< of `generation`
    std::string reason;
    WallTime started_at{};
    std::vector<RotationStepTaken> steps;
    std::string message;  ///< why it failed or went back; what it waits for

    std::optional<TimePoint> deadline;  ///< of `confirming`, of another try in `reverting`, of a PING in `proving`
    bool accepted = false;              ///< in `proving`: by the endpoint; the switch waits for a PING as it is now
    std::optional<TimePoint> stepped_at;
    RotationSight seen;
    bool operator==(const RotationState&) const = default;
};

/// Something is under way that another rotation must not cross.
[[nodiscard]] bool is_busy(RotationPhase phase) noexcept;
/// Over, well or not, or never begun.
[[nodiscard]] bool is_ended(RotationPhase phase) noexcept;

std::string_view to_string(RotationPhase phase) noexcept;
std::string_view to_string(RotationStepKind kind) noexcept;
std::optional<RotationPhase> parse_rotation_phase(std::string_view word) noexcept;
std::optional<RotationStepKind> parse_rotation_step(std::string_view word) noexcept;

}  // namespace memdb::keys
