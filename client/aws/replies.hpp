// The answers of the aws program, read: JSON as the EC2, MemoryDB, ACM and CloudWatch Logs APIs write it. Pure.
//
// Every id that will go onto a command line again is checked to be one word of letters, digits and .:/_- that does not
// begin with "-". Members that are not needed are skipped, those that are must have their type.
//
// @return Errc::malformed or bad_input with the place in the answer; Errc::too_large beyond kReplyLimit.
#pragma once

#include "base/error.hpp"
#include "client/aws/inventory.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace memdb::client::aws {

inline constexpr std::size_t kReplyLimit = std::size_t{8} * 1024 * 1024;  ///< bytes of one answer
inline constexpr std::size_t kReplyItems = 10'000;                        ///< elements of one list

/// memorydb describe-clusters --cluster-name: exactly one.
Result<Cluster> parse_cluster(std::string_view json);
/// memorydb describe-subnet-groups --subnet-group-name: the ids of its subnets.
Result<std::vector<std::string>> parse_subnet_group(std::string_view json);

Result<std::vector<Subnet>> parse_subnets(std::string_view json);
/// Exactly one.
Result<Vpc> parse_vpc(std::string_view json);
Result<std::vector<RouteTable>> parse_route_tables(std::string_view json);
/// @param cluster  whose tag makes a group ours
Result<std::vector<Group>> parse_groups(std::string_view json, std::string_view cluster);
Result<std::vector<GroupRule>> parse_group_rules(std::string_view json, std::string_view cluster);
Result<std::vector<PublicInterface>> parse_interfaces(std::string_view json);

/// Without associations, rules, routes and list. Deleted ones are left out.
Result<std::vector<Endpoint>> parse_endpoints(std::string_view json, std::string_view cluster);
/// Without the disassociated ones.
Result<std::vector<Association>> parse_associations(std::string_view json);
Result<std::vector<AuthorizationRule>> parse_authorization_rules(std::string_view json);
Result<std::vector<VpnRoute>> parse_routes(std::string_view json);
/// Of export-client-vpn-client-certificate-revocation-list; nothing when the endpoint has none. `next_update` and
/// `entries` are read from the list itself.
Result<std::optional<EndpointCrl>> parse_endpoint_crl(std::string_view json);
/// The serial numbers on the same list, hex, upper case; empty when there is none.
Result<std::vector<std::string>> parse_revoked_serials(std::string_view json);
/// Active ones first.
Result<std::vector<Connection>> parse_connections(std::string_view json);
/// The .ovpn text.
Result<std::string> parse_client_configuration(std::string_view json);

/// acm list-certificates: ARN and domain name of each.
Result<std::vector<ServerCertificate>> parse_certificates(std::string_view json);
/// acm list-tags-for-certificate
Result<bool> is_tagged(std::string_view json, std::string_view cluster);
/// acm get-certificate: its dates are in the certificate itself, the same whatever form the aws program gives times.
Result<ServerCertificate> parse_certificate(std::string_view json, std::string_view arn);

/// logs describe-log-groups: whether `name` itself is among them.
Result<bool> has_log_group(std::string_view json, std::string_view name);
/// logs filter-log-events: the messages, oldest first.
Result<std::vector<std::string>> parse_log_messages(std::string_view json);
/// One record of the log of connections as a line: when, who, from where, and how it ended. Empty for anything else.
std::string log_line(std::string_view record);

/// One member of the answer to a call that made something: an id or ARN.
Result<std::string> parse_made(std::string_view json, std::string_view member);

}  // namespace memdb::client::aws
