// Whether memdbd may tell systemd's watchdog that it works. Pure.
#pragma once

#include "base/time.hpp"

#include <optional>
#include <string>
#include <vector>

namespace memdb::app {

/// So late may a timer of ours be on a busy machine; later, and it does not work any more.
inline constexpr Duration kLateLimit = 10s;

/// One that waits for a moment.
struct Waiting {
    std::string who;
    std::optional<TimePoint> deadline;  ///< nothing: it waits for events only
};

/// Those whose moment has passed long ago: their timers do not work.
[[nodiscard]] std::vector<std::string> left_waiting(const std::vector<Waiting>& all, TimePoint now);

}  // namespace memdb::app
