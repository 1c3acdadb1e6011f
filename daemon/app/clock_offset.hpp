// How monotonic moments are shown to people: one offset, taken at a known moment, so that a `since` does not wobble.
#pragma once

#include "base/time.hpp"

namespace memdb::app {

class ClockOffset {
  public:
    ClockOffset(TimePoint now, WallTime wall) : offset_(wall.time_since_epoch() - now.time_since_epoch()) {}

    /// The calendar time of a monotonic moment.
    [[nodiscard]] WallTime wall(TimePoint at) const { return WallTime(at.time_since_epoch() + offset_); }

    /// Takes the offset anew when the two clocks have drifted apart by more than a second: sleep, or a set clock.
    /// @return whether that was so.
    bool adjust(TimePoint now, WallTime wall) {
        const Duration fresh = wall.time_since_epoch() - now.time_since_epoch();
        const Duration apart = fresh > offset_ ? fresh - offset_ : offset_ - fresh;
        if (apart <= 1s) return false;
        offset_ = fresh;
        return true;
    }

  private:
    Duration offset_;
};

}  // namespace memdb::app
