// The Snapshot as metrics, for Prometheus and whatever reads the same: OpenMetrics 1.0, or the classic text format.
//
// Pure. What there is, and what it means, is the table in metrics.cpp; every family is always named, also
// when it has no value now. Labels are names that people gave and that clusters announced: escaped, cut, and never more
// of them than the Snapshot has.
#pragma once

#include "control/snapshot.hpp"
#include "reach/ping_tally.hpp"

#include <map>
#include <string>
#include <string_view>
#include <tuple>

namespace memdb::control {

enum class Exposition : std::uint8_t { openmetrics, classic };

/// What the agent counts and no Snapshot has: PINGs, by profile, cluster endpoint and node, as these name them.
using PingTallies = std::map<std::tuple<std::string, std::string, std::string>, reach::PingTally>;

/// What to answer to a request with this Accept header: OpenMetrics to who names it, with a version that we speak.
[[nodiscard]] Exposition choose_exposition(std::string_view accept);

std::string_view content_type_of(Exposition exposition) noexcept;

[[nodiscard]] std::string metrics_text(const Snapshot& snapshot, const PingTallies& pings, Exposition exposition);

}  // namespace memdb::control
