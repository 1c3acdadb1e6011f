#include "health/renewal_machine.hpp"

namespace memdb::health {

RenewalStep step(const RenewalState& before, const RenewalInput& seen, TimePoint now) {
    if (seen.window <= 0ms) return {};
    if (seen.left > seen.window) return {{}, false, now + (seen.left - seen.window)};
    if (seen.left <= kRenewalAtLatest || !seen.traffic) return {{}, true, std::nullopt};
    if (!before.looked_at) return {{now, *seen.traffic}, false, now + kRenewalLook};
    const Duration since = now - *before.looked_at;
    if (since < kRenewalLook) return {before, false, *before.looked_at + kRenewalLook};
    const std::uint64_t moved = *seen.traffic >= before.traffic ? *seen.traffic - before.traffic : *seen.traffic;
    const std::uint64_t quiet = (kQuietBytes + kProbeBytes * seen.nodes) * static_cast<std::uint64_t>(since.count());
    if (moved * 1000 <= quiet) return {{}, true, std::nullopt};
    return {{now, *seen.traffic}, false, now + kRenewalLook};
}

}  // namespace memdb::health
