// When the next look at everything is due. Looks at small clusters are free; one at thousands of nodes takes
// milliseconds, and in a storm of changes one look shows many of them. Plain value, reads no clock.
#pragma once

#include "base/time.hpp"

#include <algorithm>

namespace memdb::app {

class LookPace {
  public:
    static constexpr Duration kFresh = 100ms;      ///< a snapshot that nothing has changed is shown for so long
    static constexpr Duration kLongest = 250ms;    ///< that a change waits to be seen
    static constexpr Duration::rep kShare = 4;     ///< rests so many times as long as it looked
    static constexpr Microseconds kFree = 1000us;  ///< looks that are shorter need no rest

    /// A look that began at `now` took so long.
    void looked(TimePoint now, Microseconds took) noexcept {
        looked_at_ = now;
        const auto rest = std::chrono::duration_cast<Duration>(took * kShare);
        next_ = took < kFree ? now : now + std::min(rest, kLongest);
    }

    /// The moment from which on a change may be looked at.
    [[nodiscard]] TimePoint next() const noexcept { return next_; }

    /// Whether who asks now is shown what was seen last.
    /// @param moved  something has changed since.
    [[nodiscard]] bool is_fresh(TimePoint now, bool moved) const noexcept {
        return moved ? now < next_ : now - looked_at_ < kFresh;
    }

  private:
    TimePoint looked_at_{};
    TimePoint next_{};
};

}  // namespace memdb::app
