#include "app/overlap_policy.hpp"

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

}  // namespace memdb::app
