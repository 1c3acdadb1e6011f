// Follows one rotation through the agent's answers and events until it has ended (rotate, key install, key rollback).
// Pure.
#pragma once

#include "control/event.hpp"

#include <optional>
#include <string>
#include <vector>

namespace memdb::client {

enum class RotationEnd : std::uint8_t {
    under_way,
    confirmed,
    awaiting,  ///< in force; nobody wants the tunnel: confirmed at the next connect
    failed,
    reverted,
    replaced,  ///< another rotation began
    gone,      ///< the profile was removed
};

class RotationTracker {
  public:
    /// @param begun  what the agent answered: the rotation that is followed.
    RotationTracker(std::string profile, control::RotationView begun);

    /// Events of other profiles and older looks at the same rotation change nothing. After a new connection to the
    /// agent the first event is a snapshot: it counts too.
    void apply(const control::Event& event);

    /// What was done since the last call.
    [[nodiscard]] std::vector<control::RotationStep> take_steps();
    [[nodiscard]] RotationEnd end() const;
    [[nodiscard]] const control::RotationView& view() const { return view_; }

  private:
    void look(const std::optional<control::RotationView>& view);

    std::string profile_;
    control::RotationView view_;
    std::size_t taken_ = 0;
    bool replaced_ = false;
    bool gone_ = false;
};

/// "  proven     0.31 s  the endpoint accepted it beside the running tunnel", with its newline.
std::string rotation_step_text(const control::RotationStep& step, bool ascii);

/// "  signed     0.31 s  DETAIL": the same shape. No time: blanks.
std::string rotation_line(std::string_view step, std::optional<Duration> after, std::string_view detail, bool ascii);

}  // namespace memdb::client
