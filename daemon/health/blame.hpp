// From what is known to what is wrong: one pure function. The first failing layer decides; its followers are not
// reported.
//
// In:   Facts. Out: the conditions that hold now, root cause first; the first layer that fails; and whether another
// tunnel could help. How far the way is proven, layer by layer, is health/ladder. Does not know for how long:
// health_tracker adds `since` and keeps blips from people, incident_machine decides when a remedy is due.
#pragma once

#include "health/facts.hpp"

#include <optional>
#include <vector>

namespace memdb::health {

/// What could help. A dead cluster behind a live tunnel never asks for another tunnel.
enum class Remedy : std::uint8_t {
    none,
    restart,        ///< the tunnel itself is silent
    other_address,  ///< the server lives and nothing comes through: one try elsewhere may help (AWS: one subnet's
                    ///< route)
};

struct Blame {
    std::vector<Condition> conditions;
    std::optional<Layer> first_failing;  ///< of the conditions that are errors, or explain the rest of the way
    Remedy remedy = Remedy::none;
};

Blame blame(const Facts& facts);

/// Whether the tunnel, though up, is silent (design §4): no node answers, nothing came through the device since, and
/// the server has sent nothing for 3 of its pings or does not answer a packet of ours past the tunnel.
[[nodiscard]] bool is_silent(const Facts& facts) noexcept;

/// Whether there is no way at all to the server, and nodes feel it.
[[nodiscard]] bool is_offline(const Facts& facts) noexcept;

/// Whether openvpn itself hangs, and nodes feel it.
[[nodiscard]] bool is_hung(const Facts& facts) noexcept;

/// So many of the server's own pings may be missing before its silence counts.
inline constexpr int kPingsMissed = 3;
/// An agent that was held up for a while must first hear what has come meanwhile.
inline constexpr Duration kLinkPatience = 1s;
/// openvpn answers its management in a millisecond; so long is no coincidence.
inline constexpr Duration kOpenvpnSilence = 500ms;
/// So long the question whether the server lives may take before silent nodes are blamed without its answer. A second
/// fits in: what a node repeats (after 0.2, 0.6, 1.4, 3 and 6.2 s: RFC 6298) makes the first worthless.
inline constexpr Duration kAskingLimit = 5s;
/// A node is slow whose PING takes longer than this, and so many times the median of the others.
inline constexpr Duration kSlowPing = 100ms;
inline constexpr int kSlowTimes = 10;
/// A session that ends so soon is worth a word.
inline constexpr Duration kSessionEnding = 15min;

}  // namespace memdb::health
