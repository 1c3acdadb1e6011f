// The only place where clocks are read. For runners, servers and main; pure files may not include it
// (scripts/check-layers).
#pragma once

#include "base/time.hpp"

#include <ctime>

namespace memdb {

/// The monotonic clock, rounded down to milliseconds. Stops while the laptop sleeps.
inline TimePoint now() { return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now()); }

/// The calendar clock, UTC, rounded down to milliseconds. May jump.
inline WallTime wall_now() { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

/// Measures one latency.
class Stopwatch {
  public:
    [[nodiscard]] Microseconds elapsed() const {
        return std::chrono::duration_cast<Microseconds>(std::chrono::steady_clock::now() - began_);
    }

  private:
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

/// Like now(), but goes on while the laptop sleeps: their difference grows by what was slept.
inline TimePoint now_with_sleep() {
    timespec ts{};
    (void)clock_gettime(CLOCK_BOOTTIME, &ts);  // cannot fail on Linux
    return TimePoint(std::chrono::seconds(ts.tv_sec) +
                     std::chrono::duration_cast<Duration>(std::chrono::nanoseconds(ts.tv_nsec)));
}

/// What this machine has slept since it started. Exact to some ms, and never too much by more than that: what passes
/// between the readings makes it less.
inline Duration slept_since_boot() {
    Duration best{};
    for (int tries = 0; tries < 5; ++tries) {  // a thread that is held up between the readings reads again
        const TimePoint with_sleep = now_with_sleep();
        const TimePoint without = now();
        const bool first = tries == 0;
        const Duration slept = with_sleep - without;
        if (first || slept > best) best = slept;
        if (now_with_sleep() - with_sleep < 10ms) break;
    }
    return best;
}

}  // namespace memdb
