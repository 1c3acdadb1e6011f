// A process that is not our child (any more): knowing it again, and ending it. Never somebody else's.
//
// A pid alone is nobody's name: what a process is known by is pid, start time and program. Reads /proc/PID only, so it
// works where the rest of /proc is hidden.
#pragma once

#include "base/error.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <string>

namespace memdb::host {

struct ProcessMark {
    int pid = 0;
    std::uint64_t start_time = 0;  ///< clock ticks after boot (/proc/PID/stat)
    std::string exe;               ///< the file that it runs; without " (deleted)"

    bool operator==(const ProcessMark&) const = default;
};

/// The marks of the process that has this pid now. Errc::not_found when there is none, or only what is left until its
/// parent has heard of its end; Errc::io when it cannot be read, as of another user's in a sandbox.
Result<ProcessMark> mark_of(int pid);

/// Clock ticks after boot of the process that has this pid now. Errors as above.
Result<std::uint64_t> process_start_time(int pid);

/// Whether that very process still lives. Errc::io as above.
Result<bool> lives(const ProcessMark& mark);

/// Ends it: SIGTERM and, if it is stopped, SIGCONT; after `grace` SIGKILL.
///
/// @return whether it was there to be ended. Errc::not_permitted, Errc::io; Errc::deadline_passed when it has outlived
///         SIGKILL by `grace`.
/// Blocking: twice `grace` at most, normally some ms. At start-up only, never from a running loop.
Result<bool> end_process(const ProcessMark& mark, Duration grace = 2s);

/// The running kernel's boot id; empty when it is hidden (ProcSubset=pid).
std::string boot_id();

/// Clock ticks since boot, as start times count them.
std::uint64_t ticks_since_boot();

}  // namespace memdb::host
