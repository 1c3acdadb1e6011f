// Conditions of the moment become lasting findings: with a `since`, hidden until they have lasted, gone when they end.
//
// In:   the conditions that hold, and the time. Out: the findings that people see. One tracker for each profile.
// Pure: the caller asks next_change() when to observe again although nothing happened.
#pragma once

#include "base/time.hpp"
#include "health/facts.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace memdb::health {

class HealthTracker {
  public:
    /// Takes what holds now. Conditions whose code is not in the catalogue are dropped (a bug; the test of blame finds
    /// it).
    ///
    /// @param now   monotonic; must not go back between calls.
    /// @param wall  becomes `since` of what is new.
    void observe(const std::vector<Condition>& conditions, TimePoint now, WallTime wall);

    /// What people see: in the order of the last observe(), root cause first.
    [[nodiscard]] const std::vector<Finding>& visible() const noexcept { return visible_; }

    /// When a hidden finding becomes visible, if any is waiting.
    [[nodiscard]] std::optional<TimePoint> next_change() const noexcept { return next_change_; }

  private:
    struct Onset {
        TimePoint at;
        WallTime wall;
    };
    std::map<std::string, Onset, std::less<>> onsets_;
    std::vector<Finding> visible_;
    std::optional<TimePoint> next_change_;
};

}  // namespace memdb::health
