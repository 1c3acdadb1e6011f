// What AWS says there is around one MemoryDB cluster, as plain values: the planner's input. Made by reply_*.cpp from
// the answers of the aws program, brought up to date by absorb(). Nothing here was judged; every text is a stranger's.
#pragma once

#include "base/ip_network.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::client::aws {

/// What carries this tag, with the cluster's name as its value, was made by `memdbctl aws`: nothing else is ever
/// changed or removed, but for the one inbound rule on the cluster's own group, which carries it, too.
inline constexpr std::string_view kTag = "memdbd:cluster";
/// Client VPN's rules and routes cannot be tagged: ours are those with this description.
inline constexpr std::string_view kDescription = "memdbd";

struct Node {
    std::string name;  ///< "demo-0001-001"
    std::string host;  ///< DNS name
    bool operator==(const Node&) const = default;
};

/// memorydb describe-clusters --show-shard-details
struct Cluster {
    std::string name, arn, status;
    std::string host;  ///< of the cluster endpoint; empty while it is being made
    std::uint16_t port = 0;
    bool tls = true;
    std::string acl;           ///< "open-access": nobody needs to authenticate
    std::string subnet_group;  ///< its name
    std::vector<std::string> groups;
    std::vector<Node> nodes;
    bool operator==(const Cluster&) const = default;
};

struct Subnet {
    std::string id, vpc, zone;
    IpNetwork network;
    unsigned free_addresses = 0;
    bool operator==(const Subnet&) const = default;
};

struct Vpc {
    std::string id;
    std::vector<IpNetwork> networks;  ///< IPv4
    bool dedicated = false;           ///< instance tenancy: Client VPN cannot be associated
    bool operator==(const Vpc&) const = default;
};

struct RouteTable {
    bool main = false;
    std::vector<std::string> subnets;     ///< that are associated with it by name
    std::vector<IpNetwork> destinations;  ///< IPv4, without the default route
    bool has_default = false;             ///< 0.0.0.0/0 to a gateway that works
    bool operator==(const RouteTable&) const = default;
};

/// One inbound rule. Outbound ones are left out.
struct GroupRule {
    std::string id, group, protocol;  ///< protocol "tcp", "-1" for all
    int from = -1, to = -1;           ///< ports; -1: all
    std::optional<IpNetwork> network;
    std::string source_group;
    bool ours = false;
    bool operator==(const GroupRule&) const = default;
};

struct Group {
    std::string id, name;
    bool ours = false;
    bool operator==(const Group&) const = default;
};

/// An interface with a public address that has one of the cluster's groups.
struct PublicInterface {
    std::string id, instance, address;
    std::vector<std::string> groups;
    bool operator==(const PublicInterface&) const = default;
};

/// acm list-certificates, get-certificate
struct ServerCertificate {
    std::string arn, domain;
    std::string serial;  ///< hex, upper case
    WallTime not_after{};
    bool operator==(const ServerCertificate&) const = default;
};

struct Association {
    std::string id, subnet, state, message;
    bool operator==(const Association&) const = default;
};

struct AuthorizationRule {
    IpNetwork network;
    std::string state, message, description;
    bool everyone = true;  ///< for all clients, not for one group of a directory
    bool operator==(const AuthorizationRule&) const = default;
};

struct VpnRoute {
    IpNetwork network;
    std::string subnet, state, message, origin, description;  ///< origin "associate": AWS's own, for the VPC
    bool operator==(const VpnRoute&) const = default;
};

/// The revocation list that the endpoint has.
struct EndpointCrl {
    std::string state;
    std::optional<WallTime> next_update;
    std::size_t entries = 0;
    bool operator==(const EndpointCrl&) const = default;
};

struct Endpoint {
    std::string id, state, message, vpc;
    std::string dns_name;  ///< with or without "*." in front
    std::optional<IpNetwork> client_network;
    std::string server_certificate, client_root;  ///< ARNs; client_root empty: no mutual authentication
    std::string transport;                        ///< "udp", "tcp"
    unsigned port = 0;
    bool split_tunnel = false;
    unsigned session_hours = 0;
    std::string log_group;  ///< empty: connections are not logged
    std::vector<std::string> groups;
    bool ours = false;
    std::vector<Association> associations;
    std::vector<AuthorizationRule> rules;
    std::vector<VpnRoute> routes;
    std::optional<EndpointCrl> crl;
    bool crl_is_unknown = false;  ///< it could not be asked
    bool operator==(const Endpoint&) const = default;
};

struct Connection {
    std::string id, common_name, client_address, state, since;
    std::uint64_t bytes_in = 0, bytes_out = 0;
    bool operator==(const Connection&) const = default;
};

/// A node's name and what it resolves to, asked from this machine.
struct NodeAddress {
    std::string name;
    std::optional<IpAddress> address;
    bool operator==(const NodeAddress&) const = default;
};

struct Inventory {
    std::string region, account;  ///< of the cluster's ARN
    Cluster cluster;
    Vpc vpc;
    std::vector<Subnet> subnets;  ///< of the cluster's subnet group, in its order
    std::vector<RouteTable> route_tables;
    std::vector<Group> groups;     ///< of the VPC
    std::vector<GroupRule> rules;  ///< of the cluster's groups, and of ours
    std::vector<PublicInterface> interfaces;
    std::optional<ServerCertificate> certificate;      ///< the one with our tag; the endpoint's own, if it has
    std::vector<ServerCertificate> more_certificates;  ///< further ones with our tag
    std::optional<Endpoint> endpoint;                  ///< the one with our tag
    std::vector<Endpoint> more;                        ///< further ones with our tag, without their parts: too many
    std::vector<Endpoint> others;                      ///< every other of the region, without its parts
    std::vector<NodeAddress> node_addresses;           ///< only when rules for nodes are wished
    bool log_group_exists = false;                     ///< of the one that is wished
    std::vector<std::string> unknown;                  ///< what could not be asked, one sentence each
    bool operator==(const Inventory&) const = default;
};

/// A certificate of the local PKI, with its key beside it.
struct LocalCertificate {
    std::string file;    ///< its name in the PKI: "server", "server-20261126"
    std::string serial;  ///< hex, upper case
    WallTime not_after{};
    bool operator==(const LocalCertificate&) const = default;
};

/// The agent's profile of the wished name.
struct LocalProfile {
    std::string endpoint;  ///< "HOST:PORT" of the tunnel; empty: a direct profile
    std::vector<std::string> clusters;
    std::string serial;  ///< of the certificate in force
    bool reachable = false;
    bool degraded = false;  ///< PING works, but something is wrong
    bool operator==(const LocalProfile&) const = default;
};

/// What this laptop has: its PKI, its agent, its networks.
struct LocalState {
    bool has_authority = false;
    std::optional<LocalCertificate> server, client;  ///< of the wished names, not revoked; the last to expire
    std::vector<std::string> serials;                ///< of every certificate that this PKI has issued
    std::size_t revoked = 0;                         ///< how many of them are revoked
    bool agent_runs = false;
    std::optional<LocalProfile> profile;
    std::optional<std::string> bundle;  ///< the file of --bundle is there, for this host; empty: for none
    std::vector<IpNetwork> networks;    ///< IPv4 of its interfaces, tunnels left out
    bool operator==(const LocalState&) const = default;
};

}  // namespace memdb::client::aws
