// One profile after a sleep of the machine: is the tunnel that was kept still good, or is another needed? Pure:
// (state, event, now) -> (state, actions).
//
// The tunnel is proved at once, by a PING over it. It is restarted only when none was answered within kProof although
// it is up and there is a network; every other way back is tunnel_machine's. Nothing that was proved before the sleep
// counts.
#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

namespace memdb::health {

enum class WakePhase : std::uint8_t {
    settled,   ///< no sleep to recover from
    parked,    ///< asleep, or about to
    proving,   ///< the kept tunnel has until `deadline` to carry a PING
    offline,   ///< the tunnel was kept, but no way leads out of this machine
    awaiting,  ///< a PING is awaited; nothing will be restarted for want of it
};
inline constexpr WakePhase kWakePhases[] = {WakePhase::settled, WakePhase::parked, WakePhase::proving,
                                            WakePhase::offline, WakePhase::awaiting};

struct WakeState {
    WakePhase phase = WakePhase::settled;
    std::optional<TimePoint> deadline;  ///< set exactly when proving
    TimePoint woke_at{};                ///< of the last wake
    Duration slept{};                   ///< before it
    bool operator==(const WakeState&) const = default;
};

// clang-format off
struct SleepBegan { bool operator==(const SleepBegan&) const = default; };
struct Woke { Duration slept{}; bool up = false; bool online = true; bool operator==(const Woke&) const = default; };
struct PingAnswered { bool operator==(const PingAnswered&) const = default; };   ///< sent after the wake
struct TunnelLost { bool operator==(const TunnelLost&) const = default; };       ///< not up any more, whatever comes
struct NetworkMoved { bool online = true; bool operator==(const NetworkMoved&) const = default; };
struct Unwanted { bool operator==(const Unwanted&) const = default; };           ///< a person disconnected
struct ProofOverdue { bool operator==(const ProofOverdue&) const = default; };   ///< the deadline passed
// clang-format on
using WakeEvent = std::variant<SleepBegan, Woke, PingAnswered, TunnelLost, NetworkMoved, Unwanted, ProofOverdue>;

enum class WakeAction : std::uint8_t {
    park,            ///< probes and timers rest
    prove,           ///< probe every node anew, at once
    restart_tunnel,  ///< cause "wake"
    tell,            ///< the first PING after the sleep was answered
};

struct WakeStep {
    WakeState state;
    std::vector<WakeAction> actions;
    std::string_view why;  ///< a literal; "ignored" leaves the state as it is
};

/// So long a kept tunnel has for its first PING (issue E).
inline constexpr Duration kProof = 2s;

[[nodiscard]] WakeStep step(const WakeState& state, const WakeEvent& event, TimePoint now);

std::string_view to_string(WakePhase phase) noexcept;
std::string_view to_string(WakeAction action) noexcept;

}  // namespace memdb::health
