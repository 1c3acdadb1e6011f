// The cluster that node_farm plays: which nodes it has, where they are, and what it says of itself.
//
// In:   how many shards, nodes in each and zones. Out: the nodes, lines of a hosts file, the reply to CLUSTER SHARDS.
#pragma once

#include <string>
#include <vector>

namespace memdb::bench {

struct FarmShape {
    unsigned shards = 100;
    unsigned nodes = 2;  ///< in each shard: a primary and its replicas
    unsigned zones = 3;
    std::string domain = "farm.lab.memorydb.test";
    bool operator==(const FarmShape&) const = default;
};

struct FarmNode {
    unsigned shard = 1;
    unsigned number = 1;  ///< in its shard; 1 is the primary
    unsigned zone = 1;    ///< neighbours in a shard are in different ones
    std::string host;     ///< "farm-0001-001.farm.lab.memorydb.test"
    std::string address;  ///< each zone is a subnet: 10.20.16.0/20, 10.20.32.0/20, …
};

inline constexpr unsigned kMostFarmNodes = 4000;  ///< what a zone's subnet holds, if it has to hold all
inline constexpr unsigned kMostZones = 8;

/// @return empty when the shape does not fit the limits above.
[[nodiscard]] std::vector<FarmNode> farm_nodes(const FarmShape& shape);

/// As an address and a name a line; the cluster endpoint's name leads to the first few nodes, as that of MemoryDB does.
[[nodiscard]] std::string farm_hosts(const FarmShape& shape);

/// What Redis 7 with TLS alone answers to CLUSTER SHARDS, every node online.
[[nodiscard]] std::string farm_shards_reply(const FarmShape& shape);

}  // namespace memdb::bench
