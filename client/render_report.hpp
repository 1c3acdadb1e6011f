// `memdbctl report`: history and Snapshot as one page of HTML that needs nothing else: no network, no script. Pure.
#pragma once

#include "client/local_time.hpp"
#include "control/history_view.hpp"
#include "control/snapshot.hpp"

#include <optional>
#include <string>

namespace memdb::client {

struct Report {
    const control::History& history;
    const control::Snapshot& snapshot;
    std::optional<std::string> only;  ///< this profile; absent: all
    WallTime made_at{};
    std::string version;  ///< of memdbctl
};

/// The whole page. Everything that the agent told is escaped, and a Content-Security-Policy in the page lets nothing be
/// loaded or run should that fail.
std::string render_report(const Report& report, LocalTime local);

}  // namespace memdb::client
