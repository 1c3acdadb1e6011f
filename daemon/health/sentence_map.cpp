#include "health/sentence_map.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace memdb::health {
namespace {

std::string short_name(const std::string& name) {
    // An address has no labels to leave out.
    const bool is_address = name.find_first_not_of("0123456789.:abcdefABCDEF") == std::string::npos;
    return is_address ? name : name.substr(0, name.find('.'));
}

std::string describe(const NodeFacts& node) {
    if (node.shard.empty()) return short_name(node.name);
    return fmt::format("{} ({} of shard {})", short_name(node.name), node.role.empty() ? "node" : node.role,
                       node.shard);
}

}  // namespace

std::string subject(const std::vector<const NodeFacts*>& nodes, std::size_t of) {
    if (nodes.size() == of && of > 1) return fmt::format("{} of {} nodes", of, of);
    constexpr std::size_t shown = 2;
    std::string text;
    for (std::size_t i = 0; i < std::min(nodes.size(), shown); ++i) text += (i > 0 ? ", " : "") + describe(*nodes[i]);
    if (nodes.size() > shown) text += fmt::format(" and {} more", nodes.size() - shown);
    return text;
}

std::string predicate(std::string_view code, std::uint16_t port, bool several) {
    const auto verb = [several](std::string_view one, std::string_view many) { return several ? many : one; };
    if (code == "cluster-name-unresolved") return fmt::format("{} no address", verb("has", "have"));
    if (code == "port-refused") return fmt::format("{} connections on TCP {}", verb("refuses", "refuse"), port);
    if (code == "tls-not-offered") return fmt::format("{} no TLS", verb("speaks", "speak"));
    if (code == "tls-untrusted") return fmt::format("{} a certificate of an unknown issuer", verb("shows", "show"));
    if (code == "tls-name-mismatch") return fmt::format("{} a certificate for another name", verb("shows", "show"));
    if (code == "tls-expired") return fmt::format("{} an expired certificate", verb("shows", "show"));
    if (code == "tls-handshake-failed") return fmt::format("{} the TLS handshake", verb("breaks off", "break off"));
    if (code == "auth-required") return fmt::format("{} a user and password", verb("wants", "want"));
    if (code == "auth-rejected") return fmt::format("{} this user or password", verb("rejects", "reject"));
    if (code == "iam-token-failed") return fmt::format("{} the IAM token", verb("refuses", "refuse"));
    if (code == "auth-no-permission") return fmt::format("{} PING to this user", verb("forbids", "forbid"));
    if (code == "node-loading") return fmt::format("{} still loading data", verb("is", "are"));
    if (code == "route-missing") return fmt::format("{} no route", verb("has", "have"));
    if (code == "route-shadowed") return fmt::format("{} behind another route than the tunnel's", verb("is", "are"));
    if (code == "route-not-via-tunnel")
        return fmt::format("{} outside the tunnel: the endpoint pushes no route", verb("lies", "lie"));
    if (code == "cluster-address-outside-routes")
        return fmt::format("{} an address that no pushed route covers", verb("has", "have"));
    if (code == "dns-not-applied")
        return fmt::format("{} no address here, but the VPC's own resolver knows one", verb("has", "have"));
    if (code == "node-slow") return fmt::format("{} slowly", verb("answers", "answer"));
    if (code == "node-busy") return fmt::format("{} busy", verb("is", "are"));
    return fmt::format("{} not answer", verb("does", "do"));
}

std::string failure_summary(std::string_view code, const std::string& who) {
    if (code == "profile-overlap") return "another profile that is connected leads to the same addresses";
    if (code == "endpoint-silent") return fmt::format("the endpoint {} does not answer", who);
    if (code == "endpoint-name-unresolved") return fmt::format("the endpoint's name {} has no address", who);
    if (code == "handshake-rejected")
        return fmt::format("the endpoint {} answers but does not finish the handshake", who);
    if (code == "auth-failed") return fmt::format("the endpoint {} rejects the login", who);
    if (code == "openvpn-crashed") return "openvpn ended by itself";
    if (code == "openvpn-hung") return "openvpn does not answer any more";
    if (code == "openvpn-missing") return "the program openvpn is not there";
    if (code == "openvpn-too-old") return "this openvpn is too old";
    if (code == "tun-device-unavailable") return "no tun device can be opened";
    if (code == "no-net-admin") return "openvpn may not configure the network";
    if (code == "config-refused") return "openvpn refuses the configuration";
    if (code == "network-offline") return "this machine has no network";
    if (code == "tunnel-silent") return fmt::format("nothing comes from the endpoint {} any more", who);
    if (code == "server-cert-untrusted") return fmt::format("the certificate of {} is not trusted", who);
    if (code == "server-name-mismatch") return fmt::format("the certificate of {} is for another name", who);
    if (code == "server-cert-expired") return fmt::format("the certificate of {} has expired", who);
    if (code == "client-key-mismatch") return "certificate and key do not belong together";
    if (code == "client-cert-unusable") return "openvpn cannot use the client certificate";
    if (code == "client-cert-expired") return "the client certificate has expired";
    if (code == "client-cert-not-yet-valid") return "the client certificate is not valid yet";
    if (code == "tunnel-config-error") return "openvpn could not set up the tunnel's addresses or routes";
    return fmt::format("no tunnel to {}", who);
}

}  // namespace memdb::health
