// The processes of the unit that memdbd runs in: ends openvpns that nobody leads any more. With KillMode=process
// systemd leaves to us what is not memdbd itself.
#pragma once

#include <set>
#include <string>
#include <vector>

namespace memdb::host {

struct SweepReport {
    std::vector<std::string> done;      ///< "ended openvpn (pid 4711), which nobody led"
    std::vector<std::string> problems;  ///< what could not be ended and why
};

/// Ends every process of this unit's control group that runs `program` (an absolute path), but those of `kept`. Nothing
/// when memdbd does not run as a service of systemd: then the group is shared with others.
/// Blocking: as end_process(), for each that does not end.
SweepReport sweep_control_group(const std::string& program, const std::set<int>& kept);

}  // namespace memdb::host
