// The only place where clocks are read. For runners, servers and main; pure files may not include it
// (scripts/check-layers).
#pragma once

#include "base/time.hpp"

namespace memdb {

/// The monotonic clock, rounded down to milliseconds. Stops while the laptop sleeps.
inline TimePoint now() { return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now()); }

/// The calendar clock, UTC, rounded down to milliseconds. May jump.
inline WallTime wall_now() { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

}  // namespace memdb
