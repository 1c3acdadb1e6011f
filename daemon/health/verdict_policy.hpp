// The verdict of a profile or a cluster, from what is proven and what stands against it (design §1).
#pragma once

#include "health/finding.hpp"

#include <span>

namespace memdb::health {

struct Proof {
    bool wanted = false;
    std::size_t nodes_ok =
        0;  ///< nodes whose last PONG is fresh; a cluster's node of which nothing is known does not count
    std::size_t nodes_failed = 0;  ///< also those that nobody was told of yet
    bool all_nodes_known = false;  ///< the topology is known and no node of it is without a verdict
    bool blocked = false;          ///< no attempt is made until a person changes something
};

/// stopped:     nothing is wanted.
/// reachable:   a PING was answered recently, every node is known, and no finding of severity warning or worse stands.
/// degraded:    a PING was answered recently, but a node has failed, or a finding of severity warning or worse stands.
/// unreachable: nothing answers, and a finding says that the way is broken, or it is blocked.
/// connecting:  on the way, within the normal time.
Verdict judge(const Proof& proof, std::span<const Finding> visible) noexcept;

}  // namespace memdb::health
