#include "reach/silence_map.hpp"

#include <algorithm>

namespace memdb::reach {

std::optional<TimePoint> silent_since(std::span<const ProbeState* const> probes) noexcept {
    std::optional<TimePoint> answered;
    for (const ProbeState* probe : probes)
        if (probe != nullptr) answered = std::max(answered, probe->last_ok);  // none is the least
    std::optional<TimePoint> since;
    for (const ProbeState* probe : probes) {
        if (probe == nullptr || !probe->failing_since || probe->failing_since <= answered) continue;
        since = std::min(since.value_or(*probe->failing_since), *probe->failing_since);
    }
    return since;
}

}  // namespace memdb::reach
