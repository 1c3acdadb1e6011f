// How monotonic moments are shown to people: one offset, taken at a known moment, so that a `since` does not wobble.
#pragma once

#include "base/time.hpp"

#include <optional>
#include <vector>

namespace memdb::app {

class ClockOffset {
  public:
    /// @param asleep  what the machine has slept since it started
    ClockOffset(TimePoint now, WallTime wall, Duration asleep = 0ms)
        : offset_(wall.time_since_epoch() - now.time_since_epoch()), asleep_(asleep) {}

    /// The calendar time of a monotonic moment. One before a sleep is as long ago as it is, the sleep included.
    [[nodiscard]] WallTime wall(TimePoint at) const {
        Duration offset = offset_;
        for (const Sleep& sleep : sleeps_)
            if (at < sleep.end) offset -= sleep.length;
        return WallTime(at.time_since_epoch() + offset);
    }

    /// Takes the offset anew: call it at a wake before anything happens, and whenever the clocks are read anyway.
    /// @return by how much the wall clock was set, beside what was slept; 0 for less than a second, which is not taken.
    Duration adjust(TimePoint now, WallTime wall, std::optional<Duration> asleep = std::nullopt) {
        const Duration slept = asleep.value_or(asleep_) - asleep_;
        if (slept >= kShortest) {
            asleep_ += slept;
            offset_ += slept;
            if (sleeps_.size() == kMost) {  // moments between the oldest two seem older than they are, not younger
                sleeps_[1].length += sleeps_[0].length;
                sleeps_.erase(sleeps_.begin());
            }
            sleeps_.push_back({now, slept});
        }
        const Duration fresh = wall.time_since_epoch() - now.time_since_epoch();
        const Duration step = fresh - offset_;
        if (std::chrono::abs(step) <= 1s) return 0ms;
        offset_ = fresh;
        return step;
    }

  private:
    struct Sleep {
        TimePoint end;
        Duration length;
    };
    static constexpr Duration kShortest = 500ms;
    static constexpr std::size_t kMost = 32;

    Duration offset_;
    Duration asleep_;
    std::vector<Sleep> sleeps_;
};

}  // namespace memdb::app
