#include "host/control_group_runner.hpp"

#include "host/leftover_process.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

namespace memdb::host {
namespace {

namespace fs = std::filesystem;

/// The file that lists our control group's processes; nothing when that is no service of memdbd's.
std::optional<fs::path> own_group() {
    if (std::getenv("INVOCATION_ID") == nullptr) return std::nullopt;
    std::ifstream lines("/proc/self/cgroup");
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("0::/")) continue;
        const fs::path group = fs::path(line.substr(4));
        const std::string unit = group.filename().string();
        if (!unit.starts_with("memdbd") || !unit.ends_with(".service")) return std::nullopt;
        for (const char* const root : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {  // unified: v1 is mounted too
            const fs::path file = root / group / "cgroup.procs";
            std::error_code none;
            if (fs::exists(file, none)) return file;
        }
    }
    return std::nullopt;
}

}  // namespace

SweepReport sweep_control_group(const std::string& program, const std::set<int>& kept) {
    SweepReport report;
    const auto group = own_group();
    if (!group) return report;
    std::error_code unresolved;
    const fs::path real = fs::canonical(program, unresolved);
    std::ifstream pids(*group);
    for (int pid = 0; pids >> pid;) {
        if (pid == ::getpid() || kept.contains(pid)) continue;
        const auto mark = mark_of(pid);
        if (mark.has_error() || fs::path(mark->exe) != (unresolved ? fs::path(program) : real)) continue;
        const auto ended = end_process(*mark);
        if (ended.has_error())
            report.problems.push_back(ended.error().message);
        else if (*ended)
            report.done.push_back(fmt::format("ended {} (pid {}), which nobody led", program, pid));
    }
    return report;
}

}  // namespace memdb::host
