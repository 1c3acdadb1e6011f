// Who leads to the same addresses: two profiles, of which only one can be connected; a profile and a network of this
// host. Pure.
#pragma once

#include "base/ip_network.hpp"
#include "host/route.hpp"

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

/// Networks of this host, the tunnel's own left out, that lie within `ranges` and so take packets away from the tunnel:
/// "10.20.1.0/24 dev docker0".
[[nodiscard]] std::vector<std::string> networks_within(std::span<const IpNetwork> ranges,
                                                       std::span<const host::LocalNetwork> networks,
                                                       const std::string& tunnel_device);

}  // namespace memdb::app
