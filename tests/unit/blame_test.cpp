#include "health/blame.hpp"

#include "health/finding_catalog.hpp"
#include "tests/support/health_facts.hpp"

#include <gtest/gtest.h>

namespace memdb::health {
namespace {

TEST(Blame, says_nothing_on_a_good_day) { EXPECT_EQ(codes(good_day()), Codes{}); }

TEST(Blame, names_the_dead_node_its_role_and_shard) {
    Facts facts = good_day();
    fail(facts.clusters[0].nodes[3], Layer::tcp, "node-unreachable", Layer::dns);
    const auto found = blame(facts).conditions;
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].code, "node-unreachable");
    EXPECT_EQ(found[0].summary, "demo-0002-002 (replica of shard 2) does not answer");
    EXPECT_EQ(found[0].evidence, "what was seen");
}

TEST(Blame, groups_nodes_with_the_same_trouble) {
    Facts facts = good_day();
    for (const std::size_t i : {0U, 1U, 2U}) fail(facts.clusters[0].nodes[i], Layer::tls, "tls-expired", Layer::tcp);
    EXPECT_EQ(blame(facts).conditions[0].summary,
              "demo-0001-001 (primary of shard 1), demo-0001-002 (replica of shard 1) and 1 more show an expired "
              "certificate");
}

TEST(Blame, takes_silence_of_all_nodes_on_tcp_for_a_closed_security_group) {
    Facts facts = good_day();
    silence_all(facts);
    facts.clusters[0].conditions.push_back({"cluster-down", "old news", ""});
    const auto found = blame(facts).conditions;
    ASSERT_EQ(found.size(), 1U) << "the cluster's state cannot be known any more";
    EXPECT_EQ(found[0].code, "port-filtered");
    EXPECT_EQ(found[0].summary, "6 of 6 nodes silent on TCP 6379 while the tunnel carries traffic");
}

TEST(Blame, does_not_call_it_filtered_while_one_node_refuses_and_says_so_first) {
    Facts facts = good_day();
    silence_all(facts);
    fail(facts.clusters[0].nodes[0], Layer::tcp, "port-refused", Layer::dns);
    EXPECT_EQ(codes(facts), (Codes{"port-refused", "node-unreachable"}));
}

TEST(Blame, says_nothing_of_nodes_while_the_tunnel_is_suspected) {
    Facts facts = good_day();
    silence_tunnel(facts, 300ms, std::nullopt);
    facts.tunnel.is_suspected = true;
    EXPECT_EQ(codes(facts), Codes{});
    facts.direct = true;
    EXPECT_EQ(codes(facts), Codes{"port-filtered"}) << "there is no tunnel to wait for";
}

TEST(Blame, calls_the_tunnel_silent_when_nodes_device_and_link_are) {
    Facts facts = good_day();
    silence_tunnel(facts, 1s, std::nullopt);
    facts.tunnel.server_silent_for = 2999ms;
    EXPECT_EQ(codes(facts), Codes{"port-filtered"});
    facts.tunnel.server_silent_for = 3s;
    const Blame found = blame(facts);
    EXPECT_EQ(codes_of(found.conditions), Codes{"tunnel-silent"});
    EXPECT_EQ(found.conditions[0].evidence, "nothing through the tunnel for 1.0 s; no byte from it for 3 s");
    EXPECT_EQ(found.first_failing, Layer::tunnel);
    EXPECT_EQ(found.remedy, Remedy::restart);
    facts.tunnel.tun_silent_for = 999ms;
    EXPECT_EQ(codes(facts), Codes{"port-filtered"}) << "what came while the agent was held up is not read yet";
    facts.tunnel.tun_silent_for = 1s;
    facts.tunnel.ping.reset();
    EXPECT_EQ(codes(facts), Codes{"port-filtered"}) << "a server that promised no pings may be quiet";
    facts.tunnel.server_answers = false;
    EXPECT_EQ(codes(facts), Codes{"tunnel-silent"});
    facts.tunnel.route_to_server = false;
    EXPECT_EQ(codes(facts), Codes{"network-offline"});
    EXPECT_EQ(blame(facts).remedy, Remedy::none) << "another tunnel would not come up either";
}

TEST(Blame, calls_the_tunnel_silent_when_the_server_answers_no_packet_past_it) {
    Facts facts = good_day();
    silence_tunnel(facts, 1200ms, false);
    const Blame found = blame(facts);
    EXPECT_EQ(codes_of(found.conditions), Codes{"tunnel-silent"});
    EXPECT_EQ(found.conditions[0].summary, "nothing comes from the endpoint 192.0.2.1:443 any more");
    EXPECT_EQ(found.conditions[0].evidence, "nothing through the tunnel for 1.2 s; it answers no packet of ours");
    EXPECT_EQ(found.remedy, Remedy::restart);
}

TEST(Blame, keeps_the_tunnel_when_the_server_answers_past_it) {
    Facts facts = good_day();
    silence_tunnel(facts, 2s, true);
    const Blame found = blame(facts);
    EXPECT_EQ(codes_of(found.conditions), Codes{"port-filtered"});
    EXPECT_EQ(found.conditions[0].summary, "6 of 6 nodes silent on TCP 6379 while the endpoint answers");
    EXPECT_EQ(found.first_failing, Layer::tcp);
    EXPECT_EQ(found.remedy, Remedy::other_address);
    silence_tunnel(facts, 4s, std::nullopt);
    EXPECT_EQ(blame(facts).conditions[0].summary, "6 of 6 nodes silent on TCP 6379")
        << "nothing is known of the tunnel";
}

TEST(Blame, leaves_the_tunnel_alone_when_no_packet_enters_it) {
    Facts facts = good_day();
    silence_tunnel(facts, 20s, true);
    for (NodeFacts& node : facts.clusters[0].nodes) fail(node, Layer::dns, "cluster-name-unresolved");
    EXPECT_EQ(blame(facts).remedy, Remedy::none) << "a name server said so: nothing was sent";
    for (NodeFacts& node : facts.clusters[0].nodes) node.silent = true;
    EXPECT_EQ(blame(facts).remedy, Remedy::other_address) << "the questions may go to the VPC";
    silence_all(facts);
    facts.tunnel.server_answers = false;
    facts.tunnel.server_silent_for = 20s;
    for (NodeFacts& node : facts.clusters[0].nodes) node.route = RouteState::shadowed;
    EXPECT_EQ(codes(facts), Codes{"route-shadowed"});
    EXPECT_EQ(blame(facts).remedy, Remedy::none);
}

TEST(Blame, names_a_hung_openvpn_only_when_nodes_feel_it) {
    Facts facts = good_day();
    facts.tunnel.openvpn_silent_for = 500ms;
    EXPECT_EQ(codes(facts), Codes{});
    silence_tunnel(facts, 600ms, false);
    const Blame found = blame(facts);
    EXPECT_EQ(codes_of(found.conditions), Codes{"openvpn-hung"});
    EXPECT_EQ(found.conditions[0].evidence, "no answer for 500 ms");
    EXPECT_EQ(found.first_failing, Layer::process);
    EXPECT_EQ(found.remedy, Remedy::none) << "tunnel_machine replaces the process";
    facts.tunnel.openvpn_silent_for = 499ms;
    EXPECT_EQ(codes(facts), Codes{"tunnel-silent"});
}

TEST(Blame, names_a_way_that_loses_large_packets) {
    Facts facts = good_day();
    facts.clusters[0].large_lost = "a PING of 8 KiB was lost twice";
    EXPECT_EQ(codes(facts), Codes{"path-mtu-too-small"});
    EXPECT_EQ(blame(facts).conditions[0].evidence, "a PING of 8 KiB was lost twice");
    silence_all(facts);
    EXPECT_EQ(codes(facts), Codes{"port-filtered"}) << "small packets do not pass either";
    facts.clusters[0].large_lost.clear();
    for (NodeFacts& node : facts.clusters[0].nodes) {
        fail(node, Layer::tls, "node-unreachable", Layer::tcp);
        node.silent = true;
    }
    EXPECT_EQ(codes(facts), Codes{"path-mtu-too-small"});
    EXPECT_EQ(blame(facts).conditions[0].evidence, "what was seen");
    facts.tunnel.tun_silent_for = 2s;
    facts.tunnel.server_answers = false;
    EXPECT_EQ(codes(facts), Codes{"tunnel-silent"}) << "it died in the middle of the handshakes";
    facts.tunnel.tun_silent_for.reset();
    for (NodeFacts& node : facts.clusters[0].nodes) node.route = RouteState::shadowed;
    EXPECT_EQ(codes(facts), Codes{"route-shadowed"}) << "they answer over another way";
    facts.clusters[0].nodes[0] = good_day().clusters[0].nodes[0];
    EXPECT_EQ(codes(facts), Codes{"route-shadowed"});
}

TEST(Blame, compares_this_hosts_dns_with_the_vpcs) {
    Facts facts = good_day();
    for (NodeFacts& node : facts.clusters[0].nodes) fail(node, Layer::dns, "cluster-name-unresolved");
    EXPECT_EQ(codes(facts), Codes{"cluster-name-unresolved"});
    facts.clusters[0].vpc_resolver = "10.20.0.2";
    facts.clusters[0].vpc_answer = "10.20.1.1";
    const Blame found = blame(facts);
    EXPECT_EQ(codes_of(found.conditions), Codes{"dns-not-applied"});
    EXPECT_EQ(found.conditions[0].summary, "6 of 6 nodes have no address here, but the VPC's own resolver knows one");
    EXPECT_EQ(found.conditions[0].evidence, "what was seen; 10.20.0.2 says 10.20.1.1");
    EXPECT_EQ(found.conditions[0].advice, "") << "as the catalogue says";
    facts.dns_evidence = "systemd-resolved does not run";
    facts.dns_advice = "install it";
    const Blame known = blame(facts);
    EXPECT_EQ(known.conditions[0].evidence, "what was seen; 10.20.0.2 says 10.20.1.1; systemd-resolved does not run");
    EXPECT_EQ(known.conditions[0].advice, "install it");
}

TEST(Blame, puts_the_route_before_what_follows_from_it) {
    Facts facts = good_day();
    silence_all(facts);
    facts.clusters[0].nodes[2].route = RouteState::missing;
    facts.clusters[0].nodes[2].route_evidence = "10.20.0.0/16 dev tun0 is gone";
    const Blame found = blame(facts);
    EXPECT_EQ(codes_of(found.conditions), (Codes{"route-missing", "node-unreachable"}));
    EXPECT_EQ(found.conditions[0].summary, "demo-0002-001 (primary of shard 2) has no route");
    EXPECT_EQ(found.conditions[0].evidence, "10.20.0.0/16 dev tun0 is gone");
    EXPECT_EQ(found.first_failing, Layer::route);
}

TEST(Blame, tells_of_the_session_and_of_a_captured_default_route) {
    Facts facts = good_day();
    facts.tunnel.session_left = 15min + 1ms;
    EXPECT_EQ(codes(facts), Codes{});
    facts.tunnel.session_left = 15min;
    facts.tunnel.redirect = "redirect-gateway def1";
    facts.tunnel.losses = 4;
    const Blame found = blame(facts);
    EXPECT_EQ(codes_of(found.conditions), (Codes{"default-route-captured", "session-ending", "tunnel-flapping"}));
    EXPECT_EQ(found.conditions[1].summary, "the endpoint ends this session in 15 min");
    EXPECT_EQ(found.first_failing, std::nullopt) << "none of them stops anything";
    facts.tunnel.session_left = -5s;
    EXPECT_EQ(blame(facts).conditions[1].summary, "the endpoint ends this session in 0 min");
}

TEST(Blame, says_the_same_of_a_certificate_only_once) {
    Facts facts = good_day();
    facts.tunnel.stage = TunnelStage::waiting;
    facts.tunnel.failure = "client-cert-expired";
    EXPECT_EQ(blame(facts).conditions[0].summary, "the client certificate has expired");
    facts.credential.push_back({"client-cert-expired", "the client certificate ended on 2026-01-01", ""});
    EXPECT_EQ(codes(facts), Codes{"client-cert-expired"});
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
    silence_all(facts);
    EXPECT_EQ(blame(facts).conditions[0].summary, "6 of 6 nodes silent on TCP 6379");
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

TEST(Blame, a_password_that_cannot_be_used_is_the_cause_only_when_there_is_no_other) {
    Facts facts = good_day();
    facts.access = {{"password-unusable", "a sentence", "seen", Severity::warning}};
    EXPECT_EQ(codes(facts), Codes{"password-unusable"});
    EXPECT_EQ(blame(facts).first_failing, std::nullopt) << "the one before works";
    for (NodeFacts& node : facts.clusters[0].nodes) fail(node, Layer::auth, "auth-rejected", Layer::tls);
    EXPECT_EQ(codes(facts), (Codes{"auth-rejected", "password-unusable"}));

    facts.access[0].severity = Severity::error;
    EXPECT_EQ(codes(facts), Codes{"password-unusable"}) << "nodes can only refuse what they are sent";
    EXPECT_EQ(blame(facts).first_failing, Layer::auth);
    silence_all(facts);
    EXPECT_EQ(codes(facts), (Codes{"port-filtered", "password-unusable"})) << "in order of the way";
    facts.wanted = false;
    EXPECT_EQ(codes(facts), Codes{"password-unusable"}) << "told before anybody connects";
}

TEST(Blame, of_login_by_iam_one_sentence_is_enough) {
    Facts facts = good_day();
    facts.access = {{"iam-token-failed", "connections end", "", Severity::warning}};
    EXPECT_EQ(codes(facts), Codes{"iam-token-failed"});
    EXPECT_EQ(blame(facts).first_failing, std::nullopt) << "nothing is broken yet";
    for (NodeFacts& node : facts.clusters[0].nodes) fail(node, Layer::auth, "iam-token-failed", Layer::tls);
    ASSERT_EQ(codes(facts), Codes{"iam-token-failed"});
    EXPECT_EQ(blame(facts).conditions[0].summary, "6 of 6 nodes refuse the IAM token");
    EXPECT_EQ(blame(facts).first_failing, Layer::auth);
    facts.access = {{"iam-token-failed", "no IAM token was pushed yet", ""}};
    ASSERT_EQ(codes(facts), Codes{"iam-token-failed"});
    EXPECT_EQ(blame(facts).conditions[0].summary, "no IAM token was pushed yet") << "nodes were asked nothing";
}

TEST(Blame, uses_only_codes_of_the_catalogue) {
    for (const CatalogEntry& entry : catalog()) {
        Facts facts = good_day();
        fail(facts.clusters[0].nodes[0], Layer::tls, std::string(entry.code));
        facts.tunnel.stage = TunnelStage::up;
        for (const Condition& condition : blame(facts).conditions) {
            EXPECT_NE(find_entry(condition.code), nullptr) << condition.code;
            EXPECT_FALSE(condition.summary.empty());
        }
    }
}

}  // namespace
}  // namespace memdb::health
