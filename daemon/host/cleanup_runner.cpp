#include "host/cleanup_runner.hpp"

#include "base/overloaded.hpp"
#include "host/cleanup_policy.hpp"
#include "host/leftover_process.hpp"

#include <optional>
#include <utility>
#include <variant>

namespace memdb::host {
namespace {

std::optional<ProcessMark> recorded_process(const Footprint& footprint) {
    if (!footprint.openvpn_pid) return std::nullopt;
    return ProcessMark{*footprint.openvpn_pid, footprint.openvpn_start_time, footprint.openvpn_exe};
}

Result<HostNow> look(const Footprint& footprint, RouteLink& link) {
    HostNow now;
    if (const auto process = recorded_process(footprint)) {
        const auto alive = lives(*process);
        if (!alive) return alive.error();
        now.process_lives = *alive;
    }
    const auto index = link.index_of(footprint.device);
    if (!index) return index.error();
    now.device_is_there = *index && **index == footprint.device_index;
    auto routes = link.routes();
    if (!routes) return routes.error();
    now.routes = *std::move(routes);
    return now;
}

/// One profile's clean-up, under way.
class Cleanup {
  public:
    Cleanup(Footprint footprint, RouteLink& link, const RevertDnsOf& revert_dns, CleanupReport& report)
        : footprint_(std::move(footprint)), link_(link), revert_dns_(revert_dns), report_(report) {}

    /// Looks, plans and acts until nothing is left to do. Whether that was reached.
    bool run() {
        // Once more after openvpn was ended, which may have undone its part; more would mean that it comes back.
        for (int turn = 0; turn < 2; ++turn) {
            const auto now = look(footprint_, link_);
            if (!now) return problem(now.error().message);
            bool good = true;
            for (const CleanupAction& action : plan_cleanup(footprint_, *now)) good = perform(action) && good;
            if (!good) return false;
            if (!now->process_lives) return true;
        }
        return problem("the leftover openvpn does not end");
    }

  private:
    bool perform(const CleanupAction& action) {
        if (std::holds_alternative<RevertDns>(action) && !revert_dns_) return true;
        const auto result = std::visit(Overloaded{
                                           [&](const EndOpenvpn&) { return end_openvpn(); },
                                           [&](const RemoveRoute& remove) { return link_.remove(remove.route); },
                                           [&](const RestoreRoute& restore) { return link_.add(restore.route); },
                                           [&](const RevertDns& revert) { return revert_dns_(revert.link); },
                                       },
                                       action);
        // The network that a default route led into is not attached any more: nothing to restore.
        if (!result && std::holds_alternative<RestoreRoute>(action) && result.error().code == Errc::not_found)
            return true;
        if (!result) return problem(result.error().message);
        report_.done.push_back(footprint_.profile + ": " + done_text(action));
        return true;
    }

    Result<void> end_openvpn() {
        const auto ended = end_process(*recorded_process(footprint_));
        if (!ended) return ended.error();
        return {};
    }

    bool problem(const std::string& text) {
        report_.problems.push_back(footprint_.profile + ": " + text);
        return false;
    }

    Footprint footprint_;
    RouteLink& link_;
    const RevertDnsOf& revert_dns_;
    CleanupReport& report_;
};

void clean_up_after(FootprintStore& store, RouteLink& link, const RevertDnsOf& revert_dns, const std::string& profile,
                    CleanupReport& report) {
    auto footprint = store.load(profile);
    if (!footprint && footprint.error().code == Errc::not_found) return;
    if (!footprint) {
        report.problems.push_back(
            profile + ": the record of what openvpn changed on this host cannot be used, nothing was undone (" +
            footprint.error().message + "); look at `ip route`, then remove " + store.path_of(profile).string());
        return;
    }
    const bool is_old = is_of_another_boot(*footprint, boot_id(), ticks_since_boot());
    if (!is_old && !Cleanup(*std::move(footprint), link, revert_dns, report).run()) return;
    if (const auto removed = store.remove(profile); !removed)
        report.problems.push_back(profile + ": " + removed.error().message);
}

}  // namespace

CleanupReport clean_up(FootprintStore& store, RouteLink& link, const RevertDnsOf& revert_dns) {
    CleanupReport report;
    const auto profiles = store.list();
    if (!profiles) report.problems.push_back(profiles.error().message);
    if (!profiles) return report;
    for (const std::string& profile : *profiles) clean_up_after(store, link, revert_dns, profile, report);
    return report;
}

CleanupReport clean_up(FootprintStore& store, RouteLink& link, const std::string& profile,
                       const RevertDnsOf& revert_dns) {
    CleanupReport report;
    clean_up_after(store, link, revert_dns, profile, report);
    return report;
}

}  // namespace memdb::host
