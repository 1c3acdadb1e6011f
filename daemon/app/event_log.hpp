// Which changes of the Snapshot are worth a log line, and how it reads. Pure: daemon logs what this returns.
//
// Edges only: verdicts, findings that come and go, profiles that come and go. Phases and nodes are logged where they
// happen. A verdict is told when it is settled: that it is looked for (connecting) only where reachable ends with it,
// and what comes of it only where it is another one than before.
#pragma once

#include "control/event.hpp"

#include <map>
#include <optional>
#include <string>

namespace memdb::app {

struct LogLine {
    health::Severity severity = health::Severity::info;
    std::string text;
};

class EventLog {
  public:
    /// The line for one change; nothing when it is not worth one. Every event is given to it, in order.
    std::optional<LogLine> line(const control::Event& event);

    /// After the first look of a run: what came before it was so already when memdbd was started, and only what is
    /// wrong is told of it.
    void started() noexcept { has_started_ = true; }

  private:
    std::optional<LogLine> verdict_line(const std::string& profile, const control::VerdictChanged& change);

    std::map<std::string, health::Verdict> told_;  ///< by profile: as many as there are
    bool has_started_ = false;
};

/// One line for `systemctl status`: "demo reachable; other UNREACHABLE: port-filtered".
std::string status_line(const control::Snapshot& snapshot);

}  // namespace memdb::app
