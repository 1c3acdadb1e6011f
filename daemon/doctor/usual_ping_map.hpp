// What a PING to a profile's nodes usually takes, from its history.
#pragma once

#include "base/time.hpp"
#include "control/history_view.hpp"

#include <optional>

namespace memdb::doctor {

/// The median of the nodes' medians; nothing where none was answered.
[[nodiscard]] std::optional<Microseconds> usual_ping(const control::History& history);

}  // namespace memdb::doctor
