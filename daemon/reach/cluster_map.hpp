// The members of a cluster, from its own answer to CLUSTER SHARDS or CLUSTER SLOTS.
//
// In:   the reply of one node, and how that node was reached. Out: a ClusterMap, or why the reply is not readable.
// The reply comes from a peer: names are checked, numbers have ranges, duplicates are merged, the count is limited.
// Source: valkey src/cluster.c (clusterReplyMultiBulkSlots, clusterReplyShards); recorded replies in tests/unit/golden.
#pragma once

#include "reach/resp_codec.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::reach {

inline constexpr unsigned kSlots = 16384;
/// 500 shards, the most that MemoryDB lets one ask for, with a primary and five replicas each (facts D.5).
inline constexpr std::size_t kMostNodes = 3000;

enum class Role : std::uint8_t { primary, replica };

/// One member, as the cluster announces it.
struct ClusterNode {
    std::string name;      ///< host name, else address: what is resolved, verified and shown
    std::string ip;        ///< a hint for people; may be empty
    std::uint16_t port{};  ///< the TLS one where the cluster names both
    Role role = Role::primary;
    unsigned shard = 0;  ///< 1, 2, … in order of the first slot; shards without slots come last
    bool is_online = true;
    bool has_slots = true;  ///< of its shard; a primary that was replaced sits in a shard of its own, without slots
    bool operator==(const ClusterNode&) const = default;
};

struct SlotRange {
    unsigned first = 0;
    unsigned last = 0;  ///< inclusive
    bool operator==(const SlotRange&) const = default;
};

struct ClusterMap {
    bool is_cluster = true;          ///< false: the server is not in cluster mode and is one node
    std::vector<ClusterNode> nodes;  ///< by shard, primary first, then by name
    unsigned slots_covered = 0;      ///< of kSlots
    std::vector<SlotRange> uncovered;
    std::vector<unsigned> shards_without_primary;  ///< shard numbers, ascending
    bool operator==(const ClusterMap&) const = default;
};

/// The node that was asked: its name and port stand where the reply says "?" or nothing.
struct AskedNode {
    std::string name;
    std::uint16_t port{};
    bool tls = true;
};

/// Reads the reply to CLUSTER SHARDS.
/// @return the map, or Errc::malformed / too_large / not_permitted (an error reply) with one line that says why.
[[nodiscard]] Result<ClusterMap> parse_shards(const Reply& reply, const AskedNode& asked);

/// The same for CLUSTER SLOTS. It has no health: every node counts as online.
[[nodiscard]] Result<ClusterMap> parse_slots(const Reply& reply, const AskedNode& asked);

/// Reads either, and the error of a server that is not in cluster mode, which makes one node.
[[nodiscard]] Result<ClusterMap> parse_topology(const Reply& reply, const AskedNode& asked);

/// Whether `name` may be resolved and shown: RFC 1123 letters, digits, hyphens and dots, or an address; at most 253.
[[nodiscard]] bool is_host_name(std::string_view name) noexcept;

}  // namespace memdb::reach
