// What the doctor may know of a profile, and do with it.
#include "app/profile_agent.hpp"
#include "base/clock.hpp"
#include "host/machine_files.hpp"

#include <utility>

namespace memdb::app {

using tunnel::Phase;

void ProfileAgent::add_to(doctor::Scene& scene) {
    scene.has_tunnel = tunnel_ != nullptr;
    scene.private_ca = !ca_pem_.empty();
    scene.synchronised = host::clock_is_synchronised();
    if (!tunnel_) scene.online = route_to_nodes();
    if (!tunnel_) return;
    if (credential_trouble_) {
        scene.credential_trouble = credential_trouble_->summary + ": " + credential_trouble_->evidence;
        scene.credential_code = credential_trouble_->code;
    }
    scene.knows_networks = !ranges_.empty();
    scene.tun = host::tun_trouble();
    scene.net_admin = host::has_net_admin();
    const tunnel::TunnelState& state = tunnel_->state();
    if (around_.routes != nullptr) scene.online = way_out_.online;
    if (!profile_.profile.remotes.empty())
        scene.over_tcp = profile_.profile.remotes.front().transport == config::Transport::tcp;
    scene.connected_before = credential_ && accepted_generation_ == credential_->generation;
    scene.local_networks = networks_within(ranges_, path_.local_networks(), state.device);
    if (state.phase != Phase::up) return;
    if (state.pushed) {
        for (const IpNetwork& route : state.pushed->routes) scene.pushed_routes.push_back(to_string(route));
        for (const DnsServer& server : state.pushed->dns) scene.pushed_dns.push_back(to_string(server));
    }
    for (const ClusterAtWork& each : clusters_)
        for (const reach::TrackedNode& node : each.runner->tracker().nodes) {
            const auto* const probe = each.runner->probe_of(node.label);
            if (probe == nullptr || probe->address.empty()) continue;
            const health::RouteVerdict verdict = path_.judge(probe->address, state);
            if (verdict.state == health::RouteState::unknown) continue;
            scene.routes.push_back(
                {node.label, probe->address, std::string(health::finding_code(verdict.state)), verdict.evidence});
        }
}

/// A node that answers; the sentinel before others.
std::optional<std::pair<std::string, reach::NodeExamTarget>> ProfileAgent::node_for_exam() const {
    for (const bool only_sentinel : {true, false})
        for (const ClusterAtWork& each : clusters_)
            for (const reach::TrackedNode& node : each.runner->tracker().nodes) {
                if (node.health != reach::NodeHealth::ok) continue;
                if (only_sentinel && node.label != each.runner->tracker().sentinel) continue;
                if (auto target = each.runner->exam_target(node.label))
                    return std::pair(node.label, std::move(*target));
            }
    return std::nullopt;
}

/// As pushed, if packets to it go through the tunnel: another one's answer says nothing of the VPC.
std::string ProfileAgent::vpc_resolver() {
    if (!vpc_names_ || tunnel_->state().phase != Phase::up || !tunnel_->state().pushed) return {};
    for (const DnsServer& server : tunnel_->state().pushed->dns)
        if (path_.judge(to_string(server.address), tunnel_->state()).state == health::RouteState::ok)
            return to_string(server);
    return {};
}

DoctorTools ProfileAgent::doctor_tools() {
    DoctorTools tools;
    tools.vpc_resolver = [this] { return vpc_resolver(); };
    tools.ping = [this](Duration limit, auto done) { ping({}, limit, std::move(done)); };
    tools.node = [this] { return node_for_exam(); };
    for (const std::string& host : cluster_hosts())
        if (!parse_address(host)) tools.cluster_hosts.push_back(host);
    if (!tunnel_) return tools;
    tools.openvpn = around_.settings.openvpn.program;
    tools.timings = around_.settings.tunnel;
    tunnel::TunnelSetup setup = tunnel_setup();
    setup.profile += " (doctor)";
    // A name of its own: the last doctor's openvpn may still be ending.
    const std::string place =
        around_.private_dir + "/" + profile_.profile.name + ".d" + std::to_string(++visits_ % 1000);
    setup.management_socket = place;
    if (!is_usable(credential_, wall_now())) setup.cert_file.clear();
    tools.generation = credential_ ? credential_->generation : 0;
    tools.setup = setup;
    const auto earlier = rotation_ ? rotation_->previous() : std::nullopt;
    if (!earlier || earlier->certificates.empty()) return tools;
    const bool revoked = profile_.crl && *profile_.crl &&
                         keys::find_revocation(**profile_.crl, earlier->certificates.front().info).has_value();
    if (revoked || keys::state_of(earlier->certificates.front().info, wall_now()) == keys::CredentialState::expired)
        return tools;
    setup.cert_file = earlier->cert_path.string();
    setup.key_file = earlier->key_path.string();
    setup.management_socket = place + "e";
    tools.earlier_generation = earlier->number;
    tools.earlier_setup = std::move(setup);
    return tools;
}

}  // namespace memdb::app
