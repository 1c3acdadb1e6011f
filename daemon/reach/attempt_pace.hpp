// How fast new connections may be begun, all clusters together: a few at once, then one after the other.
//
// In:   the moments of attempts. Out: when the next one may begin. Without it a tunnel that comes back, or an
// availability zone, would start a DNS question and a TLS handshake for each of a thousand nodes in the same moment.
// It limits how many begin, not how many are open: silent nodes keep theirs open for seconds and must not hold up those
// that answer. A generic cell rate algorithm (ITU-T I.371); plain value, reads no clock.
#pragma once

#include "base/time.hpp"

#include <algorithm>

namespace memdb::reach {

class AttemptPace {
  public:
    static constexpr int kAtOnce = 64;  ///< a laptop's clusters never notice it

    /// @param apart  between those that do not begin at once.
    explicit constexpr AttemptPace(Duration apart) noexcept : apart_(apart) {}

    /// When an attempt that is taken now may begin: `now`, or a moment that no other one has.
    [[nodiscard]] TimePoint next(TimePoint now) const noexcept {
        return std::max(now, paid_until_ - (kAtOnce - 1) * apart_);
    }
    /// Takes the place that next() told.
    void take(TimePoint now) noexcept { paid_until_ = std::max(paid_until_, now) + apart_; }
    /// Of one who is gone before its turn came: those behind need not wait for it.
    void give_back() noexcept { paid_until_ -= apart_; }

  private:
    Duration apart_;
    TimePoint paid_until_{};
};

/// One cluster's share of a lane: the first attempts after it was put to work, or after another path, queue behind no
/// other cluster's thousands. A PING of one of them is what a tunnel that woke is judged by, within seconds.
class AttemptShare {
  public:
    static constexpr int kFirst = 4;

    void restart() noexcept { left_ = kFirst; }
    [[nodiscard]] TimePoint next(const AttemptPace& lane, TimePoint now) const noexcept {
        return left_ > 0 ? now : lane.next(now);
    }
    void take(AttemptPace& lane, TimePoint now) noexcept {
        lane.take(now);
        if (left_ > 0) --left_;
    }

  private:
    int left_ = kFirst;
};

/// Re-probes have a lane of their own: whether a node is to blame must not wait for thousands that are blamed already.
struct AttemptPaces {
    AttemptPace whole{2ms};  ///< 1000 DNS questions a second are what a VPC's resolver takes
    AttemptPace reprobe{1ms};
};

}  // namespace memdb::reach
