#include "health/ladder.hpp"

#include "tests/support/health_facts.hpp"

#include <gtest/gtest.h>

namespace memdb::health {
namespace {

using control::LayerState;

std::string drawn(const Facts& facts) {
    std::string out;
    for (const LayerState state : ladder(facts, blame(facts)))
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
    EXPECT_EQ(drawn(facts), "++++------") << "the kernel knows the way, and nothing else is claimed";
    for (NodeFacts& each : facts.clusters[0].nodes) each.route = RouteState::unknown;
    EXPECT_EQ(drawn(facts), "+++-------") << "nothing of a node is known: nothing is claimed";
}

TEST(Ladder, ends_where_the_nodes_fail) {
    Facts facts = good_day();
    silence_all(facts);
    EXPECT_EQ(drawn(facts), "+++++x----");
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
    silence_tunnel(facts, 2s, false);
    EXPECT_EQ(drawn(facts), "++x++x----");
    facts.tunnel.openvpn_silent_for = 600ms;
    EXPECT_EQ(drawn(facts), "x--++x----");
    facts.tunnel.route_to_server = false;
    EXPECT_EQ(drawn(facts), "+x-++x----");
}

TEST(Ladder, fails_the_layer_that_the_last_failure_names) {
    Facts facts = good_day();
    facts.tunnel.stage = TunnelStage::handshaking;
    facts.tunnel.failure = "tunnel-silent";
    EXPECT_EQ(drawn(facts), "+-x-------");
    EXPECT_EQ(blame(facts).conditions[0].summary, "nothing comes from the endpoint 192.0.2.1:443 any more");
}

TEST(Ladder, fails_at_the_handshake_without_a_network_even_before_a_try) {
    Facts facts = good_day();
    facts.tunnel.stage = TunnelStage::waiting;
    facts.tunnel.process_runs = false;
    facts.tunnel.route_to_server = false;
    EXPECT_EQ(drawn(facts), "-x--------");
    facts.notices.push_back({"route-shadowed", "a network of this machine has addresses of the VPC", ""});
    facts.tunnel.route_to_server = true;
    EXPECT_EQ(drawn(facts), "----------") << "nobody has tried to go there yet";
}

TEST(Ladder, keeps_the_handshake_of_a_tunnel_that_is_up_whatever_the_dates_say) {
    Facts facts = good_day();
    facts.credential.push_back({"client-cert-expired", "the client certificate ended on 2026-01-01", ""});
    EXPECT_EQ(drawn(facts), "++++++++++");
}

TEST(Ladder, takes_the_kernels_word_for_the_route_and_blames_for_what_no_stage_shows) {
    Facts facts = good_day();
    silence_all(facts);
    facts.clusters[0].nodes[1].route = RouteState::unknown;
    EXPECT_EQ(drawn(facts), "+++-+x----") << "of one node it says nothing";
    for (NodeFacts& node : facts.clusters[0].nodes) node.route = RouteState::shadowed;
    EXPECT_EQ(drawn(facts), "+++x+x----");
    for (NodeFacts& node : facts.clusters[0].nodes) node.route = RouteState::outside;
    EXPECT_EQ(drawn(facts), "+++-xx----") << "a wrong address is the name's fault";
    facts = good_day();
    facts.clusters[0].large_lost = "a PING of 8 KiB was lost twice";
    EXPECT_EQ(drawn(facts), "++x+++++++");
}

TEST(Ladder, fails_the_cluster_layer_on_a_condition_of_the_cluster) {
    Facts facts = good_day();
    facts.clusters[0].conditions.push_back({"slots-uncovered", "5461 slots have no node", ""});
    EXPECT_EQ(drawn(facts), "+++++++++x");
}

}  // namespace
}  // namespace memdb::health
