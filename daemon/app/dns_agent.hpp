// Tells systemd-resolved of one profile's tunnel: which servers to ask for which names, while it is up; and takes that
// back when it is not. Drives dns_machine; decides nothing itself.
#pragma once

#include "app/dns_machine.hpp"
#include "app/dns_policy.hpp"
#include "config/dns_settings.hpp"
#include "control/snapshot.hpp"
#include "host/resolved_link.hpp"
#include "host/route_watch.hpp"
#include "tunnel/tunnel_state.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace memdb::app {

class DnsAgent {
  public:
    struct Hooks {
        std::function<void()> changed;  ///< the view is another one
        std::function<void()> applied;  ///< names may resolve otherwise from now on
        std::function<void(bool)> touches =
            {};  ///< something may be set for the device, or no longer is: write it down
    };

    /// All references must outlive the agent. `routes` may be null: then no device is known, and nothing is told.
    DnsAgent(boost::asio::io_context& io, host::ResolvedLink& resolved, host::RouteWatch* routes,
             const config::DnsSettings& settings, std::string profile, std::vector<std::string> hosts, Hooks hooks);
    ~DnsAgent() = default;
    DnsAgent(const DnsAgent&) = delete;
    DnsAgent& operator=(const DnsAgent&) = delete;

    /// Call it after every change of the tunnel's state or of the wish. Cheap while nothing of DNS has changed.
    void follow(const tunnel::TunnelState& tunnel, bool wanted);

    /// An earlier memdbd has told the service of this device. Before follow() of a tunnel that was taken over and is
    /// up.
    void taken_over(unsigned link) { state_.touched = link; }

    /// When its timer wants to go off.
    [[nodiscard]] std::optional<TimePoint> deadline() const noexcept { return state_.retry_at; }

    /// The service has come, gone, or been replaced.
    void service_changed();

    /// Those of other clusters, from look_again() on.
    void use_hosts(std::vector<std::string> hosts) { hosts_ = std::move(hosts); }

    /// Settings are others, or a person asks: what was refused is tried once more.
    void look_again(const tunnel::TunnelState& tunnel, bool wanted);

    [[nodiscard]] DnsStanding standing() const;
    [[nodiscard]] DnsAdvice advice() const { return dns_advice(standing(), device_); }
    /// Nothing while there is no tunnel.
    [[nodiscard]] std::optional<control::DnsView> view() const;

  private:
    /// What a plan is made from. As long as it stays, so does the plan.
    struct Basis {
        std::string device;
        std::optional<TimePoint> connected_at;
        std::vector<DnsServer> servers;
        std::vector<tunnel::PushedDomain> domains;
        bool operator==(const Basis&) const = default;
    };
    void plan(const tunnel::TunnelState& tunnel);
    void feed(const DnsEvent& event);
    void perform(const DnsAction& action);
    void log_step(const DnsState& before);
    void arm();

    host::ResolvedLink& resolved_;
    host::RouteWatch* routes_;
    const config::DnsSettings& settings_;
    std::string profile_;
    std::vector<std::string> hosts_;
    Hooks hooks_;
    boost::asio::steady_timer timer_;
    std::optional<Basis> basis_;  ///< none: no tunnel
    std::string device_;
    DnsStanding planned_ = DnsStanding::idle;
    DnsState state_;
    std::optional<host::DnsTrouble> told_;  ///< to the log
    std::shared_ptr<bool> life_ = std::make_shared<bool>(true);
};

}  // namespace memdb::app
