// What `memdbctl exec` gives a command: which cluster, whether it can be used yet, environment and arguments. Pure.
#pragma once

#include "client/control_client.hpp"
#include "control/snapshot.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace memdb::client {

/// One cluster, as a client of Redis needs it.
struct ExecTarget {
    std::string host;  ///< without brackets
    std::string port;
    bool tls = true;
    std::string user;     ///< empty: no AUTH
    std::string ca_path;  ///< empty: the system's certificates
};

/// Nothing in place of a value: the variable is taken away, so that what an outer exec set is not mixed in.
using Variables = std::vector<std::pair<std::string, std::optional<std::string>>>;

/// The one that was named by HOST or HOST:PORT, or the only one. Points into `profile`.
Outcome<const control::ClusterView*> choose_cluster(const control::ProfileView& profile, std::string_view named);

enum class Readiness : std::uint8_t {
    ready,     ///< a PING was answered, and what is wrong (if anything) keeps no node from answering
    settling,  ///< some nodes answer, others not: good enough if it does not get better shortly
    waiting,
    futile,  ///< blocked: waiting longer cannot help
};

Readiness readiness_of(const control::ProfileView& profile, const control::ClusterView& cluster);

ExecTarget exec_target(const control::ClusterView& cluster);

/// REDIS_URL, MEMDB_HOST, MEMDB_PORT, MEMDB_USER, MEMDB_CA; never a password (design §9.3): URLs end up in logs.
Variables exec_environment(const ExecTarget& target);

/// `command` as it is; redis-cli and valkey-cli get the way to the cluster in front of their own arguments.
std::vector<std::string> exec_arguments(std::vector<std::string> command, const ExecTarget& target);

}  // namespace memdb::client
