// What became of one node's PINGs, counted: answered by how long they took, and lost. Plain values.
#pragma once

#include "base/time.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace memdb::reach {

/// Upper ends of the histogram's buckets; one more bucket has what took longer.
inline constexpr std::array<Microseconds, 11> kPingBounds{
    500us, 1000us, 2500us, 5000us, 10'000us, 25'000us, 50'000us, 100'000us, 250'000us, 500'000us, 1'000'000us};

/// Counted since the node is probed; only grows.
struct PingTally {
    std::array<std::uint64_t, kPingBounds.size() + 1> buckets{};  ///< not cumulative
    std::uint64_t answered = 0;
    Microseconds took{};     ///< of all that were answered
    std::uint64_t lost = 0;  ///< missed on a kept connection, and tries that ended in blame; re-probes belong to these

    void add(Microseconds duration) noexcept {
        const auto bound = std::lower_bound(kPingBounds.begin(), kPingBounds.end(), duration);
        ++buckets[static_cast<std::size_t>(bound - kPingBounds.begin())];
        ++answered;
        took += duration;
    }
    bool operator==(const PingTally&) const = default;
};

}  // namespace memdb::reach
