#include "app/path_agent.hpp"

#include "base/log.hpp"

#include <fmt/format.h>

namespace memdb::app {
namespace {

constexpr std::size_t kRemembered = 4096;  // nodes come and go

std::string text_of(const host::RouteAnswer& answer) {
    return fmt::format("{} {} {}", answer.device, answer.gateway ? to_string(*answer.gateway) : "-",
                       answer.source ? to_string(*answer.source) : "-");
}

/// redirect-gateway takes IPv4 unless it says otherwise, and IPv6 only if it says so.
bool captures(const tunnel::PushedOptions& pushed, const IpAddress& address) {
    const bool told = pushed.redirect_flags.find(address.is_v6 ? "ipv6" : "!ipv4") != std::string::npos;
    return pushed.redirect_gateway && told == address.is_v6;
}

}  // namespace

const host::RouteAnswer* PathAgent::way_to(const IpAddress& to) {
    if (watch_ == nullptr) return nullptr;
    if (ways_.size() >= kRemembered) ways_.clear();
    auto [known, is_new] = ways_.try_emplace(to);
    if (is_new) {
        if (auto answer = watch_->route_to(to))
            known->second = std::move(*answer);
        else
            logger("host")->debug("route to {}: {}", to_string(to), answer.error().message);
    }
    return known->second ? &*known->second : nullptr;
}

PathAgent::WayOut PathAgent::way_out(const tunnel::TunnelState& tunnel) {
    if (watch_ == nullptr) return {};
    WayOut out{false, {}};
    bool unknown = false;
    for (const tunnel::ServerAddress& server : tunnel.addresses) {
        const auto address = parse_address(server.address);
        const host::RouteAnswer* const way = address ? way_to(*address) : nullptr;
        unknown = unknown || way == nullptr;
        if (way == nullptr || way->kind != host::RouteAnswer::Kind::found || way->device == tunnel.device) continue;
        out.online = true;
        out.path += text_of(*way) + ";";
    }
    if (!tunnel.addresses.empty()) {
        out.online = out.online || unknown;
        return out;
    }
    const auto networks = watch_->local_networks();
    if (networks.has_error()) return {};
    for (const host::LocalNetwork& network : *networks) {
        if (network.device == tunnel.device) continue;
        out.online = true;
        out.path += network.device + " " + to_string(network.address) + ";";
    }
    return out;
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
                               captures(*tunnel.pushed, *address));
}

std::optional<host::LinkCounters> PathAgent::counters(const std::string& device) {
    if (watch_ == nullptr || device.empty()) return std::nullopt;
    const auto counters = watch_->counters(device);
    return counters.has_value() ? *counters : std::nullopt;
}

std::vector<std::string> PathAgent::local_overlaps(const std::vector<IpNetwork>& ranges,
                                                   const std::string& tunnel_device) {
    std::vector<std::string> found;
    if (watch_ == nullptr || ranges.empty()) return found;
    const auto networks = watch_->local_networks();
    if (networks.has_error()) return found;
    for (const host::LocalNetwork& local : *networks)
        for (const IpNetwork& range : ranges)
            if (local.device != tunnel_device && local.network.prefix >= range.prefix &&
                contains(range, local.network.address))
                found.push_back(fmt::format("{} dev {}", to_string(local.network), local.device));
    return found;
}

}  // namespace memdb::app
