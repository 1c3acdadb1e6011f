// When to renew a tunnel before the endpoint ends its session: at a quiet moment within the window, at the latest a
// minute before the end. Pure.
#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <optional>

namespace memdb::health {

struct RenewalInput {
    Duration left{};                       ///< until the endpoint ends the session
    Duration window{};                     ///< renew so long before; 0: never
    std::optional<std::uint64_t> traffic;  ///< bytes through the tun device so far, both ways; none: unknown
    std::size_t nodes = 0;                 ///< that our own probes talk to
};

struct RenewalState {
    std::optional<TimePoint> looked_at;  ///< when `traffic` was read
    std::uint64_t traffic = 0;
    bool operator==(const RenewalState&) const = default;
};

struct RenewalStep {
    RenewalState state;
    bool renew = false;
    std::optional<TimePoint> next_look;
};

[[nodiscard]] RenewalStep step(const RenewalState& state, const RenewalInput& seen, TimePoint now);

inline constexpr Duration kRenewalLook = 2s;        ///< between two readings of the traffic
inline constexpr Duration kRenewalAtLatest = 60s;   ///< before the end, quiet or not
inline constexpr std::uint64_t kQuietBytes = 2048;  ///< a second, beside our own probes
inline constexpr std::uint64_t kProbeBytes = 1024;  ///< a second for each node: PINGs over TLS, both ways, with headers

}  // namespace memdb::health
