#include "app/overlap_policy.hpp"

#include <algorithm>

namespace memdb::app {

std::optional<Overlap> find_overlap(const Claim& claim, std::span<const Claim> others) {
    for (const Claim& other : others) {
        if (other.profile == claim.profile) continue;
        for (const IpNetwork& ours : claim.ranges)
            for (const IpNetwork& theirs : other.ranges)
                if (overlaps(ours, theirs)) return Overlap{other.profile, ours.prefix >= theirs.prefix ? ours : theirs};
    }
    return std::nullopt;
}

std::vector<std::string> networks_within(std::span<const IpNetwork> ranges,
                                         std::span<const host::LocalNetwork> networks,
                                         const std::string& tunnel_device) {
    std::vector<std::string> found;
    for (const host::LocalNetwork& local : networks)
        if (local.device != tunnel_device && std::ranges::any_of(ranges, [&](const IpNetwork& range) {
                return local.network.prefix >= range.prefix && contains(range, local.network.address);
            }))
            found.push_back(to_string(local.network) + " dev " + local.device);
    return found;
}

}  // namespace memdb::app
