#include "doctor/check_catalog.hpp"

#include "doctor/check_looks.hpp"

#include <algorithm>
#include <array>

namespace memdb::doctor {
namespace {

using enum health::Layer;

// clang-format off
constexpr std::string_view kOpenvpn[] = {"openvpn-missing", "openvpn-too-old"};
constexpr std::string_view kTun[] = {"tun-device-unavailable"};
constexpr std::string_view kCapability[] = {"no-net-admin"};
constexpr std::string_view kConfiguration[] = {"config-refused", "state-unreadable"};
constexpr std::string_view kOthers[] = {"profile-overlap"};
constexpr std::string_view kCertificate[] = {"client-cert-expired", "client-cert-not-yet-valid", "client-key-mismatch",
                                             "client-cert-unusable", "client-cert-expiring"};
constexpr std::string_view kChain[] = {"ca-expiring", "server-cert-expiring"};
constexpr std::string_view kList[] = {"crl-expired", "crl-expiring"};
constexpr std::string_view kClock[] = {"clock-jumped"};
constexpr std::string_view kNetwork[] = {"network-offline"};
constexpr std::string_view kLocal[] = {"route-shadowed"};  // before the tunnel is up; then it is the routes'
constexpr std::string_view kName[] = {"endpoint-name-unresolved"};
constexpr std::string_view kServers[] = {"endpoint-silent", "captive-portal"};
constexpr std::string_view kHandshake[] = {"handshake-rejected", "auth-failed", "server-cert-untrusted",
                                           "server-name-mismatch", "server-cert-expired"};
constexpr std::string_view kProcess[] = {"openvpn-crashed", "openvpn-hung"};
constexpr std::string_view kTunnel[] = {"tunnel-silent", "tunnel-flapping", "session-ending", "tunnel-config-error"};
constexpr std::string_view kPacket[] = {"path-mtu-too-small"};
constexpr std::string_view kPushed[] = {"default-route-captured"};
constexpr std::string_view kRoutes[] = {"route-missing", "route-shadowed", "route-not-via-tunnel"};
constexpr std::string_view kClusterName[] = {"cluster-name-unresolved", "dns-not-applied", "cluster-address-outside-routes"};
constexpr std::string_view kPort[] = {"authorization-missing", "port-filtered", "port-refused"};
constexpr std::string_view kTls[] = {"tls-off", "tls-not-offered", "tls-untrusted", "tls-name-mismatch", "tls-expired",
                                     "tls-handshake-failed"};
constexpr std::string_view kLogin[] = {"auth-required", "auth-rejected", "auth-no-permission", "iam-token-failed", "password-unusable"};
constexpr std::string_view kPing[] = {"node-unreachable", "node-loading", "node-busy"};
constexpr std::string_view kLatency[] = {"node-slow"};
constexpr std::string_view kCluster[] = {"cluster-down", "slots-uncovered", "shard-without-primary", "topology-unreadable"};
constexpr std::string_view kAgent[] = {"rotation-failed", "rotation-overdue", "disk-full", "history-damaged", "history-unavailable", "metrics-unavailable", "state-unreadable"};

constexpr std::string_view kNoGround[1] = {};
constexpr std::string_view kAfterName[] = {"network"};
constexpr std::string_view kAfterServers[] = {"network", "endpoint-name"};
constexpr std::string_view kAfterHandshake[] = {"openvpn", "certificate", "network", "endpoint-name", "endpoint-answers"};
constexpr std::string_view kAfterProcess[] = {"openvpn", "tun-device", "capability", "configuration", "other-profiles", "certificate",
                                              "network", "endpoint-name", "endpoint-answers", "handshake", "wanted"};
constexpr std::string_view kAfterTunnel[] = {"process", "handshake", "wanted", "tun-device", "capability", "other-profiles"};
constexpr std::string_view kInTunnel[] = {"wanted", "tunnel"};
constexpr std::string_view kAfterRoutes[] = {"wanted", "network", "tunnel", "routes"};
constexpr std::string_view kAfterPort[] = {"wanted", "network", "tunnel", "packet-size", "routes", "cluster-name"};
constexpr std::string_view kAfterTls[] = {"wanted", "network", "tunnel", "packet-size", "routes", "cluster-name", "port"};
constexpr std::string_view kAfterLogin[] = {"wanted", "network", "tunnel", "packet-size", "routes", "cluster-name", "port", "tls"};
constexpr std::string_view kAfterPing[] = {"wanted", "network", "tunnel", "packet-size", "routes", "cluster-name", "port", "tls", "login"};
constexpr std::string_view kAfterAll[] = {"wanted", "network", "tunnel", "packet-size", "routes", "cluster-name", "port", "tls", "login", "ping"};

constexpr std::span<const std::string_view> nothing() { return {kNoGround, 0}; }

constexpr Part kOpenvpnPart[] = {Part::openvpn};
constexpr Part kNamePart[] = {Part::endpoint_name};
constexpr Part kServersPart[] = {Part::servers};
constexpr Part kTrialPart[] = {Part::trial};
constexpr Part kNamesPart[] = {Part::cluster_names};
constexpr Part kPingPart[] = {Part::ping};
constexpr Part kNodePart[] = {Part::node};
constexpr Part kLatencyParts[] = {Part::ping, Part::history};
constexpr std::span<const Part> at_once() { return {kNodePart, 0}; }

constexpr std::array kCatalog = {
    //       id                  layer      what should be so                                   findings         grounds          needs         tunnel fresh
    CheckRow{"openvpn",          process,   "openvpn is there and new enough",                  kOpenvpn,        nothing(),       kOpenvpnPart, true,  true,  look_at_openvpn},
    CheckRow{"tun-device",       process,   "the tun device can be used",                       kTun,            nothing(),       at_once(),    true,  true,  look_at_tun},
    CheckRow{"capability",       process,   "memdbd may set up a tunnel",                       kCapability,     nothing(),       at_once(),    true,  true,  look_at_capability},
    CheckRow{"configuration",    process,   "the profile's files can be used",                  kConfiguration,  nothing(),       at_once(),    false, false, look_at_configuration},
    CheckRow{"other-profiles",   process,   "no other profile is in the way",                   kOthers,         nothing(),       at_once(),    true,  false, look_at_others},
    CheckRow{"certificate",      handshake, "certificate and key can be used",                  kCertificate,    nothing(),       at_once(),    true,  false, look_at_certificate},
    CheckRow{"chain",            handshake, "the authorities are right and last",               kChain,          nothing(),       at_once(),    true,  false, look_at_chain},
    CheckRow{"revocation-list",  handshake, "the certificate is not revoked, and the list holds", kList,         nothing(),       at_once(),    true,  false, look_at_list},
    CheckRow{"network",          handshake, "this machine has a network",                       kNetwork,        nothing(),       at_once(),    false, true,  look_at_network},
    CheckRow{"endpoint-name",    handshake, "the endpoint's name has addresses",                kName,           kAfterName,      kNamePart,    true,  true,  look_at_endpoint_name},
    CheckRow{"endpoint-answers", handshake, "the endpoint answers",                             kServers,        kAfterServers,   kServersPart, true,  true,  look_at_servers},
    CheckRow{"handshake",        handshake, "the endpoint accepts the certificate",             kHandshake,      kAfterHandshake, kTrialPart,   true,  true,  look_at_handshake},
    CheckRow{"wanted",           tunnel,    "the connection is wanted",                         nothing(),       nothing(),       at_once(),    false, false, look_at_wish},
    CheckRow{"process",          process,   "openvpn runs",                                     kProcess,        kAfterProcess,   at_once(),    true,  false, look_at_process},
    CheckRow{"tunnel",           tunnel,    "the tunnel is up and carries traffic",             kTunnel,         kAfterTunnel,    kPingPart,    true,  false, look_at_tunnel},
    CheckRow{"packet-size",      tunnel,    "large packets pass",                               kPacket,         kInTunnel,       kNodePart,    false, false, look_at_packet_size},
    CheckRow{"pushed",           tunnel,    "the endpoint gives routes and DNS",                kPushed,         kInTunnel,       at_once(),    true,  false, look_at_pushed},
    CheckRow{"local-networks",   route,     "no local network is in the way",                   kLocal,          nothing(),       at_once(),    true,  false, look_at_local_networks},
    CheckRow{"routes",           route,     "packets to the nodes take the right way",          kRoutes,         kInTunnel,       kPingPart,    true,  false, look_at_routes},
    CheckRow{"cluster-name",     dns,       "the cluster's name has the right addresses",       kClusterName,    kAfterRoutes,    kNamesPart,   false, false, look_at_cluster_name},
    CheckRow{"port",             tcp,       "the nodes accept TCP",                             kPort,           kAfterPort,      kPingPart,    false, false, look_at_port},
    CheckRow{"tls",              tls,       "the nodes speak TLS and are who they should be",   kTls,            kAfterTls,       kPingPart,    false, false, look_at_tls},
    CheckRow{"login",            auth,      "the nodes accept the user",                        kLogin,          kAfterLogin,     kPingPart,    false, false, look_at_login},
    CheckRow{"ping",             ping,      "every node answers PING",                          kPing,           kAfterPing,      kPingPart,    false, false, look_at_ping},
    CheckRow{"latency",          ping,      "as quickly as always",                             kLatency,        kAfterAll,       kLatencyParts, false, false, look_at_latency},
    CheckRow{"cluster",          cluster,   "slots and shards are complete",                    kCluster,        kAfterAll,       kPingPart,    false, false, look_at_cluster},
    CheckRow{"clock",            agent,     "this machine's clock is right",                    kClock,          nothing(),       kNodePart,    false, false, look_at_clock},
    CheckRow{"agent",            agent,     "memdbd itself is well",                            kAgent,          nothing(),       at_once(),    false, false, look_at_agent},
};
// clang-format on

}  // namespace

std::span<const CheckRow> check_catalog() noexcept { return kCatalog; }

const CheckRow* find_check_of(std::string_view finding, const Scene& scene) noexcept {
    for (const CheckRow& row : kCatalog) {
        if (row.id == "local-networks" && is_up(scene)) continue;
        if (std::ranges::find(row.findings, finding) != row.findings.end()) return &row;
    }
    return nullptr;
}

}  // namespace memdb::doctor
