#include "health/verdict_policy.hpp"

#include <algorithm>

namespace memdb::health {

Verdict judge(const Proof& proof, std::span<const Finding> visible) noexcept {
    if (!proof.wanted) return Verdict::stopped;
    const auto at_least = [&](Severity severity) {
        return std::ranges::any_of(visible,
                                   [severity](const Finding& finding) { return finding.severity >= severity; });
    };
    if (proof.nodes_ok > 0) {
        if (proof.nodes_failed > 0 || at_least(Severity::warning)) return Verdict::degraded;
        return proof.all_nodes_known ? Verdict::reachable : Verdict::connecting;
    }
    return proof.blocked || at_least(Severity::error) ? Verdict::unreachable : Verdict::connecting;
}

}  // namespace memdb::health
