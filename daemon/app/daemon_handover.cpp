// What an earlier memdbd has left: taken over where it is wanted and sound, ended and undone where not.
#include "app/daemon.hpp"
#include "base/log.hpp"
#include "config/settings_parser.hpp"
#include "host/cleanup_runner.hpp"
#include "host/control_group_runner.hpp"
#include "host/leftover_process.hpp"
#include "host/unit_job_link.hpp"

#include <unistd.h>

#include <fmt/format.h>

#include <filesystem>
#include <set>
#include <string>
#include <utility>

namespace memdb::app {
namespace {

constexpr Duration kJobLimit = 2s;
constexpr Duration kRevertLimit = 2s;  ///< for systemd-resolved, at a start or with --cleanup

Result<void> revert_dns(unsigned link) { return host::revert_link_dns(link, kRevertLimit); }

void tell(const std::vector<std::string>& done, const std::vector<std::string>& problems) {
    for (const std::string& line : done) logger("host")->info("left over by an earlier run: {}", line);
    for (const std::string& line : problems) logger("host")->warn("{}", line);
}

/// The profiles whose openvpn, as it was recorded, lives.
Result<void> no_openvpn_lives(const host::FootprintStore& footprints) {
    const auto profiles = footprints.list();
    if (profiles.has_error()) return profiles.error();
    for (const std::string& name : *profiles) {
        const auto footprint = footprints.load(name);
        if (footprint.has_error() || !footprint->openvpn_pid) continue;  // clean_up says what is wrong with it
        const auto alive =
            host::lives({*footprint->openvpn_pid, footprint->openvpn_start_time, footprint->openvpn_exe});
        if (alive.has_error()) return alive.error();
        if (*alive)
            return Failure{
                Errc::busy,
                fmt::format("{}: its openvpn (pid {}) runs and waits for memdbd, nothing was done; to end it: "
                            "systemctl stop memdbd.socket memdbd.service",
                            name, *footprint->openvpn_pid)};
    }
    return {};
}

Result<std::vector<std::string>> undo(const DaemonOptions& options, bool openvpn_may_live) {
    std::error_code error;
    if (!std::filesystem::exists(options.state_dir, error) && !error) return std::vector<std::string>{};
    const auto store = keys::ProfileStore::open(options.state_dir);  // for its lock
    if (store.has_error()) return store.error();
    auto link = host::RouteLink::open();
    if (link.has_error()) return link.error();
    host::FootprintStore footprints(options.state_dir);
    if (!openvpn_may_live)
        if (const auto ended = no_openvpn_lives(footprints); ended.has_error()) return ended.error();
    host::CleanupReport report = host::clean_up(footprints, *link, revert_dns);
    if (!report.problems.empty()) return Failure{Errc::io, report.problems.front()};
    return std::move(report.done);
}

}  // namespace

Result<std::vector<std::string>> clean_up(const DaemonOptions& options) { return undo(options, false); }

Result<std::vector<std::string>> after_stop(const DaemonOptions& options) {
    const auto job = host::unit_job(kJobLimit);
    if (job.has_error()) return job.error();
    if (*job != "stop") return std::vector<std::string>{};
    auto undone = undo(options, true);
    const auto settings = read_settings(options);  // unreadable ones: then what nearly everybody has
    const std::string program = settings.has_error() ? config::Settings{}.openvpn.program : settings->openvpn.program;
    host::SweepReport swept = host::sweep_control_group(program, {});
    if (!swept.problems.empty()) return Failure{Errc::io, swept.problems.front()};
    if (undone.has_value()) undone->insert(undone->end(), swept.done.begin(), swept.done.end());
    return undone;
}

bool Daemon::take_over(const std::string& name) {
    if (!host::is_managed()) return false;
    HandoverAgent keeper(name, around_.private_dir);
    const auto left = keeper.take(passed_.stored);
    if (!left) return false;
    if (agents_.at(name)->take_over(*left)) return true;
    keeper.gone();
    return false;
}

/// Before any openvpn is started: whatever was not taken over goes.
void Daemon::sweep(const std::set<std::string>& taken_over) {
    for (const auto& [name, descriptor] : std::exchange(passed_.stored, {})) {
        ::close(descriptor);
        host::forget_descriptor(name);
    }
    std::set<int> kept;
    for (const std::string& name : taken_over)
        if (const auto pid = agents_.at(name)->openvpn_pid()) kept.insert(*pid);
    if (routes_) {
        const auto recorded = footprints_->list();
        if (recorded.has_error()) logger("host")->warn("{}", recorded.error().message);
        for (const std::string& name : recorded.has_error() ? std::vector<std::string>{} : *recorded)
            if (!taken_over.contains(name)) {
                const host::CleanupReport report = host::clean_up(*footprints_, routes_->link(), name, revert_dns);
                tell(report.done, report.problems);
            }
    }
    const host::SweepReport swept = host::sweep_control_group(settings_.openvpn.program, kept);
    tell(swept.done, swept.problems);
}

}  // namespace memdb::app
