// Time as data. Pure code never reads a clock: the caller passes `now`.
//
// Two kinds that cannot be mixed by accident: TimePoint (monotonic, for waits and deadlines) and WallTime (calendar,
// for certificates and for what people read).
#pragma once

#include <chrono>

namespace memdb {

using namespace std::chrono_literals;

using Duration = std::chrono::milliseconds;                                      ///< every interval in pure code
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;  ///< monotonic; never wall time
using Microseconds = std::chrono::microseconds;                                  ///< measured latencies only
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;   ///< UTC; never for deadlines

}  // namespace memdb
