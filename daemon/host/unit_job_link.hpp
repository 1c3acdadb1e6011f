// What systemd is doing with the unit that this process belongs to: "stop", "restart", "start", or nothing.
//
// The only way to tell a stop from a restart: signals, exit codes and the variables of ExecStopPost= are the same for
// both (recipes §2). Reading it needs no privilege.
#pragma once

#include "base/error.hpp"
#include "base/time.hpp"

#include <string>

namespace memdb::host {

/// The type of the unit's job (org.freedesktop.systemd1.Job.JobType); empty when there is none.
/// Errc::not_found: this process belongs to no unit; Errc::peer_closed: there is no bus; deadline_passed; io.
/// Blocks for some ms, at most `limit`.
Result<std::string> unit_job(Duration limit);

}  // namespace memdb::host
