// What a tracked cluster amounts to: summarize() and is_counted() of cluster_tracker.hpp.
#include "reach/cluster_tracker.hpp"

#include <fmt/format.h>

namespace memdb::reach {

bool is_counted(const TrackerState& state, const TrackedNode& node) noexcept {
    return !node.is_seed || !state.coverage || node.health == NodeHealth::ok;
}

ClusterSummary summarize(const TrackerState& state) {
    ClusterSummary sum;
    for (const TrackedNode& node : state.nodes) {
        if (!is_counted(state, node)) continue;
        switch (node.health) {
            case NodeHealth::ok: ++sum.ok; break;
            case NodeHealth::unknown: ++sum.unknown; break;
            case NodeHealth::failed: ++sum.failed; break;
        }
    }
    if (sum.ok == 0) return sum;  // what the cluster said about itself is old
    if (!state.topology_problem.empty()) sum.findings.push_back({"topology-unreadable", state.topology_problem});
    if (!state.coverage || !state.coverage->is_cluster) return sum;
    const Coverage& coverage = *state.coverage;
    sum.slots_covered = coverage.slots_covered;
    if (coverage.slots_covered == 0) {
        sum.findings.push_back({"cluster-down", "no slot is served by any node"});
    } else if (coverage.slots_covered < kSlots) {
        const SlotRange& first = coverage.uncovered.front();
        sum.findings.push_back(
            {"slots-uncovered", fmt::format("{} of {} slots are not served, the first of them {}-{}",
                                            kSlots - coverage.slots_covered, kSlots, first.first, first.last)});
    }
    for (const unsigned shard : coverage.shards_without_primary)
        sum.findings.push_back({"shard-without-primary", fmt::format("shard {} has no primary that is online", shard)});
    return sum;
}

}  // namespace memdb::reach
