// What blame makes of witnesses beside the tunnel and the nodes: a web request, the VPC's resolver, the other nodes.
#include "health/blame.hpp"
#include "health/finding_catalog.hpp"
#include "health/ladder.hpp"
#include "tests/support/health_facts.hpp"

#include <gtest/gtest.h>

namespace memdb::health {
namespace {

using control::LayerState;

Facts unheard(TunnelStage stage, std::optional<std::string> failure) {
    Facts facts = good_day();
    for (NodeFacts& node : facts.clusters[0].nodes) node.verdict = NodeVerdict::unknown;
    facts.tunnel.stage = stage;
    facts.tunnel.failure = std::move(failure);
    facts.tunnel.failure_evidence = "nothing came";
    facts.tunnel.portal = "it answers a web request with 302 to http://portal.test/";
    return facts;
}

TEST(BlameSuspects, names_the_captive_portal_in_place_of_a_silent_endpoint) {
    for (const auto& failure : {std::optional<std::string>{}, std::optional<std::string>("endpoint-silent"),
                                std::optional<std::string>("tunnel-silent")}) {
        Facts facts = unheard(TunnelStage::waiting, failure);
        const Blame found = blame(facts);
        ASSERT_EQ(codes_of(found.conditions), Codes{"captive-portal"});
        EXPECT_EQ(found.conditions[0].summary,
                  "this network wants a login first: it answers in place of the endpoint 192.0.2.1:443");
        EXPECT_EQ(found.conditions[0].evidence, facts.tunnel.portal);
        EXPECT_EQ(found.first_failing, Layer::handshake);
        EXPECT_EQ(ladder(facts, found)[static_cast<std::size_t>(Layer::handshake)], LayerState::failed);
        facts.tunnel.route_to_server = false;
        EXPECT_EQ(codes(facts), Codes{"network-offline"}) << "it was another network";
    }
}

TEST(BlameSuspects, leaves_the_portal_out_where_the_cause_is_known) {
    for (const char* cause : {"handshake-rejected", "server-cert-untrusted", "openvpn-missing", "config-refused"})
        EXPECT_EQ(codes(unheard(TunnelStage::waiting, cause)), Codes{cause});
    Facts facts = unheard(TunnelStage::blocked, std::nullopt);
    facts.credential.push_back({"client-cert-expired", "the client certificate ended", ""});
    EXPECT_EQ(codes(facts), Codes{"client-cert-expired"});
    facts = good_day();
    facts.tunnel.portal = "it answers a web request with 200";
    EXPECT_EQ(codes(facts), Codes{}) << "a tunnel that works needs no login";
}

TEST(BlameSuspects, says_of_a_rejection_what_speaks_for_a_wrong_issuer) {
    Facts facts = unheard(TunnelStage::waiting, "handshake-rejected");
    facts.tunnel.portal.clear();
    EXPECT_EQ(blame(facts).conditions[0].advice, "") << "as the catalogue says";
    facts.tunnel.issuer_doubt = "the client certificate was issued by CN=b, the configuration's CA is CN=a";
    const Condition told = blame(facts).conditions[0];
    EXPECT_EQ(told.code, "handshake-rejected") << "the wire proves nothing";
    EXPECT_EQ(told.evidence, "nothing came; " + facts.tunnel.issuer_doubt);
    EXPECT_NE(told.advice.find("client CA"), std::string::npos);
    facts.tunnel.failure = "endpoint-silent";
    EXPECT_EQ(blame(facts).conditions[0].evidence, "nothing came") << "nobody has looked at the certificate";
}

Facts shut_out(VpcVoice voice) {
    Facts facts = good_day();
    silence_tunnel(facts, 2s, true);
    facts.clusters[0].vpc_resolver = "10.20.0.2";
    facts.vpc = voice;
    return facts;
}

TEST(BlameSuspects, tells_a_closed_port_from_a_vpc_that_lets_nobody_in) {
    EXPECT_EQ(codes(shut_out(VpcVoice::unknown)), Codes{"port-filtered"}) << "there is no witness";
    EXPECT_EQ(codes(shut_out(VpcVoice::answers)), Codes{"port-filtered"});
    EXPECT_EQ(codes(shut_out(VpcVoice::asked)), Codes{}) << "a moment later it is known";
    const Facts facts = shut_out(VpcVoice::silent);
    const Blame found = blame(facts);
    ASSERT_EQ(codes_of(found.conditions), Codes{"authorization-missing"});
    EXPECT_EQ(found.conditions[0].summary,
              "nothing in the VPC answers through the tunnel, neither its resolver 10.20.0.2 nor any of 6 nodes");
    EXPECT_EQ(found.conditions[0].evidence, "what was seen; the endpoint itself answers");
    EXPECT_EQ(found.remedy, Remedy::other_address) << "one subnet may lack the route";
    EXPECT_EQ(ladder(facts, found)[static_cast<std::size_t>(Layer::tunnel)], LayerState::failed);
}

TEST(BlameSuspects, blames_no_authorization_where_anything_else_is_seen) {
    Facts facts = shut_out(VpcVoice::silent);
    fail(facts.clusters[0].nodes[0], Layer::tcp, "port-refused", Layer::dns);
    EXPECT_EQ(codes(facts), (Codes{"port-refused", "node-unreachable"})) << "a node has answered";
    facts = shut_out(VpcVoice::silent);
    for (NodeFacts& node : facts.clusters[0].nodes) node.route = RouteState::missing;
    EXPECT_EQ(codes(facts), Codes{"route-missing"}) << "nothing was sent into the tunnel";
    facts = shut_out(VpcVoice::silent);
    facts.tunnel.server_answers = false;
    EXPECT_EQ(codes(facts), Codes{"tunnel-silent"});
    facts = shut_out(VpcVoice::silent);
    facts.tunnel.server_silent_for = 2001ms;
    EXPECT_EQ(codes(facts), Codes{}) << "the server may have lost the session: a moment later it is known";
    facts.tunnel.ping.reset();
    EXPECT_EQ(codes(facts), Codes{"authorization-missing"}) << "it never promised to send anything";
    facts = shut_out(VpcVoice::silent);
    facts.direct = true;
    EXPECT_EQ(codes(facts), Codes{"port-filtered"});
}

Facts silent_in_tls() {
    Facts facts = good_day();
    for (NodeFacts& node : facts.clusters[0].nodes) {
        fail(node, Layer::tls, "node-unreachable", Layer::tcp);
        node.silent = true;
    }
    return facts;
}

TEST(BlameSuspects, tells_a_node_without_tls_from_a_way_that_loses_large_packets) {
    Facts facts = silent_in_tls();
    EXPECT_EQ(codes(facts), Codes{"path-mtu-too-small"});
    facts.clusters[0].plain_asked = true;
    EXPECT_EQ(codes(facts), Codes{}) << "a moment later it is known";
    facts.clusters[0].plain_asked = false;
    facts.clusters[0].plain_answer = "-NOAUTH Authentication required.";
    const Blame found = blame(facts);
    ASSERT_EQ(codes_of(found.conditions), Codes{"tls-not-offered"});
    EXPECT_EQ(found.conditions[0].summary, "6 of 6 nodes speak no TLS");
    EXPECT_EQ(found.conditions[0].evidence,
              "what was seen; to PING without TLS it says \"-NOAUTH Authentication required.\"");
    EXPECT_EQ(found.first_failing, Layer::tls);
    facts.clusters[0].nodes.resize(1);
    EXPECT_EQ(codes(facts), Codes{"tls-not-offered"}) << "of one node alone, too";
}

Facts with_pings(std::vector<Microseconds> pings) {
    Facts facts = good_day();
    for (std::size_t i = 0; i < pings.size(); ++i) facts.clusters[0].nodes[i].ping = pings[i];
    return facts;
}

TEST(BlameSuspects, names_a_node_that_is_far_slower_than_the_others) {
    const Blame found = blame(with_pings({900us, 800us, 1ms, 212'400us, 700us, 2ms}));
    ASSERT_EQ(codes_of(found.conditions), Codes{"node-slow"});
    EXPECT_EQ(found.conditions[0].summary, "demo-0002-002 (replica of shard 2) answers slowly");
    EXPECT_EQ(found.conditions[0].evidence, "PING takes 212 ms, 0.9 ms is the median of the others");
    EXPECT_EQ(found.first_failing, std::nullopt) << "it answers";
    EXPECT_EQ(find_entry("node-slow")->visible_after, 10s) << "one slow PING is no news";
}

TEST(BlameSuspects, calls_no_node_slow_where_all_are_or_nothing_is_known) {
    EXPECT_EQ(codes(with_pings({250ms, 260ms, 270ms, 900ms, 240ms, 255ms})), Codes{}) << "the network is slow";
    EXPECT_EQ(codes(with_pings({1ms, 1ms, 1ms, 100ms, 1ms, 1ms})), Codes{}) << "not slow enough to be felt";
    EXPECT_EQ(codes(with_pings({1ms, 1ms, 1ms, 100'001us, 1ms, 1ms})), Codes{"node-slow"});
    EXPECT_EQ(codes(with_pings({300ms})), Codes{}) << "there is nothing to compare it with";
    Facts facts = with_pings({300ms, 1ms});
    facts.clusters[0].nodes[0].verdict = NodeVerdict::unknown;
    EXPECT_EQ(codes(facts), Codes{}) << "that PING is old";
}

}  // namespace
}  // namespace memdb::health
