#include "app/dns_agent.hpp"

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/overloaded.hpp"

#include <utility>
#include <variant>

namespace memdb::app {

using host::DnsTrouble;

DnsAgent::DnsAgent(boost::asio::io_context& io, host::ResolvedLink& resolved, host::RouteWatch* routes,
                   const config::DnsSettings& settings, std::string profile, std::vector<std::string> hosts,
                   Hooks hooks)
    : resolved_(resolved),
      routes_(routes),
      settings_(settings),
      profile_(std::move(profile)),
      hosts_(std::move(hosts)),
      hooks_(std::move(hooks)),
      timer_(io) {
    state_.running = resolved.running();
}

void DnsAgent::follow(const tunnel::TunnelState& tunnel, bool wanted) {
    const bool is_up = wanted && tunnel.phase == tunnel::Phase::up && tunnel.pushed && !tunnel.device.empty();
    if (!is_up) {
        if (!basis_) return;
        basis_.reset();
        planned_ = DnsStanding::idle;
        return feed(DnsWanted{});
    }
    const bool known = basis_ && basis_->device == tunnel.device && basis_->connected_at == tunnel.connected_at &&
                       basis_->servers == tunnel.pushed->dns && basis_->domains == tunnel.pushed->domains;
    if (known) return;
    basis_ = Basis{tunnel.device, tunnel.connected_at, tunnel.pushed->dns, tunnel.pushed->domains};
    plan(tunnel);
}

void DnsAgent::look_again(const tunnel::TunnelState& tunnel, bool wanted) {
    follow(tunnel, wanted);
    if (basis_) plan(tunnel);
    feed(DnsTryAgain{});
}

void DnsAgent::plan(const tunnel::TunnelState& tunnel) {
    device_ = tunnel.device;
    const auto index = routes_ == nullptr ? Result<std::optional<unsigned>>(std::optional<unsigned>{})
                                          : routes_->link().index_of(tunnel.device);
    if (index.has_error() || !*index) {  // gone already, which the tunnel will say next
        planned_ = DnsStanding::idle;
        return feed(DnsWanted{});
    }
    DnsPlan plan = plan_dns(*tunnel.pushed, hosts_, settings_, [&](const IpAddress& server) {
        const auto way = routes_->route_to(server);
        return way.has_value() && way->kind == host::RouteAnswer::Kind::found && way->device == tunnel.device;
    });
    planned_ = plan.standing;
    if (!plan.dns) return feed(DnsWanted{});
    feed(DnsWanted{DnsTarget{**index, std::move(*plan.dns)}});
}

void DnsAgent::service_changed() { feed(DnsServiceSeen{resolved_.running()}); }

void DnsAgent::feed(const DnsEvent& event) {
    DnsStep done = step(state_, event, now());
    logger("host")->debug("{}: dns: {}", profile_, done.why);
    if (done.why == "ignored") return;
    const DnsState before = std::exchange(state_, std::move(done.state));
    log_step(before);
    if (hooks_.touches && before.touched.has_value() != state_.touched.has_value())
        hooks_.touches(state_.touched.has_value());
    arm();
    if (done.action) perform(*done.action);
    if (hooks_.changed) hooks_.changed();
    if (hooks_.applied && state_.applied && before.applied != state_.applied) hooks_.applied();
}

void DnsAgent::perform(const DnsAction& action) {
    const auto done = [this, life = std::weak_ptr(life_)](std::optional<host::DnsFailure> failure) {
        if (!life.expired()) feed(DnsStepDone{std::move(failure)});
    };
    std::visit(Overloaded{[&](const ApplyDns& apply) { resolved_.apply(apply.target.link, apply.target.dns, done); },
                          [&](const RevertDns& revert) { resolved_.revert(revert.link, done); }},
               action);
}

/// Edges only: what is refused again, or has failed again, is no news.
void DnsAgent::log_step(const DnsState& before) {
    const auto log = logger("host");
    if (state_.applied && before.applied != state_.applied)
        log->info("{}: systemd-resolved asks {} through {}", profile_, to_string(state_.applied->dns), device_);
    if (state_.applied || !state_.wanted) told_.reset();
    if (state_.failure && std::exchange(told_, state_.failure->trouble) != state_.failure->trouble)
        log->warn("{}: DNS of {} is not applied, {}: {}", profile_, device_, dns_trouble(standing()),
                  state_.failure->text);
    if (before.touched && !state_.touched && !state_.failure) log->debug("{}: DNS of {} taken back", profile_, device_);
}

void DnsAgent::arm() {
    timer_.cancel();
    if (!state_.retry_at) return;
    timer_.expires_at(*state_.retry_at);
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) feed(DnsDeadlinePassed{});
    });
}

DnsStanding DnsAgent::standing() const {
    if (!state_.wanted) return planned_;
    if (state_.applied == state_.wanted) return DnsStanding::applied;
    if (!state_.running.value_or(false)) return DnsStanding::absent;
    if (!state_.failure) return DnsStanding::pending;
    switch (state_.failure->trouble) {
        case DnsTrouble::absent: return DnsStanding::absent;
        case DnsTrouble::denied: return DnsStanding::denied;
        case DnsTrouble::managed: return DnsStanding::managed;
        case DnsTrouble::no_link: return DnsStanding::idle;
        case DnsTrouble::late:
        case DnsTrouble::failed: return DnsStanding::failed;
    }
    return DnsStanding::failed;
}

std::optional<control::DnsView> DnsAgent::view() const {
    if (!basis_) return std::nullopt;
    control::DnsView view;
    const DnsStanding standing = this->standing();
    view.applied = standing == DnsStanding::applied;
    if (const auto trouble = dns_trouble(standing); !trouble.empty()) view.trouble = trouble;
    if (!state_.wanted) return view;
    for (const DnsServer& server : state_.wanted->dns.servers) view.servers.push_back(to_string(server));
    for (const host::LinkDomain& domain : state_.wanted->dns.domains) view.domains.push_back(to_string(domain));
    return view;
}

}  // namespace memdb::app
