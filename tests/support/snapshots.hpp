// Snapshots for the tests of the API, the events, the server and memdbctl: the profile of design §7's sample.
#pragma once

#include "control/snapshot.hpp"

#include <string>

namespace memdb::support {

/// 2026-11-23T15:04:05.123Z: the moment that the sample is seen at.
inline constexpr WallTime kSeenAt =
    WallTime{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23}} + 15h + 4min + 5123ms;

/// The profile "demo": reachable for 3 h 12 min, through a tunnel, 3 shards with a replica each.
inline control::ProfileView reachable_profile() {
    using namespace control;
    ProfileView profile;
    profile.name = "demo";
    profile.kind = "tunnel";
    profile.verdict = health::Verdict::reachable;
    profile.since = kSeenAt - 3h - 12min;
    profile.wanted = Wanted::connected;
    TunnelView tunnel;
    tunnel.phase = "up";
    tunnel.since = kSeenAt - 3h - 12min;
    tunnel.device = "tun0";
    tunnel.address = "10.0.0.2";
    tunnel.endpoint = "cvpn-endpoint-0123456789abcdef0.prod.clientvpn.lab.test:443";
    tunnel.server = "192.0.2.1:443";
    tunnel.openvpn_pid = 4711;
    tunnel.restarts = 1;
    tunnel.last_restart_cause = "openvpn-crashed";
    tunnel.bytes_in = 123456789012;
    tunnel.bytes_out = 4096;
    tunnel.session_ends_at = kSeenAt + 20h + 48min;
    tunnel.dns = DnsView{{"10.20.0.2"}, {"~demo.lab.memorydb.test"}, true, std::nullopt};
    profile.tunnel = tunnel;
    for (const auto layer : health::kWay)
        profile.layers.push_back({layer, LayerState::ok, kSeenAt - 3h - 12min, kSeenAt - 1s});
    ClusterView cluster;
    cluster.endpoint = "clustercfg.demo.lab.memorydb.test:6379";
    cluster.verdict = health::Verdict::reachable;
    cluster.slots_covered = 16384;
    for (int shard = 1; shard <= 3; ++shard)
        for (int member = 1; member <= 2; ++member) {
            NodeView node;
            node.name = "demo-000" + std::to_string(shard) + "-00" + std::to_string(member) + ".demo.lab.memorydb.test";
            node.address = "10.20.0." + std::to_string(10 * shard + member) + ":6379";
            node.role = member == 1 ? "primary" : "replica";
            node.shard = std::to_string(shard);
            node.state = NodeState::ok;
            node.ping_us = 600 + 100 * member;
            node.stages_us = {310, 420, 2900, 350, 600 + 100 * member};
            node.last_ok_at = kSeenAt - 1s;
            cluster.nodes.push_back(node);
        }
    profile.clusters.push_back(cluster);
    profile.credential =
        CredentialView{1,   "CN=client1.domain.tld", "CN=Lab CA", "0A1B", kSeenAt - 24h * 100, kSeenAt + 24h * 241,
                       241, kSeenAt + 24h * 3000,    "valid"};
    return profile;
}

/// A credential of which everything is known: about to end, on its CA's list, with a server's certificate beside the
/// CA.
inline control::CredentialView whole_credential() {
    using namespace control;
    CredentialView credential = *reachable_profile().credential;
    credential.generation = 2;
    credential.not_after = kSeenAt + 24h * 6;
    credential.days_left = 6;
    credential.state = "unusable";
    credential.key_type = "rsa";
    credential.key_bits = 2048;
    credential.key_usage = {"digitalSignature", "keyEncipherment"};
    credential.extended_key_usage = {"clientAuth"};
    credential.fingerprint = "0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF";
    credential.chain = ChainView{true, "CN=Lab CA", {}};
    const CertificateView authority{"CN=Lab CA", "CN=Lab CA", "01", "AA", kSeenAt - 24h, kSeenAt + 24h * 3000, 3000};
    credential.authorities = {authority};
    credential.server = authority;
    credential.server->subject = "CN=server.lab.test";
    credential.crl = CrlView{
        "CN=Lab CA", kSeenAt - 24h, kSeenAt + 24h * 179, 179, 3, true, RevocationView{kSeenAt - 48h, "superseded"}};
    return credential;
}

/// The same profile with the security group closed: design §7's second sample.
inline control::ProfileView unreachable_profile() {
    using namespace control;
    ProfileView profile = reachable_profile();
    profile.verdict = health::Verdict::unreachable;
    profile.since = kSeenAt - 40s;
    for (auto& layer : profile.layers) {
        if (layer.layer == health::Layer::tcp) layer.state = LayerState::failed;
        if (layer.layer > health::Layer::tcp) layer.state = LayerState::unknown;
    }
    profile.clusters[0].verdict = health::Verdict::unreachable;
    for (auto& node : profile.clusters[0].nodes) {
        node.state = NodeState::failed;
        node.finding = "port-filtered";
    }
    profile.findings.push_back(
        {"port-filtered", health::Severity::error, health::Layer::tcp,
         "6 of 6 nodes silent on TCP 6379 while the tunnel carries traffic", "no answer within 2 s",
         "let the endpoint's security group in on the cluster's group (not 10.0.0.0/22: AWS translates "
         "client addresses); `memdbctl aws plan` shows the missing rule",
         kSeenAt - 40s});
    return profile;
}

inline control::Snapshot snapshot_of(std::vector<control::ProfileView> profiles) {
    control::Snapshot snapshot;
    snapshot.agent = {"0.1.0", 4242, kSeenAt - 4h, 4 * 3600};
    snapshot.profiles = std::move(profiles);
    return snapshot;
}

}  // namespace memdb::support
