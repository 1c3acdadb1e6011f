#include "app/path_agent.hpp"

#include "base/log.hpp"

#include <utility>

namespace memdb::app {
namespace {

constexpr std::size_t kRemembered = 4096;  // nodes come and go

}  // namespace

const host::RouteAnswer* PathAgent::way_to(const IpAddress& to) {
    if (watch_ == nullptr) return nullptr;
    if (answers_.size() >= kRemembered) answers_.clear();
    auto [known, is_new] = answers_.try_emplace(to);
    if (is_new) {
        if (auto answer = watch_->route_to(to))
            known->second = std::move(*answer);
        else
            logger("host")->debug("route to {}: {}", to_string(to), answer.error().message);
    }
    return known->second ? &*known->second : nullptr;
}

WayOut PathAgent::way_out(const WayOut& before, const tunnel::TunnelState& tunnel) {
    if (watch_ == nullptr) return {};
    std::vector<EndpointWay> endpoint;
    for (const tunnel::ServerAddress& server : tunnel.addresses) {
        const auto address = parse_address(server.address);
        if (!address) continue;
        const host::RouteAnswer* const way = way_to(*address);
        endpoint.push_back({*address, way != nullptr ? std::optional(*way) : std::nullopt});
    }
    if (!endpoint.empty()) return app::way_out(before, endpoint, {}, tunnel.device);
    const auto networks = watch_->local_networks();
    return networks.has_value() ? app::way_out(before, {}, *networks, tunnel.device) : before;
}

std::optional<bool> PathAgent::reaches(const std::string& server, const std::string& tunnel_device) {
    const auto address = parse_address(server);
    const host::RouteAnswer* const way = address ? way_to(*address) : nullptr;
    if (way == nullptr) return std::nullopt;
    return way->kind == host::RouteAnswer::Kind::found && (tunnel_device.empty() || way->device != tunnel_device);
}

health::RouteVerdict PathAgent::judge(const std::string& node, const tunnel::TunnelState& tunnel) {
    const auto address = parse_address(node);
    if (!address || !tunnel.pushed) return {};
    const host::RouteAnswer* const way = way_to(*address);
    if (way == nullptr) return {};
    return health::judge_route(*address, *way, tunnel.device, tunnel.pushed->routes,
                               tunnel::captures_default(*tunnel.pushed, address->is_v6));
}

std::optional<host::LinkCounters> PathAgent::counters(const std::string& device) {
    if (watch_ == nullptr || device.empty()) return std::nullopt;
    const auto counters = watch_->counters(device);
    return counters.has_value() ? *counters : std::nullopt;
}

std::vector<host::LocalNetwork> PathAgent::local_networks() {
    if (watch_ == nullptr) return {};
    auto networks = watch_->local_networks();
    return networks.has_value() ? std::move(*networks) : std::vector<host::LocalNetwork>{};
}

}  // namespace memdb::app
