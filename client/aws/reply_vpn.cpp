// Client VPN endpoints and what belongs to them.
#include "client/aws/reply_reader.hpp"
#include "client/pki/certificate_kind.hpp"
#include "client/text.hpp"

#include <algorithm>
#include <charconv>

namespace memdb::client::aws {
namespace {

/// Byte counts come as strings.
std::uint64_t read_count(Fields& f, std::string_view key) {
    std::string text;
    f.read_optional(key, text, 32);
    std::uint64_t count = 0;
    std::from_chars(text.data(), text.data() + text.size(), count);
    return count;
}

/// What is about a network, which may be one of IPv6: that is nothing for us.
template <class T>
struct Maybe {
    T value;
    bool is_v4 = false;
};

bool read_into(Fields& f, std::string_view key, IpNetwork& out) {
    const auto network = read_network(f, key);
    if (network) out = *network;
    return network.has_value();
}

template <class T>
std::vector<T> only_v4(std::vector<Maybe<T>> all) {
    std::vector<T> kept;
    for (auto& one : all)
        if (one.is_v4) kept.push_back(std::move(one.value));
    return kept;
}

void read_endpoint(Fields& f, Endpoint& endpoint, std::string_view cluster) {
    read_id(f, "ClientVpnEndpointId", endpoint.id);
    read_state(f, "Status", endpoint.state, endpoint.message);
    f.read_optional("DnsName", endpoint.dns_name, 300);
    endpoint.client_network = read_network(f, "ClientCidrBlock");
    read_optional_id(f, "ServerCertificateArn", endpoint.server_certificate);
    read_optional_id(f, "VpcId", endpoint.vpc);
    f.read_optional("TransportProtocol", endpoint.transport, 16);
    std::optional<unsigned> port, hours;
    f.read_number("VpnPort", port);
    f.read_number("SessionTimeoutHours", hours);
    endpoint.port = port.value_or(443);
    endpoint.session_hours = hours.value_or(24);
    f.read_flag("SplitTunnel", endpoint.split_tunnel);
    f.read_list("SecurityGroupIds", endpoint.groups);
    struct Method {
        std::string root;
    };
    std::vector<Method> methods;
    f.read_list("AuthenticationOptions", methods, [](Fields& a, Method& method) {
        a.read_object("MutualAuthentication",
                      [&](Fields& m) { read_optional_id(m, "ClientRootCertificateChain", method.root); });
    });
    for (auto& method : methods)
        if (!method.root.empty()) endpoint.client_root = std::move(method.root);
    f.read_object("ConnectionLogOptions", [&](Fields& l) {
        bool enabled = false;
        l.read_flag("Enabled", enabled);
        std::string group;
        l.read_optional("CloudwatchLogGroup", group, 512);
        if (enabled) endpoint.log_group = std::move(group);
    });
    endpoint.ours = read_tag(f, "Tags", cluster);
}

}  // namespace

Result<std::vector<Endpoint>> parse_endpoints(std::string_view json, std::string_view cluster) {
    auto all = read_items<Endpoint>(json, "ClientVpnEndpoints",
                                    [cluster](Fields& f, Endpoint& one) { read_endpoint(f, one, cluster); });
    if (all.has_error()) return all.error();
    std::erase_if(*all, [](const Endpoint& one) { return one.state == "deleted"; });
    return all;
}

Result<std::vector<Association>> parse_associations(std::string_view json) {
    auto all = read_items<Association>(json, "ClientVpnTargetNetworks", [](Fields& f, Association& one) {
        read_id(f, "AssociationId", one.id);
        read_optional_id(f, "TargetNetworkId", one.subnet);
        read_state(f, "Status", one.state, one.message);
    });
    if (all.has_error()) return all.error();
    std::erase_if(*all, [](const Association& one) { return one.state == "disassociated"; });
    return all;
}

Result<std::vector<AuthorizationRule>> parse_authorization_rules(std::string_view json) {
    auto all = read_items<Maybe<AuthorizationRule>>(json, "AuthorizationRules", [](Fields& f, auto& one) {
        AuthorizationRule& rule = one.value;
        one.is_v4 = read_into(f, "DestinationCidr", rule.network);
        read_state(f, "Status", rule.state, rule.message);
        f.read_optional("Description", rule.description, 512);
        f.read_flag("AccessAll", rule.everyone);
    });
    if (all.has_error()) return all.error();
    return only_v4(std::move(*all));
}

Result<std::vector<VpnRoute>> parse_routes(std::string_view json) {
    auto all = read_items<Maybe<VpnRoute>>(json, "Routes", [](Fields& f, auto& one) {
        VpnRoute& route = one.value;
        one.is_v4 = read_into(f, "DestinationCidr", route.network);
        read_optional_id(f, "TargetSubnet", route.subnet);
        f.read_optional("Origin", route.origin, 32);
        f.read_optional("Description", route.description, 512);
        read_state(f, "Status", route.state, route.message);
    });
    if (all.has_error()) return all.error();
    return only_v4(std::move(*all));
}

Result<std::optional<EndpointCrl>> parse_endpoint_crl(std::string_view json) {
    std::string pem, message;
    EndpointCrl crl;
    // The program prints nothing at all where the answer has no member.
    if (json.find_first_not_of(" \t\r\n") == std::string_view::npos) return std::optional<EndpointCrl>();
    const auto done = read_reply(json, [&](Fields& f) {
        f.read_optional("CertificateRevocationList", pem, kReplyLimit);
        read_state(f, "Status", crl.state, message);
    });
    if (done.has_error()) return done.error();
    if (pem.empty()) return std::optional<EndpointCrl>();
    const auto facts = pki::crl_facts(pem);
    if (facts.has_error()) return facts.error();
    crl.next_update = facts->next_update;
    crl.entries = facts->entries;
    return std::optional(std::move(crl));
}

Result<std::vector<std::string>> parse_revoked_serials(std::string_view json) {
    std::string pem;
    if (json.find_first_not_of(" \t\r\n") == std::string_view::npos) return std::vector<std::string>();
    const auto done =
        read_reply(json, [&](Fields& f) { f.read_optional("CertificateRevocationList", pem, kReplyLimit); });
    if (done.has_error()) return done.error();
    if (pem.empty()) return std::vector<std::string>();
    return pki::revoked_serials(pem);
}

Result<std::vector<Connection>> parse_connections(std::string_view json) {
    auto all = read_items<Connection>(json, "Connections", [](Fields& f, Connection& one) {
        read_id(f, "ConnectionId", one.id);
        f.read_optional("CommonName", one.common_name, 256);
        f.read_optional("ClientIp", one.client_address, 64);
        f.read_optional("ConnectionEstablishedTime", one.since, 64);
        one.bytes_in = read_count(f, "IngressBytes");
        one.bytes_out = read_count(f, "EgressBytes");
        std::string message;
        read_state(f, "Status", one.state, message);
    });
    if (all.has_error()) return all.error();
    std::stable_partition(all->begin(), all->end(), [](const Connection& one) { return one.state == "active"; });
    return all;
}

Result<std::string> parse_client_configuration(std::string_view json) {
    std::string text;
    const auto done =
        read_reply(json, [&](Fields& f) { f.read("ClientConfiguration", text, std::size_t{256} * 1024); });
    if (done.has_error()) return done.error();
    if (!is_text(text)) return Failure{Errc::malformed, "the answer of aws: ClientConfiguration is no text"};
    return text;
}

}  // namespace memdb::client::aws
