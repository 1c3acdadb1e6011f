// Which changes of the Snapshot are worth a log line, and how it reads. Pure: daemon logs what this returns.
//
// Edges only: verdicts, findings that come and go, profiles that come and go. Phases and nodes are logged where they
// happen.
#pragma once

#include "control/event.hpp"

#include <optional>
#include <string>

namespace memdb::app {

struct LogLine {
    health::Severity severity = health::Severity::info;
    std::string text;
};

/// The line for one change; nothing when it is not worth one.
std::optional<LogLine> log_line(const control::Event& event);

/// One line for `systemctl status`: "demo reachable; other UNREACHABLE: port-filtered".
std::string status_line(const control::Snapshot& snapshot);

}  // namespace memdb::app
