#include "app/metrics_agent.hpp"

#include "base/ip_network.hpp"
#include "base/log.hpp"
#include "config/profile.hpp"
#include "control/loopback_handler.hpp"
#include "control/socket_files.hpp"

#include <utility>

namespace memdb::app {
namespace {

constexpr Duration kAgain = 30s;

}  // namespace

MetricsAgent::MetricsAgent(boost::asio::io_context& io, control::Callbacks callbacks, std::function<void()> changed)
    : io_(io), callbacks_(std::move(callbacks)), again_(io), changed_(std::move(changed)) {
    callbacks_.meaning = control::handle_loopback;
}

/// For a scraper and a few health checks. No user is known here, so all of it is one user's.
control::ServerLimits MetricsAgent::limits() const {
    control::ServerLimits limits;
    limits.connections = limits.per_uid = 16;
    limits.root_reserve = 0;
    limits.body = 0;
    limits.request = request_limit_;
    return limits;
}

void MetricsAgent::follow(const config::Settings& settings) {
    request_limit_ = settings.control.request_limit;
    if (settings.metrics == settings_ && server_) return server_->set_limits(limits());
    close();
    settings_ = settings.metrics;
    if (settings_.listen) listen();
}

void MetricsAgent::close() {
    again_.cancel();
    server_.reset();
    settings_.listen.reset();
    if (!std::exchange(trouble_, {}).empty()) changed_();
}

std::vector<health::Condition> MetricsAgent::conditions() const {
    if (trouble_.empty()) return {};
    const std::string place = config::endpoint_text(settings_.listen->host, settings_.listen->port);
    return {{"metrics-unavailable", "/metrics and /healthz cannot be served at " + place, trouble_}};
}

void MetricsAgent::listen() {
    const auto address = parse_address(settings_.listen->host);
    const auto bound = control::bind_loopback_socket(address.value_or(IpAddress{}), settings_.listen->port);
    if (bound.has_value()) {
        // Nobody is known over TCP: a peer and a policy without anybody have the right to read, and no other.
        const auto nobody = [](int) { return Result<control::Peer>(control::Peer{}); };
        server_ = std::make_unique<control::ControlServer>(io_, *bound, "", control::AccessPolicy{}, callbacks_,
                                                           limits(), nobody);
        if (!std::exchange(trouble_, {}).empty()) changed_();
        logger("metrics")->info("/metrics and /healthz are at {}",
                                config::endpoint_text(settings_.listen->host, settings_.listen->port));
        return;
    }
    if (std::exchange(trouble_, bound.error().message) != bound.error().message) {
        logger("metrics")->warn("metrics.listen: {}; memdbd works without it and tries again every {} s",
                                bound.error().message, kAgain / 1s);
        changed_();
    }
    again_.expires_after(kAgain);
    again_.async_wait([this](const boost::system::error_code& error) {
        if (!error && settings_.listen && !server_) listen();  // an expiry may have been on its way already
    });
}

}  // namespace memdb::app
