// Follows one profile through the events until it is where somebody wants it (connect --wait, wait). Pure.
#pragma once

#include "control/event.hpp"

#include <optional>
#include <string>

namespace memdb::client {

enum class Goal : std::uint8_t { reachable, up, stopped };

/// What there is to say after an event.
enum class Progress : std::uint8_t {
    waiting,
    settling,  ///< degraded by warnings only: every node answers; good enough if it does not get better shortly
    reached,
    futile,  ///< blocked: waiting longer cannot help, new input is needed
    gone,    ///< the profile was removed
};

class WaitTracker {
  public:
    /// @param anew  `reconnect`: the tunnel must enter a phase first; what was true before does not count.
    WaitTracker(control::ProfileView profile, Goal goal, bool anew);

    /// Events of other profiles change nothing.
    void apply(const control::Event& event);
    [[nodiscard]] Progress progress() const;
    /// "handshaking, attempt 2", "up, not reachable yet": what a person wants to know meanwhile.
    [[nodiscard]] std::string text() const;
    /// The first finding as one line, "code: summary; advice". Empty without one.
    [[nodiscard]] std::string cause() const;
    [[nodiscard]] const control::ProfileView& profile() const { return profile_; }

  private:
    [[nodiscard]] bool phase_is(std::string_view phase) const {
        return profile_.tunnel && profile_.tunnel->phase == phase;
    }

    control::ProfileView profile_;
    Goal goal_;
    bool anew_;
    bool gone_ = false;
};

std::optional<Goal> parse_goal(std::string_view word) noexcept;
std::string_view to_string(Goal goal) noexcept;

}  // namespace memdb::client
