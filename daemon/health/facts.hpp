// What is known about one profile at one moment: the input of blame, ladder and verdict. Plain values, made by
// app/fact_map.
#pragma once

#include "base/time.hpp"
#include "health/finding.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace memdb::health {

/// One bad condition as seen now, before the tracker has given it a `since` and decided whether people see it yet.
struct Condition {
    std::string code;      ///< must be in the catalogue
    std::string summary;   ///< one sentence
    std::string evidence;  ///< what was seen; may be empty
    bool operator==(const Condition&) const = default;
};

/// How far the tunnel is, as blame needs it; tunnel::Phase has more detail.
enum class TunnelStage : std::uint8_t { none, stopped, starting, handshaking, up, waiting, blocked };

struct TunnelFacts {
    TunnelStage stage = TunnelStage::stopped;
    bool process_runs = false;           ///< an openvpn lives and its management answers
    std::optional<std::string> failure;  ///< finding code of the last failed attempt, or of `blocked`; none once up
    std::string failure_evidence;
    std::optional<std::string> fault;     ///< up, but not well: "tunnel-config-error"
    Duration server_silent_for{};         ///< since the last link bytes from the server; only meaningful while up
    std::string server;                   ///< "192.0.2.1:443", or the endpoint's name before an address is known
    std::optional<bool> route_to_server;  ///< whether the kernel has any way to the server's address
};

enum class NodeVerdict : std::uint8_t { ok, failed, unknown };

struct NodeFacts {
    std::string name;
    std::string role;   ///< "primary", "replica" or empty
    std::string shard;  ///< "1", … or empty
    NodeVerdict verdict = NodeVerdict::unknown;
    std::optional<Layer> passed;  ///< the last layer that worked in the last try (dns … ping)
    Layer failed_at = Layer::ping;
    std::string code;      ///< only when failed
    std::string evidence;  ///< only when failed
};

struct ClusterFacts {
    std::string endpoint;  ///< host:port
    std::uint16_t port = 6379;
    bool tls = true;
    bool topology_known = false;
    std::vector<NodeFacts> nodes;
    std::vector<Condition> conditions;  ///< of the cluster layer, from cluster_tracker
};

struct Facts {
    bool wanted = false;
    bool direct = false;
    TunnelFacts tunnel;
    std::optional<bool> route_to_nodes;  ///< direct profiles: whether there is any way to a node's address
    std::vector<ClusterFacts> clusters;
    std::vector<Condition> credential;  ///< certificate dates and state
};

}  // namespace memdb::health
