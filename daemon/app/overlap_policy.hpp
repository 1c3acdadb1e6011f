// Two profiles that lead to the same addresses: only one of them can be connected. Pure.
#pragma once

#include "base/ip_network.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace memdb::app {

/// The ranges that a profile's endpoint pushed, now or the last time.
struct Claim {
    std::string profile;
    std::vector<IpNetwork> ranges;
};

struct Overlap {
    std::string profile;  ///< the other one
    IpNetwork range;      ///< the smaller of the two ranges that meet
    bool operator==(const Overlap&) const = default;
};

/// The first of `others` that shares addresses with `claim`.
[[nodiscard]] std::optional<Overlap> find_overlap(const Claim& claim, std::span<const Claim> others);

}  // namespace memdb::app
