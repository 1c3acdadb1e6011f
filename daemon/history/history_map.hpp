// What is stored, as the answer to one question: spans to views, minutes to a bounded number of points. Pure.
#pragma once

#include "control/api_history.hpp"
#include "history/ping_histogram.hpp"
#include "history/record.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace memdb::history {

inline constexpr std::size_t kPointLimit = 40'000;    ///< of all nodes together
inline constexpr std::size_t kSpanLimit = 10'000;     ///< of each kind; the newest count
inline constexpr std::size_t kIncidentLimit = 1'000;  ///< the same

/// How long a point is: whole minutes, so that no node has more than 360 of them, and all together not too many.
[[nodiscard]] Duration bucket_for(Duration asked, std::size_t nodes) noexcept;

/// Minutes, in order of time, to points of one length each. A point's median is that of its minutes' medians, weighted;
/// its p99 the highest of its minutes', so that no peak is lost.
class SeriesMaker {
  public:
    SeriesMaker(WallTime since, Duration bucket) : since_(since), bucket_(bucket) {}
    void add(const PingMinute& minute);
    /// By profile and node.
    std::vector<control::NodeHistory> finish();

  private:
    struct Sum {
        PingHistogram medians;
        control::PingPoint point;
        void add(const PingMinute& minute);
        [[nodiscard]] control::PingPoint result() const;
    };
    struct Series {
        Sum total, current;
        std::vector<control::PingPoint> points;
    };
    WallTime since_;
    Duration bucket_;
    std::map<std::pair<std::string, std::string>, Series> series_;
};

/// Fills in incidents, reachability and spans. `history.since` and `until` say for when.
void add_spans(control::History& history, std::vector<Span> spans);

/// The first moment that is asked for; never after `now`.
[[nodiscard]] WallTime begin_of(const control::HistorySince& since, WallTime now) noexcept;

}  // namespace memdb::history
