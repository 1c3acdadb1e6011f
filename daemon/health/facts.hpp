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
    std::string code;                    ///< must be in the catalogue
    std::string summary;                 ///< one sentence
    std::string evidence;                ///< what was seen; may be empty
    std::optional<Severity> severity{};  ///< how urgent it is at present; absent: as the catalogue says
    std::string advice{};                ///< for this very case; empty: as the catalogue says
    bool operator==(const Condition&) const = default;
};

/// How far the tunnel is, as blame needs it; tunnel::Phase has more detail.
enum class TunnelStage : std::uint8_t { none, stopped, starting, handshaking, up, waiting, blocked };

struct TunnelFacts {
    TunnelStage stage = TunnelStage::stopped;
    bool process_runs = false;           ///< an openvpn lives and its management answers
    std::optional<std::string> failure;  ///< finding code of the last failed attempt, or of `blocked`; none once up
    std::string failure_evidence;
    std::optional<std::string> fault;    ///< up, but not well: "tunnel-config-error"
    Duration server_silent_for{};        ///< since the last link bytes from the server; only meaningful while up
    std::optional<Duration> ping;        ///< how often the server says it sends something, if it said so
    std::optional<bool> server_answers;  ///< a packet past the tunnel: answered, or twice not; none: not asked (yet)
    std::optional<Duration> tun_silent_for;      ///< no node answers, and nothing came through the device for so long
    bool is_suspected = false;                   ///< it is being found out whether the tunnel is to blame for that
    std::optional<Duration> openvpn_silent_for;  ///< a question to its management is unanswered for so long
    std::size_t losses = 0;                      ///< lately, when they are so many that it flaps; else 0
    std::optional<Duration> session_left;        ///< until the endpoint ends the session
    std::string redirect;                        ///< what the server pushed, unasked, to capture the default route
    std::string server;                          ///< "192.0.2.1:443", or the endpoint's name before an address is known
    std::optional<bool> route_to_server;         ///< whether the kernel has any way to the server's address
    std::string portal;        ///< while it is silent: what answers web requests in its place; empty: nothing
    std::string issuer_doubt;  ///< what speaks for a certificate of the wrong issuer; empty: nothing
};

/// What the VPC's own resolver, asked through the tunnel, has said since all nodes fell silent.
enum class VpcVoice : std::uint8_t {
    unknown,  ///< it is no witness: none was pushed, or it does not lie behind the tunnel
    asked,    ///< a moment later more is known
    answers,
    silent,
};

/// What the kernel would do with a packet to a node, judged by health/route_policy.
enum class RouteState : std::uint8_t { unknown, ok, missing, shadowed, not_via_tunnel, outside };

enum class NodeVerdict : std::uint8_t { ok, failed, unknown };

struct NodeFacts {
    std::string name;
    std::string role;   ///< "primary", "replica" or empty
    std::string shard;  ///< "1", … or empty
    NodeVerdict verdict = NodeVerdict::unknown;
    std::optional<Layer> passed;  ///< the last layer that worked in the last try (dns … ping)
    Layer failed_at = Layer::ping;
    std::string code;                    ///< only when failed
    std::string evidence;                ///< only when failed
    std::optional<Microseconds> ping{};  ///< only when ok: what the last PING on the kept connection took
    bool silent = false;                 ///< only when failed: a deadline passed and nothing had come
    RouteState route = RouteState::unknown;
    std::string route_evidence;
    std::string route_way;  ///< when shadowed: what takes the packets
};

struct ClusterFacts {
    std::string endpoint;  ///< host:port
    std::uint16_t port = 6379;
    bool tls = true;
    bool topology_known = false;
    std::vector<NodeFacts> nodes;
    std::vector<Condition> conditions;  ///< of the cluster layer, from cluster_tracker
    std::string vpc_answer;             ///< what the pushed resolver says of the endpoint's name; empty: nothing known
    std::string vpc_resolver;           ///< who that is
    bool plain_asked = false;           ///< whether a node that is silent in TLS speaks plain text is being found out
    std::string plain_answer;           ///< what it says without TLS; empty: nothing, or nobody asked
    std::string large_lost;             ///< small packets pass and large ones do not: how that was seen; else empty
};

struct Facts {
    bool wanted = false;
    bool direct = false;
    TunnelFacts tunnel;
    std::optional<bool> route_to_nodes;  ///< direct profiles: whether there is any way to a node's address
    std::vector<ClusterFacts> clusters;
    VpcVoice vpc = VpcVoice::unknown;
    std::vector<Condition> credential;  ///< certificate dates and state
    std::vector<Condition> access;      ///< what the clusters' user needs and has not: its password
    std::string dns_evidence;           ///< what this machine's resolver was told of the tunnel; empty: nothing to say
    std::string dns_advice;             ///< what to do where it does not ask the VPC's; empty: as the catalogue says
    std::vector<Condition> notices;     ///< what the host's own networks and other profiles have to do with it
};

}  // namespace memdb::health
