// What AWS knows and the laptop cannot: which of the usual suspects it is. Pure; aws_facts asks the aws program.
#pragma once

#include "client/aws/inventory.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::client {

enum class Suspicion : std::uint8_t { no, yes, unknown };

struct AwsSuspect {
    std::string_view name;  ///< "crl-expired", …: the same nine, in the same order, each time
    Suspicion state = Suspicion::unknown;
    std::string evidence;  ///< one line: what AWS says, or why it is not known
    std::string action;    ///< what mends it: a command to copy; only with yes
};

/// What was asked of the account. What could not be asked is false or empty here, and unknown above.
struct AwsFacts {
    aws::Inventory account;       ///< endpoint, its parts, cluster, subnets, rules of the cluster's groups, certificate
    bool endpoint_known = false;  ///< asked; without account.endpoint, AWS has none of this id
    bool associations_known = false;
    bool authorizations_known = false;
    bool routes_known = false;
    bool cluster_known = false;               ///< account.cluster and account.subnets
    bool rules_known = false;                 ///< account.rules
    std::vector<aws::Subnet> target_subnets;  ///< that the endpoint is associated with
    std::optional<std::vector<std::string>>
        revoked;                       ///< serials on the endpoint's list, hex, upper case; none: no list
    std::vector<std::string> log;      ///< of connections: the last records, one line each
    std::vector<std::string> trouble;  ///< what could not be asked, one sentence each
};

/// @param serial  of the client's certificate, hex, upper case; empty: not known
std::vector<AwsSuspect> aws_suspects(const AwsFacts& facts, std::string_view serial, WallTime now);

std::string_view to_string(Suspicion state) noexcept;

}  // namespace memdb::client
