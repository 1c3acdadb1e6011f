#include "app/way_out_policy.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace memdb::app {
namespace {

std::string text_of(const host::RouteAnswer& answer) {
    return fmt::format("{} {} {}", answer.device, answer.gateway ? to_string(*answer.gateway) : "-",
                       answer.source ? to_string(*answer.source) : "-");
}

WayOut by_networks(std::span<const host::LocalNetwork> networks, const std::string& tunnel_device) {
    WayOut out{false, true, {}};
    for (const host::LocalNetwork& network : networks) {
        if (network.device == tunnel_device) continue;
        out.online = true;
        out.ways.emplace(network.device + " " + to_string(network.address), to_string(network.network));
    }
    return out;
}

bool is_another_way(const WayOut& before, const WayOut& after) {
    if (before.by_networks != after.by_networks) return false;  // another question, no other answer
    return std::ranges::any_of(after.ways, [&](const auto& way) {
        const auto known = before.ways.find(way.first);
        return known == before.ways.end() ? after.by_networks : known->second != way.second;
    });
}

}  // namespace

WayOut way_out(const WayOut& before, std::span<const EndpointWay> endpoint,
               std::span<const host::LocalNetwork> networks, const std::string& tunnel_device) {
    if (endpoint.empty()) return by_networks(networks, tunnel_device);
    WayOut out{false, false, {}};
    for (const auto& [address, answer] : endpoint) {
        const std::string to = to_string(address);
        if (answer && answer->kind == host::RouteAnswer::Kind::unreachable) continue;
        if (answer && answer->device != tunnel_device) {
            out.online = true;
            out.ways[to] = text_of(*answer);
            continue;
        }
        out.online = out.online || !answer;  // unknown: better one attempt too many than none for ever
        if (const auto known = before.ways.find(to); known != before.ways.end()) out.ways.insert(*known);
    }
    return out;
}

NetworkMove judge_move(const WayOut& before, const WayOut& after, bool well) {
    const bool turned = before.online != after.online;
    const bool moved = after.online && is_another_way(before, after);
    return {turned || moved, after.online && (moved || !well)};
}

}  // namespace memdb::app
