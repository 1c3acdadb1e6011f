#include "health/blame.hpp"

#include "health/finding_catalog.hpp"

#include <gtest/gtest.h>

namespace memdb::health {
namespace {

using control::LayerState;

NodeFacts node(std::string name, std::string role, std::string shard) {
    NodeFacts facts;
    facts.name = std::move(name);
    facts.role = std::move(role);
    facts.shard = std::move(shard);
    facts.verdict = NodeVerdict::ok;
    return facts;
}

/// A profile as it is on a good day: up, six nodes, all answering.
Facts good_day() {
    Facts facts;
    facts.wanted = true;
    facts.tunnel.stage = TunnelStage::up;
    facts.tunnel.process_runs = true;
    facts.tunnel.server = "192.0.2.1:443";
    facts.tunnel.route_to_server = true;
    ClusterFacts cluster;
    cluster.endpoint = "clustercfg.demo.lab.memorydb.test:6379";
    cluster.topology_known = true;
    for (const char* shard : {"1", "2", "3"}) {
        cluster.nodes.push_back(node(std::string("demo-000") + shard + "-001.demo.lab", "primary", shard));
        cluster.nodes.push_back(node(std::string("demo-000") + shard + "-002.demo.lab", "replica", shard));
    }
    facts.clusters.push_back(cluster);
    return facts;
}

void fail(NodeFacts& facts, Layer at, std::string code, std::optional<Layer> passed = std::nullopt) {
    facts.verdict = NodeVerdict::failed;
    facts.failed_at = at;
    facts.code = std::move(code);
    facts.evidence = "what was seen";
    facts.passed = passed;
}

std::vector<std::string> codes(const Facts& facts) {
    std::vector<std::string> out;
    for (const Condition& condition : blame(facts)) out.push_back(condition.code);
    return out;
}

using Codes = std::vector<std::string>;

TEST(Blame, says_nothing_on_a_good_day) { EXPECT_EQ(codes(good_day()), Codes{}); }

TEST(Blame, names_the_dead_node_its_role_and_shard) {
    Facts facts = good_day();
    fail(facts.clusters[0].nodes[3], Layer::tcp, "node-unreachable", Layer::dns);
    const auto found = blame(facts);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].code, "node-unreachable");
    EXPECT_EQ(found[0].summary, "demo-0002-002 (replica of shard 2) does not answer");
    EXPECT_EQ(found[0].evidence, "what was seen");
}

TEST(Blame, groups_nodes_with_the_same_trouble) {
    Facts facts = good_day();
    for (const std::size_t i : {0U, 1U, 2U}) fail(facts.clusters[0].nodes[i], Layer::tls, "tls-expired", Layer::tcp);
    EXPECT_EQ(blame(facts)[0].summary,
              "demo-0001-001 (primary of shard 1), demo-0001-002 (replica of shard 1) and 1 more show an expired "
              "certificate");
}

TEST(Blame, takes_silence_of_all_nodes_on_tcp_for_a_closed_security_group) {
    Facts facts = good_day();
    for (NodeFacts& each : facts.clusters[0].nodes) fail(each, Layer::tcp, "node-unreachable", Layer::dns);
    facts.clusters[0].conditions.push_back({"cluster-down", "old news", ""});
    const auto found = blame(facts);
    ASSERT_EQ(found.size(), 1U) << "the cluster's state cannot be known any more";
    EXPECT_EQ(found[0].code, "port-filtered");
    EXPECT_EQ(found[0].summary, "6 of 6 nodes silent on TCP 6379 while the tunnel carries traffic");
}

TEST(Blame, does_not_call_it_filtered_while_one_node_refuses) {
    Facts facts = good_day();
    for (NodeFacts& each : facts.clusters[0].nodes) fail(each, Layer::tcp, "node-unreachable", Layer::dns);
    fail(facts.clusters[0].nodes[0], Layer::tcp, "port-refused", Layer::dns);
    EXPECT_EQ(codes(facts), (Codes{"node-unreachable", "port-refused"}));
}

TEST(Blame, takes_silence_of_nodes_and_server_for_a_silent_tunnel) {
    Facts facts = good_day();
    for (NodeFacts& each : facts.clusters[0].nodes) fail(each, Layer::tcp, "node-unreachable", Layer::dns);
    facts.tunnel.server_silent_for = 2999ms;
    EXPECT_EQ(codes(facts), Codes{"port-filtered"});
    facts.tunnel.server_silent_for = 3s;
    EXPECT_EQ(codes(facts), Codes{"tunnel-silent"});
    facts.tunnel.route_to_server = false;
    EXPECT_EQ(codes(facts), Codes{"network-offline"});
}

TEST(Blame, explains_every_failing_node_by_the_lack_of_a_network) {
    Facts facts = good_day();
    fail(facts.clusters[0].nodes[0], Layer::dns, "cluster-name-unresolved");
    facts.tunnel.route_to_server = false;
    EXPECT_EQ(codes(facts), Codes{"network-offline"}) << "the others have not been asked yet";
}

TEST(Blame, does_not_blame_the_tunnel_while_one_node_answers) {
    Facts facts = good_day();
    facts.tunnel.server_silent_for = 10s;  // a quiet moment of the byte counter
    EXPECT_EQ(codes(facts), Codes{});
}

TEST(Blame, reports_the_last_failure_while_the_tunnel_is_not_up) {
    for (const TunnelStage stage :
         {TunnelStage::starting, TunnelStage::handshaking, TunnelStage::waiting, TunnelStage::blocked}) {
        Facts facts = good_day();
        facts.tunnel.stage = stage;
        EXPECT_EQ(codes(facts), Codes{}) << "first try";
        facts.tunnel.failure = "endpoint-silent";
        EXPECT_EQ(codes(facts), Codes{"endpoint-silent"});
        facts.tunnel.route_to_server = false;
        EXPECT_EQ(codes(facts), Codes{stage == TunnelStage::blocked ? "endpoint-silent" : "network-offline"});
    }
}

TEST(Blame, puts_the_certificate_before_what_follows_from_it) {
    Facts facts = good_day();
    facts.tunnel.stage = TunnelStage::waiting;
    facts.tunnel.failure = "handshake-rejected";
    facts.credential.push_back({"client-cert-expired", "the certificate expired on 2026-01-01", ""});
    EXPECT_EQ(codes(facts), (Codes{"client-cert-expired", "handshake-rejected"}));
}

TEST(Blame, tells_a_tunnel_that_is_up_but_not_well) {
    Facts facts = good_day();
    facts.tunnel.fault = "tunnel-config-error";
    EXPECT_EQ(codes(facts), Codes{"tunnel-config-error"});
}

TEST(Blame, warns_of_a_cluster_without_tls) {
    Facts facts = good_day();
    facts.clusters[0].tls = false;
    EXPECT_EQ(codes(facts), Codes{"tls-off"});
}

TEST(Blame, knows_no_tunnel_for_a_direct_profile) {
    Facts facts = good_day();
    facts.direct = true;
    facts.tunnel = {};
    EXPECT_EQ(codes(facts), Codes{});
    for (NodeFacts& each : facts.clusters[0].nodes) fail(each, Layer::tcp, "node-unreachable", Layer::dns);
    EXPECT_EQ(blame(facts)[0].summary, "6 of 6 nodes silent on TCP 6379");
    facts.route_to_nodes = false;
    EXPECT_EQ(codes(facts), Codes{"network-offline"});
}

TEST(Blame, is_silent_about_what_nobody_wants) {
    Facts facts = good_day();
    facts.wanted = false;
    facts.tunnel.failure = "endpoint-silent";
    facts.tunnel.stage = TunnelStage::stopped;
    EXPECT_EQ(codes(facts), Codes{});
}

TEST(Blame, uses_only_codes_of_the_catalogue) {
    for (const CatalogEntry& entry : catalog()) {
        Facts facts = good_day();
        fail(facts.clusters[0].nodes[0], Layer::tls, std::string(entry.code));
        facts.tunnel.stage = TunnelStage::up;
        for (const Condition& condition : blame(facts)) {
            EXPECT_NE(find_entry(condition.code), nullptr) << condition.code;
            EXPECT_FALSE(condition.summary.empty());
        }
    }
}

std::string drawn(const Facts& facts) {
    std::string out;
    for (const LayerState state : ladder(facts))
        out += state == LayerState::ok        ? '+'
               : state == LayerState::failed  ? 'x'
               : state == LayerState::skipped ? 's'
                                              : '-';
    return out;
}

// process handshake tunnel route dns tcp tls auth ping cluster
TEST(Ladder, is_all_ok_only_when_all_is_proven) {
    EXPECT_EQ(drawn(good_day()), "++++++++++");
    Facts facts = good_day();
    for (NodeFacts& each : facts.clusters[0].nodes) each.verdict = NodeVerdict::unknown;
    EXPECT_EQ(drawn(facts), "+++-------") << "nothing of a node is known: nothing is claimed";
}

TEST(Ladder, ends_where_the_nodes_fail) {
    Facts facts = good_day();
    for (NodeFacts& each : facts.clusters[0].nodes) fail(each, Layer::tcp, "node-unreachable", Layer::dns);
    EXPECT_EQ(drawn(facts), "+++-+x----");
    for (NodeFacts& each : facts.clusters[0].nodes) fail(each, Layer::auth, "auth-rejected", Layer::tls);
    EXPECT_EQ(drawn(facts), "+++++++x--");
}

TEST(Ladder, shows_both_when_one_node_of_many_is_down) {
    Facts facts = good_day();
    fail(facts.clusters[0].nodes[5], Layer::tcp, "node-unreachable", Layer::dns);
    EXPECT_EQ(drawn(facts), "+++++x++++");
}

TEST(Ladder, skips_the_tunnel_of_a_direct_profile) {
    Facts facts = good_day();
    facts.direct = true;
    EXPECT_EQ(drawn(facts), "sss+++++++");
}

TEST(Ladder, knows_nothing_behind_a_tunnel_that_is_down) {
    Facts facts = good_day();
    facts.tunnel.stage = TunnelStage::handshaking;
    EXPECT_EQ(drawn(facts), "+---------");
    facts.tunnel.failure = "endpoint-silent";
    EXPECT_EQ(drawn(facts), "+x--------");
    facts.tunnel.stage = TunnelStage::waiting;
    facts.tunnel.process_runs = false;
    EXPECT_EQ(drawn(facts), "-x--------");
}

TEST(Ladder, fails_at_the_process_when_openvpn_itself_is_the_trouble) {
    Facts facts = good_day();
    facts.tunnel.stage = TunnelStage::waiting;
    facts.tunnel.process_runs = false;
    facts.tunnel.failure = "openvpn-crashed";
    EXPECT_EQ(drawn(facts), "x---------");
    facts.tunnel.stage = TunnelStage::starting;
    facts.tunnel.process_runs = true;
    EXPECT_EQ(drawn(facts), "x---------") << "until this attempt got further than the last";
    facts.tunnel.stage = TunnelStage::blocked;
    facts.tunnel.process_runs = false;
    facts.tunnel.failure = "openvpn-missing";
    EXPECT_EQ(drawn(facts), "x---------");
}

TEST(Ladder, fails_at_the_handshake_when_the_login_or_the_credential_blocks) {
    Facts facts = good_day();
    facts.tunnel.stage = TunnelStage::blocked;
    facts.tunnel.process_runs = false;
    EXPECT_EQ(drawn(facts), "-x--------") << "an expired certificate: nothing was tried";
    facts.tunnel.failure = "auth-failed";
    EXPECT_EQ(drawn(facts), "-x--------");
}

TEST(Ladder, claims_no_tls_where_there_is_none) {
    Facts facts = good_day();
    facts.clusters[0].tls = false;
    EXPECT_EQ(drawn(facts), "++++++s+++");
}

TEST(Ladder, does_not_call_a_dead_tunnel_well) {
    Facts facts = good_day();
    for (NodeFacts& each : facts.clusters[0].nodes) fail(each, Layer::tcp, "node-unreachable", Layer::dns);
    facts.tunnel.server_silent_for = 3s;
    EXPECT_EQ(drawn(facts), "++x-+x----");
    facts.tunnel.route_to_server = false;
    EXPECT_EQ(drawn(facts), "+x--+x----");
}

TEST(Ladder, fails_the_layer_that_the_last_failure_names) {
    Facts facts = good_day();
    facts.tunnel.stage = TunnelStage::handshaking;
    facts.tunnel.failure = "tunnel-silent";
    EXPECT_EQ(drawn(facts), "+-x-------");
    EXPECT_EQ(blame(facts)[0].summary, "nothing comes from the endpoint 192.0.2.1:443 any more");
}

TEST(Ladder, fails_the_cluster_layer_on_a_condition_of_the_cluster) {
    Facts facts = good_day();
    facts.clusters[0].conditions.push_back({"slots-uncovered", "5461 slots have no node", ""});
    EXPECT_EQ(drawn(facts), "+++++++++x");
}

}  // namespace
}  // namespace memdb::health
