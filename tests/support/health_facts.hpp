// Facts for the tests of health: a profile as it is on a good day, to be spoilt.
#pragma once

#include "health/blame.hpp"

#include <string>
#include <utility>
#include <vector>

namespace memdb::health {

inline NodeFacts ok_node(std::string name, std::string role, std::string shard) {
    NodeFacts facts;
    facts.name = std::move(name);
    facts.role = std::move(role);
    facts.shard = std::move(shard);
    facts.verdict = NodeVerdict::ok;
    facts.route = RouteState::ok;
    return facts;
}

/// Up, the server heard a moment ago, `shards` with two nodes each, all answering.
inline Facts good_day(int shards = 3) {
    Facts facts;
    facts.wanted = true;
    facts.tunnel.stage = TunnelStage::up;
    facts.tunnel.process_runs = true;
    facts.tunnel.server = "192.0.2.1:443";
    facts.tunnel.route_to_server = true;
    facts.tunnel.ping = 1s;
    facts.tunnel.server_silent_for = 400ms;
    ClusterFacts cluster;
    cluster.endpoint = "clustercfg.demo.lab.memorydb.test:6379";
    cluster.topology_known = true;
    for (int i = 1; i <= shards; ++i) {
        const std::string shard = std::to_string(i), name = "demo-000" + shard;
        cluster.nodes.push_back(ok_node(name + "-001.demo.lab", "primary", shard));
        cluster.nodes.push_back(ok_node(name + "-002.demo.lab", "replica", shard));
    }
    facts.clusters.push_back(std::move(cluster));
    return facts;
}

inline void fail(NodeFacts& facts, Layer at, std::string code, std::optional<Layer> passed = std::nullopt) {
    facts.verdict = NodeVerdict::failed;
    facts.failed_at = at;
    facts.code = std::move(code);
    facts.evidence = "what was seen";
    facts.passed = passed;
    facts.silent = false;
}

/// A connection that nobody answers, as it looks when packets are dropped on the way.
inline void silence(NodeFacts& facts) {
    fail(facts, Layer::tcp, "node-unreachable", Layer::dns);
    facts.silent = true;
}

inline void silence_all(Facts& facts) {
    for (ClusterFacts& cluster : facts.clusters)
        for (NodeFacts& node : cluster.nodes) silence(node);
}

/// No node answers, nothing comes through the device, and the server has (not) answered past the tunnel.
inline void silence_tunnel(Facts& facts, Duration tun_silent_for, std::optional<bool> server_answers) {
    silence_all(facts);
    facts.tunnel.tun_silent_for = tun_silent_for;
    facts.tunnel.server_answers = server_answers;
}

inline std::vector<std::string> codes_of(const std::vector<Condition>& conditions) {
    std::vector<std::string> out;
    for (const Condition& condition : conditions) out.push_back(condition.code);
    return out;
}

inline std::vector<std::string> codes(const Facts& facts) { return codes_of(blame(facts).conditions); }

using Codes = std::vector<std::string>;

}  // namespace memdb::health
