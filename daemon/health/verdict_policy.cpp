#include "health/verdict_policy.hpp"

#include "health/finding_catalog.hpp"

#include <algorithm>

namespace memdb::health {

Verdict judge(const Proof& proof, std::span<const Finding> visible) noexcept {
    if (!proof.wanted) return Verdict::stopped;
    const bool warned =
        std::ranges::any_of(visible, [](const Finding& finding) { return finding.severity >= Severity::warning; });
    if (proof.nodes_ok > 0) {
        if (proof.nodes_failed > 0 || warned) return Verdict::degraded;
        return proof.all_nodes_known ? Verdict::reachable : Verdict::connecting;
    }
    return proof.blocked || std::ranges::any_of(visible, breaks_the_way) ? Verdict::unreachable : Verdict::connecting;
}

}  // namespace memdb::health
