// A healthy scene for the doctor, to be made ill.
#pragma once

#include "doctor/check_policy.hpp"
#include "health/finding_catalog.hpp"
#include "tests/support/snapshots.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

namespace memdb::support {

inline std::set<doctor::Part> all_parts() { return {std::begin(doctor::kParts), std::end(doctor::kParts)}; }

/// Everything was looked at, and everything is well.
inline doctor::Scene healthy_scene() {
    doctor::Scene scene;
    scene.view = reachable_profile();
    scene.view.credential->key_type = "rsa";
    scene.view.credential->key_bits = 2048;
    scene.view.credential->chain = control::ChainView{true, "CN=Lab CA", {}};
    scene.now = kSeenAt;
    scene.tun = "";
    scene.net_admin = true;
    scene.online = true;
    scene.pushed_routes = {"10.20.0.0/16"};
    scene.pushed_dns = {"10.20.0.2"};
    scene.connected_before = true;
    scene.knows_networks = true;
    scene.openvpn = doctor::ProgramSeen{"/usr/sbin/openvpn", "2.6.14", ""};
    scene.endpoint_name =
        doctor::NameSeen{"*.cvpn-endpoint-0123456789abcdef0.test", "", {"192.0.2.1", "192.0.2.3"}, "", 3ms};
    scene.servers = {{"192.0.2.1:443", true, Microseconds(400), "answer to packet 1"},
                     {"192.0.2.3:443", true, Microseconds(500), "answer to packet 1"}};
    scene.cluster_names = {{"clustercfg.demo.lab.memorydb.test", "", {"10.20.0.11"}, "", 1ms},
                           {"clustercfg.demo.lab.memorydb.test", "10.20.0.2", {"10.20.0.11"}, "", 1ms}};
    scene.ping.emplace();
    for (const auto& node : scene.view.clusters.front().nodes) {
        scene.ping->push_back({node.name, Microseconds(700), ""});
        scene.routes.push_back({node.name, "10.20.0.11", "", ""});
    }
    scene.node = doctor::NodeSeen{"demo-0001-001", Microseconds(900), "", false, Duration(0)};
    return scene;
}

/// As the agent shows it while `code` stands.
inline void add_finding(doctor::Scene& scene, std::string_view code) {
    const auto* const entry = health::find_entry(code);
    health::Finding finding{
        std::string(code), health::Severity::error, health::Layer::agent, "it is so", "seen so", "do so", kSeenAt};
    if (entry != nullptr) {
        finding.severity = entry->severity;
        finding.layer = entry->layer;
    }
    // The rest of that layer is about a profile: its revocation list, its rotation.
    const bool of_agent =
        code == "state-unreadable" || code == "clock-jumped" || code == "disk-full" || code.starts_with("history-");
    (of_agent ? scene.agent : scene.view.findings).push_back(finding);
}

/// Not up, and every layer from `failed` on is not proved.
inline void break_from(doctor::Scene& scene, health::Layer failed) {
    bool broken = false;
    for (auto& layer : scene.view.layers) {
        if (layer.layer == failed)
            layer.state = control::LayerState::failed;
        else if (broken)
            layer.state = control::LayerState::unknown;
        broken = broken || layer.layer == failed;
    }
    scene.view.verdict = health::Verdict::unreachable;
    for (auto& cluster : scene.view.clusters)
        for (auto& node : cluster.nodes) {
            node.state = failed > health::Layer::route ? control::NodeState::failed : control::NodeState::unknown;
            node.ping_us.reset();
        }
    if (scene.ping)
        for (auto& ping : *scene.ping) ping = {ping.node, {}, "no answer"};
    scene.node.reset();
    if (failed > health::Layer::tunnel) return;
    scene.view.tunnel->phase = "waiting";
    scene.view.tunnel->openvpn_pid.reset();
    scene.ping.reset();
    scene.routes.clear();
    scene.pushed_routes.clear();
    scene.pushed_dns.clear();
    scene.cluster_names.clear();
}

inline const health::Check* find_check(const std::vector<health::Check>& checks, std::string_view id) {
    const auto at = std::ranges::find(checks, id, &health::Check::id);
    return at == checks.end() ? nullptr : &*at;
}

inline health::Diagnosis diagnosis_of(const doctor::Scene& scene) {
    return doctor::diagnose(scene, doctor::examine(scene, all_parts()));
}

}  // namespace memdb::support
