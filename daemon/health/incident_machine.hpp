// Silence, and what is done about it (design §4): when to ask the server past the tunnel, when to give the tunnel up,
// when to try another address for a second opinion. Pure: (state, what is seen, now) -> (state, actions).
//
// An incident begins when no node answers and ends when one does. Blame decides whether the tunnel is at fault; this
// decides when that is acted on, and how often: a grace after `up`, one remedy for one tunnel, one second opinion for
// one incident. How fast tunnels may follow each other is tunnel_machine's back-off.
#pragma once

#include "base/time.hpp"
#include "health/blame.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace memdb::health {

/// What is seen at one moment.
struct IncidentInput {
    bool waiting = false;                   ///< between attempts, on a network, with addresses to knock at
    std::optional<TimePoint> up_since;      ///< none: the tunnel is not up
    std::optional<TimePoint> silent_since;  ///< no node answers since
    bool any_ok = false;                    ///< some node has answered lately
    std::optional<std::uint64_t> received;  ///< bytes that came through the tun device so far, when known
    std::size_t addresses = 0;              ///< that the endpoint has
};

enum class IncidentAction : std::uint8_t {
    check_openvpn,      ///< does the process live?
    ask_server,         ///< two packets past the tunnel; answered by server_asked()
    knock,              ///< one packet to each address, while no tunnel is tried; answered by server_asked()
    forget_question,    ///< the answer is of no use any more
    give_up,            ///< another tunnel, for this one is silent
    try_other_address,  ///< the second opinion
};

struct IncidentState {
    std::optional<TimePoint> quiet_since;  ///< no node answers and nothing came through the device
    std::optional<TimePoint> begun;        ///< no node answers since; set exactly when quiet_since is, and not later
    std::optional<std::uint64_t> received;
    bool asking = false;
    std::optional<bool> server_answers;
    std::optional<TimePoint> ask_at;    ///< the next question, unless one is out
    std::optional<TimePoint> knock_at;  ///< the same while waiting
    std::optional<TimePoint> given_up;  ///< up_since of the tunnel that was given up already
    bool second_opinion_spent = false;
    bool operator==(const IncidentState&) const = default;
};

struct IncidentStep {
    IncidentState state;
    std::vector<IncidentAction> actions;
};

[[nodiscard]] IncidentStep observe(const IncidentState& state, const IncidentInput& seen, TimePoint now);

/// The answer to ask_server or knock.
[[nodiscard]] IncidentState server_asked(const IncidentState& state, bool answered);

/// @param remedy  of the blame of this very moment.
[[nodiscard]] IncidentStep remedy_due(const IncidentState& state, const IncidentInput& seen, Remedy remedy,
                                      TimePoint now);

/// When to observe again although nothing happened.
[[nodiscard]] std::optional<TimePoint> next_look(const IncidentState& state, const IncidentInput& seen, TimePoint now);

/// Whether it is still to be found out if the tunnel is to blame: the server was not heard, and its time is not over.
[[nodiscard]] bool is_undecided(const IncidentState& state, TimePoint now) noexcept;

std::string_view to_string(IncidentAction action) noexcept;

inline constexpr Duration kGrace = 3s;           ///< of a tunnel that just came up
inline constexpr Duration kSecondOpinion = 15s;  ///< nothing at all came through for so long
inline constexpr Duration kAskAgain = 5s;        ///< while an incident lasts
inline constexpr Duration kKnockAgain = 5s;      ///< while no tunnel is tried

}  // namespace memdb::health
