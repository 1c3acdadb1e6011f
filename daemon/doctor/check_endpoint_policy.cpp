// From this machine to the endpoint, and the tunnel.
#include "doctor/check_looks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace memdb::doctor {
namespace {

using enum health::CheckState;

std::string ms_text(Microseconds took) { return fmt::format("{:.1f} ms", static_cast<double>(took.count()) / 1000.0); }

}  // namespace

std::optional<Look> look_at_network(const Scene& scene) {
    if (!scene.online) return Look{skip, "this machine's routes cannot be read"};
    if (!*scene.online) return Look{fail, "no route leads to the endpoint", "network-offline"};
    return Look{pass, "a route leads to the endpoint"};
}

std::optional<Look> look_at_local_networks(const Scene& scene) {
    if (!scene.local_networks.empty())
        return Look{warn, fmt::format("{} has addresses of the VPC", fmt::join(scene.local_networks, ", ")),
                    "route-shadowed"};
    if (!scene.knows_networks) return Look{skip, "the VPC's addresses are not known before the first connection"};
    return Look{pass, "no network of this machine has addresses of the VPC"};
}

std::optional<Look> look_at_endpoint_name(const Scene& scene) {
    if (!scene.endpoint_name) return std::nullopt;
    const NameSeen& seen = *scene.endpoint_name;
    if (!seen.trouble.empty())
        return Look{fail, fmt::format("{}: {}", seen.name, seen.trouble), "endpoint-name-unresolved"};
    return Look{pass, fmt::format("{} is {}", seen.name, fmt::join(seen.addresses, ", "))};
}

std::optional<Look> look_at_servers(const Scene& scene) {
    if (!scene.servers || scene.servers->empty()) return std::nullopt;
    const std::string way = scene.over_tcp ? "TCP" : "UDP";
    std::vector<std::string> each;
    std::size_t answered = 0, asked = 0;
    for (const ServerSeen& server : *scene.servers) {
        if (!server.asked) continue;  // an address of a family that this network has not
        ++asked;
        answered += server.answered ? 1 : 0;
        each.push_back(fmt::format("{}: {}", server.server, server.answered ? ms_text(server.took) : server.evidence));
    }
    if (asked == 0) return Look{fail, "this machine has no way to any address of the endpoint", "network-offline"};
    const std::string text =
        fmt::format("{} of {} answer OpenVPN's first packet over {} ({})", answered, asked, way, fmt::join(each, ", "));
    if (answered == 0) return Look{fail, text, "endpoint-silent"};
    if (answered < asked)
        return Look{warn, text, "",
                    "nothing to do: memdbd uses the addresses that answer; if it lasts, look at the endpoint's target "
                    "networks in AWS"};
    return Look{pass, text};
}

std::optional<Look> look_at_handshake(const Scene& scene) {
    if (is_up(scene)) return Look{pass, "the endpoint has accepted the certificate: the tunnel is up"};
    if (scene.trial) {
        const TrialSeen& trial = *scene.trial;
        const std::string which = fmt::format("generation {}", trial.generation);
        if (trial.accepted)
            return Look{pass, fmt::format("a trial with {} was accepted after {} ms", which, trial.took.count())};
        std::string text = fmt::format("a trial with {} failed after {:.1f} s: {}", which,
                                       static_cast<double>(trial.took.count()) / 1000.0, trial.evidence);
        if (const auto& earlier = scene.earlier_trial)
            text += fmt::format("; generation {} is {} too", earlier->generation,
                                earlier->accepted ? "accepted, not refused" : "refused");
        return Look{fail, std::move(text), trial.code};
    }
    return std::nullopt;
}

std::optional<Look> look_at_wish(const Scene& scene) {
    if (scene.view.wanted == control::Wanted::connected) return Look{pass, "somebody wants it connected"};
    return Look{fail, "not connected, because nobody asks for it", "stopped",
                fmt::format("`memdbctl connect {}`", scene.view.name)};
}

std::optional<Look> look_at_process(const Scene& scene) {
    if (!scene.view.tunnel || !scene.view.tunnel->openvpn_pid) return std::nullopt;
    return Look{pass, fmt::format("process {}", *scene.view.tunnel->openvpn_pid)};
}

std::optional<Look> look_at_tunnel(const Scene& scene) {
    if (!scene.view.tunnel) return std::nullopt;
    const control::TunnelView& tunnel = *scene.view.tunnel;
    if (tunnel.phase == "up")
        return Look{pass, fmt::format("{} on {} via {}", tunnel.address.value_or("up"),
                                      tunnel.device.value_or("a device"), tunnel.server.value_or("the endpoint"))};
    if (scene.view.wanted != control::Wanted::connected) return std::nullopt;
    return Look{fail, fmt::format("it is not up ({}), and nothing seen just now stands against it", tunnel.phase),
                "connecting", fmt::format("try at once: `memdbctl reconnect {}`", scene.view.name)};
}

std::optional<Look> look_at_packet_size(const Scene& scene) {
    if (!scene.node) return std::nullopt;
    const NodeSeen& node = *scene.node;
    if (node.large_ping)
        return Look{
            pass, fmt::format("a PING of 1 400 bytes to {} came back after {}", node.node, ms_text(*node.large_ping))};
    if (node.lost)
        return Look{warn, fmt::format("{} gave no answer to a PING of 1 400 bytes, only to less", node.node),
                    "path-mtu-too-small"};
    return Look{skip, fmt::format("no connection of the doctor's own to {}: {}", node.node, node.trouble)};
}

std::optional<Look> look_at_pushed(const Scene& scene) {
    if (!is_up(scene)) return std::nullopt;
    if (scene.pushed_routes.empty()) return Look{warn, "the endpoint has pushed no route", "route-not-via-tunnel"};
    return Look{pass, fmt::format("{} through the tunnel, {}", fmt::join(scene.pushed_routes, ", "),
                                  scene.pushed_dns.empty() ? "no DNS server"
                                                           : fmt::format("DNS {}", fmt::join(scene.pushed_dns, ", ")))};
}

}  // namespace memdb::doctor
