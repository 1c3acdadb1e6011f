// Snapshots become spans: verdicts and phases of profiles, and findings that come and go. Pure.
//
// A gap between two looks that the monotonic clock did not see is a sleep or a clock that was set: all spans end where
// they were last known and begin anew, so that nobody counts what was not watched, and no span has a negative length.
#pragma once

#include "control/snapshot.hpp"
#include "history/record.hpp"

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace memdb::history {

class SpanTracker {
  public:
    /// @return whether something began or ended. Spans that go on are moved to `wall` silently.
    bool observe(const control::Snapshot& snapshot, TimePoint now, WallTime wall);

    /// Moves the open spans to `wall`, without a new look at things.
    void go_on(TimePoint now, WallTime wall);

    /// Every open span, and those that ended since the last take().
    std::vector<Span> take();

    /// The same, and nothing is forgotten.
    [[nodiscard]] std::vector<Span> look() const;

    /// Ends everything that is open where it is: the agent stops.
    void end();

    [[nodiscard]] bool is_watching() const noexcept { return !open_.empty(); }

  private:
    using Place =
        std::tuple<SpanKind, std::string, std::string>;  ///< kind, profile, and of a finding its code and layer

    void follow_clocks(TimePoint now, WallTime wall);
    bool keep(Span span, std::map<Place, Span>& before);

    std::map<Place, Span> open_;
    std::vector<Span> ended_;
    std::uint64_t last_key_ = 0;
    std::optional<std::pair<TimePoint, WallTime>> seen_;
};

}  // namespace memdb::history
