#include "doctor/usual_ping_map.hpp"

#include "base/median.hpp"

#include <cstdint>
#include <utility>
#include <vector>

namespace memdb::doctor {

std::optional<Microseconds> usual_ping(const control::History& history) {
    std::vector<std::int64_t> medians;
    for (const control::NodeHistory& node : history.nodes)
        if (node.total.median_us) medians.push_back(*node.total.median_us);
    if (medians.empty()) return std::nullopt;
    return Microseconds(median(std::move(medians)));
}

}  // namespace memdb::doctor
