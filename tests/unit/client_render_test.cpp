#include "client/render.hpp"

#include "client/check_line.hpp"
#include "client/render_event.hpp"
#include "client/text.hpp"
#include "tests/support/snapshots.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace memdb::client {
namespace {

using control::LayerState;
using control::NodeState;
using control::ProfileView;
using support::kSeenAt;
using support::reachable_profile;
using support::snapshot_of;
using support::unreachable_profile;
using testing::HasSubstr;

const Style kPlain{};
const Style kAscii{false, false, 80, {}};

std::string status(std::vector<ProfileView> profiles, const Style& style = kPlain) {
    return render_status(snapshot_of(std::move(profiles)), nullptr, kSeenAt, style);
}

constexpr std::string_view kReachable =
    "demo  reachable  for 3 h 12 min                       certificate: 241 days left\n"
    "  process ✓ handshake ✓ tunnel ✓ route ✓ dns ✓ tcp ✓ tls ✓ auth ✓ ping ✓ cluster ✓\n"
    "  tunnel   10.0.0.2 on tun0 via 192.0.2.1:443, session ends in 20 h 48 min\n"
    "  cluster  clustercfg.demo.lab.memorydb.test:6379, 3 shards, 6 nodes, all slots\n"
    "    1  demo-0001-001 primary 0.7 ms    demo-0001-002 replica 0.8 ms\n"
    "    2  demo-0002-001 primary 0.7 ms    demo-0002-002 replica 0.8 ms\n"
    "    3  demo-0003-001 primary 0.7 ms    demo-0003-002 replica 0.8 ms\n";

constexpr std::string_view kUnreachable =
    "demo  UNREACHABLE  for 40 s                           certificate: 241 days left\n"
    "  process ✓ handshake ✓ tunnel ✓ route ✓ dns ✓ tcp ✗ tls – auth – ping – cluster –\n"
    "  ✗ port-filtered: 6 of 6 nodes silent on TCP 6379 while the tunnel carries\n"
    "    traffic\n"
    "    → let the endpoint's security group in on the cluster's group (not\n"
    "      10.0.0.0/22: AWS translates client addresses); `memdbctl aws plan` shows\n"
    "      the missing rule\n";

TEST(Render, a_reachable_profile) { EXPECT_EQ(status({reachable_profile()}), kReachable); }

TEST(Render, an_unreachable_profile_shows_cause_and_next_step) {
    EXPECT_EQ(status({unreachable_profile()}), kUnreachable);
}

TEST(Render, dns_is_told_only_where_it_matters) {
    auto profile = reachable_profile();
    const std::size_t dns_layer = 4;
    ASSERT_EQ(profile.layers[dns_layer].layer, health::Layer::dns);
    profile.tunnel->dns->trouble = "systemd-resolved does not run";
    profile.tunnel->dns->applied = false;
    EXPECT_EQ(status({profile}), kReachable) << "the names resolve all the same";
    profile.layers[dns_layer].state = LayerState::failed;
    EXPECT_THAT(status({profile}), HasSubstr("\n  dns      not applied: systemd-resolved does not run\n"));
    profile = reachable_profile();
    profile.tunnel->dns->domains = {"~.", "~demo.lab.memorydb.test"};
    EXPECT_THAT(status({profile}), HasSubstr("\n  dns      every name is asked of 10.20.0.2, through the tunnel\n"));
    profile.tunnel->dns->applied = false;
    EXPECT_EQ(status({profile}), kReachable);
}

TEST(Render, several_profiles_follow_each_other) {
    EXPECT_EQ(status({reachable_profile(), unreachable_profile()}),
              std::string(kReachable) + std::string(kUnreachable));
    auto other = unreachable_profile();
    other.name = "other";
    const std::string only = "demo";
    EXPECT_EQ(render_status(snapshot_of({reachable_profile(), other}), &only, kSeenAt, kPlain), kReachable);
}

TEST(Render, no_profile_says_how_to_make_one) {
    EXPECT_EQ(status({}),
              "no profile yet: memdbctl profile import FILE --name NAME --cert CERT --key KEY\n"
              "                --cluster HOST\n");
}

TEST(Render, a_degraded_profile_names_the_node) {
    ProfileView profile = reachable_profile();
    profile.verdict = health::Verdict::degraded;
    profile.since = kSeenAt - 65s;
    profile.clusters[0].nodes[3].state = NodeState::failed;
    profile.clusters[0].nodes[3].finding = "node-unreachable";
    profile.credential->days_left = 1;
    profile.credential->state = "expiring";
    profile.findings = {{"node-unreachable", health::Severity::warning, health::Layer::ping,
                         "demo-0002-002 of shard 2 does not answer", "", "wait for the failover", kSeenAt}};
    EXPECT_EQ(status({profile}),
              "demo  DEGRADED  for 1 min 5 s                            certificate: 1 day left\n"
              "  process ✓ handshake ✓ tunnel ✓ route ✓ dns ✓ tcp ✓ tls ✓ auth ✓ ping ✓ cluster ✓\n"
              "  ! node-unreachable: demo-0002-002 of shard 2 does not answer\n"
              "    → wait for the failover\n"
              "  tunnel   10.0.0.2 on tun0 via 192.0.2.1:443, session ends in 20 h 48 min\n"
              "  cluster  clustercfg.demo.lab.memorydb.test:6379, 3 shards, 6 nodes, all slots\n"
              "    1  demo-0001-001 primary 0.7 ms    demo-0001-002 replica 0.8 ms\n"
              "    2  demo-0002-001 primary 0.7 ms    demo-0002-002 replica ✗ node-unreachable\n"
              "    3  demo-0003-001 primary 0.7 ms    demo-0003-002 replica 0.8 ms\n");
}

TEST(Render, a_connecting_profile_tells_the_attempt) {
    ProfileView profile = reachable_profile();
    profile.verdict = health::Verdict::connecting;
    profile.since = kSeenAt - 3s;
    profile.clusters.clear();
    profile.tunnel = control::TunnelView{};
    profile.tunnel->phase = "waiting";
    profile.tunnel->attempt = 3;
    profile.tunnel->retry_at = kSeenAt + 3500ms;
    profile.tunnel->last_restart_cause = "openvpn-crashed";
    profile.layers.resize(2);
    profile.layers[1].state = LayerState::failed;
    EXPECT_EQ(status({profile}),
              "demo  connecting  for 3 s                             certificate: 241 days left\n"
              "  process ✓ handshake ✗\n"
              "  tunnel   waiting, attempt 3, next try in 4 s, last: openvpn-crashed\n");
    profile.tunnel->phase = "handshaking";
    profile.tunnel->retry_at.reset();
    profile.tunnel->server = "192.0.2.1:443";
    EXPECT_THAT(status({profile}), testing::HasSubstr("  tunnel   handshaking with 192.0.2.1:443, attempt 3\n"));
    profile.tunnel->phase = "blocked";
    profile.tunnel->blocked_cause = "client-cert-expired";
    profile.verdict = health::Verdict::unreachable;
    EXPECT_THAT(status({profile}), testing::HasSubstr("  tunnel   blocked: client-cert-expired, attempt 3\n"));
}

TEST(Render, a_stopped_profile_says_how_to_start) {
    ProfileView profile = reachable_profile();
    profile.verdict = health::Verdict::stopped;
    profile.wanted = control::Wanted::disconnected;
    profile.tunnel->phase = "stopped";
    profile.credential->days_left = -3;
    profile.credential->state = "expired";
    EXPECT_EQ(status({profile}),
              "demo  stopped  for 3 h 12 min                    certificate: expired 3 days ago\n"
              "  → memdbctl connect demo\n");
}

TEST(Render, a_direct_profile_has_skipped_layers) {
    ProfileView profile = reachable_profile();
    profile.kind = "direct";
    profile.tunnel.reset();
    profile.credential.reset();
    for (std::size_t i = 0; i < 3; ++i) profile.layers[i].state = LayerState::skipped;
    profile.clusters[0].nodes.resize(1);
    profile.clusters[0].nodes[0] = {"cache.internal", "10.0.0.9:6379", {}, {}, NodeState::ok, 1250000, {}, {}, {}};
    profile.clusters[0].slots_covered.reset();
    EXPECT_EQ(status({profile}),
              "demo  reachable  for 3 h 12 min\n"
              "  process · handshake · tunnel · route ✓ dns ✓ tcp ✓ tls ✓ auth ✓ ping ✓ cluster ✓\n"
              "  tunnel   none: a direct profile\n"
              "  cluster  clustercfg.demo.lab.memorydb.test:6379, 1 node\n"
              "       cache.internal 1.2 s\n");
}

TEST(Render, falls_back_to_ascii) {
    EXPECT_EQ(status({unreachable_profile()}, kAscii),
              "demo  UNREACHABLE  for 40 s                           certificate: 241 days left\n"
              "  process ok handshake ok tunnel ok route ok dns ok tcp x tls - auth - ping - cluster -\n"
              "  x port-filtered: 6 of 6 nodes silent on TCP 6379 while the tunnel carries\n"
              "    traffic\n"
              "    -> let the endpoint's security group in on the cluster's group (not\n"
              "       10.0.0.0/22: AWS translates client addresses); `memdbctl aws plan` shows\n"
              "       the missing rule\n");
    for (const char c : status({reachable_profile(), unreachable_profile()}, kAscii)) EXPECT_GE(c, 0);
}

TEST(Render, never_is_wider_than_the_screen) {
    for (const bool utf8 : {true, false})
        for (const auto& profile : {reachable_profile(), unreachable_profile()}) {
            const std::string text = status({profile}, Style{false, utf8, 80, 80});
            for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
                EXPECT_LE(columns(std::string_view(text).substr(at, text.find('\n', at) - at)), 80u) << text;
        }
    EXPECT_THAT(status({reachable_profile()}, Style{false, true, 80, 80}),
                testing::HasSubstr("  process✓ handshake✓ tunnel✓ route✓ dns✓ tcp✓ tls✓ auth✓ ping✓ cluster✓\n"));
}

TEST(Render, colours_only_when_told_to) {
    EXPECT_EQ(status({reachable_profile()}).find('\x1b'), std::string::npos);
    EXPECT_THAT(status({reachable_profile()}, Style{true, true, 80, {}}),
                testing::HasSubstr("demo  \x1b[32mreachable\x1b[0m  for"));
}

TEST(Render, text_from_peers_cannot_drive_the_terminal) {
    ProfileView profile = reachable_profile();
    profile.verdict = health::Verdict::degraded;
    profile.name = "de\x1b[2Jmo";
    profile.clusters[0].nodes[0].name =
        "evil\r\n\x1b]0;x\x07\xc2\x9b"
        "31m\xe2\x80\xae";
    profile.findings = {{"x\ny", health::Severity::error, health::Layer::ping, "a\tb\xff", "", "c\x08", kSeenAt}};
    const std::string text = status({profile});
    for (const char c : text) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20) << static_cast<int>(c);
    EXPECT_EQ(text.find("\xc2\x9b"), std::string::npos);
    EXPECT_EQ(text.find("\xe2\x80\xae"), std::string::npos);
    EXPECT_THAT(text, testing::HasSubstr("  ✗ x y: a b?\n    → c?\n"));
}

TEST(Render, ninety_nodes_take_two_to_a_line) {
    ProfileView profile = reachable_profile();
    auto& nodes = profile.clusters[0].nodes;
    const auto node = nodes[0];
    nodes.clear();
    for (int shard = 1; shard <= 30; ++shard)
        for (int member = 1; member <= 3; ++member) {
            nodes.push_back(node);
            nodes.back().name = "demo-00" + std::string(shard < 10 ? "0" : "") + std::to_string(shard) + "-00" +
                                std::to_string(member) + ".demo.lab.memorydb.test";
            nodes.back().shard = std::to_string(shard);
        }
    const std::string text = status({profile});
    EXPECT_THAT(text, testing::HasSubstr("30 shards, 90 nodes, all\n           slots\n"));
    EXPECT_THAT(text, testing::HasSubstr("     1  demo-0001-001 primary 0.7 ms    demo-0001-002 primary 0.7 ms\n"
                                         "        demo-0001-003 primary 0.7 ms\n"));
    EXPECT_THAT(text, testing::HasSubstr("    30  demo-0030-001 primary"));
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 5 + 60);
}

TEST(Render, node_names_lose_what_the_cluster_shares) {
    EXPECT_EQ(short_node_name("n1.demo.test", "clustercfg.demo.test:6379"), "n1");
    EXPECT_EQ(short_node_name("n1.other.test", "clustercfg.demo.test:6379"), "n1.other.test");
    EXPECT_EQ(short_node_name("demo.test", "clustercfg.demo.test:6379"), "demo.test");
    EXPECT_EQ(short_node_name("10.1.0.7", "10.0.0.7:6379"), "10.1.0.7");
    EXPECT_EQ(short_node_name("n1", "localhost:6379"), "n1");
    EXPECT_EQ(short_node_name("", ""), "");
}

TEST(Render, lists_and_shows_profiles) {
    auto other = unreachable_profile();
    other.name = "production";
    EXPECT_EQ(render_profile_list(snapshot_of({reachable_profile(), other}), kPlain),
              "demo        tunnel  reachable    clustercfg.demo.lab.memorydb.test:6379\n"
              "production  tunnel  UNREACHABLE  clustercfg.demo.lab.memorydb.test:6379\n");
    EXPECT_EQ(render_profile_list(snapshot_of({}), kPlain), "no profile yet: memdbctl profile import --help\n");
    EXPECT_EQ(render_profile_facts(reachable_profile(), kSeenAt, kPlain),
              "demo\n"
              "  kind     tunnel\n"
              "  wanted   connected\n"
              "  verdict  reachable\n"
              "  cluster  clustercfg.demo.lab.memorydb.test:6379, 3 shards, 6 nodes, all slots\n"
              "  subject  CN=client1.domain.tld\n"
              "  issuer   CN=Lab CA\n"
              "  serial   0A1B\n"
              "  valid    2026-08-15 to 2027-07-22, 241 days left\n"
              "  CA to    2035-02-09\n"
              "  key      generation 1\n");
    ProfileView by_iam = reachable_profile();
    auto& iam = by_iam.clusters[0].iam.emplace();
    iam.user = "app";
    iam.cluster = "demo";
    iam.region = "eu-central-1";
    EXPECT_THAT(render_profile_facts(by_iam, kSeenAt, kPlain),
                HasSubstr("  auth     IAM user app, no token yet; tokens are for demo in eu-central-1\n"));
    iam.token_expires_at = kSeenAt + 1s;
    const std::string until = render_profile(by_iam, kSeenAt, kPlain);
    EXPECT_THAT(until, HasSubstr("  auth     IAM user app, token until "));
    EXPECT_THAT(render_profile(by_iam, kSeenAt + 2s, kPlain), HasSubstr("  auth     IAM user app, token expired at "));
    ProfileView profile = reachable_profile();
    profile.signer = "pki:/home/me/pki";
    profile.signer_uid = 1000;
    EXPECT_THAT(render_profile_facts(profile, kSeenAt, kPlain),
                HasSubstr("  signer   pki:/home/me/pki, set by uid 1000\n"));
    profile.revoke_old = true;
    profile.revoke_old_uid = 1000;
    EXPECT_THAT(render_profile_facts(profile, kSeenAt, kPlain),
                HasSubstr("pki:/home/me/pki, set by uid 1000; then revokes the old certificate\n"));
    profile.revoke_old_uid = 7;
    EXPECT_THAT(render_profile_facts(profile, kSeenAt, kPlain), HasSubstr("uid 7\n"))
        << "for another's wish is not followed";
}

TEST(CheckLine, follows_the_convention_of_monitoring_plugins) {
    const auto line = check_line(reachable_profile());
    EXPECT_EQ(line.exit, 0);
    EXPECT_EQ(line.text,
              "MEMDB OK - demo reachable, 6 of 6 nodes answer | nodes_ok=6;6:;1:;0;6 ping_max=0.800ms cert_days=241\n");
    auto bad = unreachable_profile();
    bad.findings[0].summary = "a | b\nc";
    EXPECT_EQ(check_line(bad).exit, 2);
    EXPECT_EQ(check_line(bad).text,
              "MEMDB CRITICAL - demo unreachable: port-filtered: a / b c, 0 of 6 nodes answer | nodes_ok=0;6:;1:;0;6 "
              "cert_days=241\n");
    bad.verdict = health::Verdict::degraded;
    EXPECT_EQ(check_line(bad).exit, 1);
    bad.verdict = health::Verdict::connecting;
    EXPECT_EQ(check_line(bad).exit, 1);
    bad.verdict = health::Verdict::stopped;
    EXPECT_EQ(check_line(bad).exit, 2);
}

TEST(CheckLine, few_days_of_the_certificate_are_told_by_the_limits_of_who_asks) {
    struct Row {
        CheckLimits limits;
        int exit;
        std::string_view words, data;
    };
    const Row rows[] = {
        {{242, {}}, 1, "MEMDB WARNING - demo reachable, 6 of 6 nodes answer, certificate: 241 days left |", ";242:;\n"},
        {{241, {}}, 0, "MEMDB OK - demo reachable, 6 of 6 nodes answer |", ";241:;\n"},
        {{300, 242}, 2, "MEMDB CRITICAL - demo reachable, 6 of 6 nodes answer, certificate: 241", ";300:;242:\n"},
        {{{}, 7}, 0, "MEMDB OK -", ";;7:\n"},
    };
    for (const auto& row : rows) {
        const auto line = check_line(reachable_profile(), row.limits);
        EXPECT_EQ(line.exit, row.exit) << line.text;
        EXPECT_TRUE(line.text.starts_with(row.words)) << line.text;
        EXPECT_TRUE(line.text.ends_with("cert_days=241" + std::string(row.data))) << line.text;
    }
    EXPECT_EQ(check_line(unreachable_profile(), {242, {}}).exit, 2);
}

TEST(RenderEvent, one_line_each) {
    const auto show = [](control::Change change) {
        return render_event({kSeenAt, "demo", std::move(change)}, 1h, kPlain);
    };
    EXPECT_EQ(show(control::VerdictChanged{health::Verdict::connecting, health::Verdict::reachable}),
              "16:04:05  demo  verdict   connecting → reachable\n");
    EXPECT_EQ(show(control::PhaseChanged{"up", "waiting", 2, "openvpn-crashed", {}}),
              "16:04:05  demo  tunnel    up → waiting, attempt 2 (openvpn-crashed)\n");
    EXPECT_EQ(show(control::NodeChanged{"clustercfg.d.t:6379", "n1.d.t", NodeState::ok, NodeState::failed,
                                        "node-unreachable"}),
              "16:04:05  demo  node      n1 ok → failed (node-unreachable)\n");
    EXPECT_EQ(
        show(control::FindingRaised{unreachable_profile().findings[0]}),
        "16:04:05  demo  finding   port-filtered: 6 of 6 nodes silent on TCP 6379 while the tunnel carries traffic\n");
    EXPECT_EQ(show(control::FindingCleared{"port-filtered", health::Layer::tcp}),
              "16:04:05  demo  cleared   port-filtered\n");
    EXPECT_EQ(render_event({kSeenAt, "", control::FindingCleared{"x", health::Layer::agent}}, -16h, kAscii),
              "23:04:05  agent  cleared   x\n");
}

TEST(RenderEvent, ping_rounds_and_their_sum) {
    const control::PingReport report{"demo", {{"n1", "primary", "1", 700, {}}, {"node2", {}, {}, {}, "no answer"}}};
    EXPECT_EQ(render_ping_round(report, kPlain), "n1 primary  0.7 ms\nnode2       ✗ no answer\n");
    PingSummary summary;
    EXPECT_FALSE(summary.all_answered());
    summary.add({"demo", {{"n1", {}, {}, 700, {}}, {"n2", {}, {}, 900, {}}}});
    EXPECT_TRUE(summary.all_answered());
    summary.add(report);
    EXPECT_FALSE(summary.all_answered());
    EXPECT_EQ(summary.text(), "4 sent, 3 answered; min 0.7 ms, avg 0.8 ms, max 0.9 ms\n");
}

TEST(Text, wraps_at_blanks_with_a_hanging_indent) {
    EXPECT_EQ(wrap("one two three four", 9, 2, 0), "one two\n  three\n  four");
    EXPECT_EQ(wrap("unbreakable-word x", 5, 2, 0), "unbreakable-word\n  x");
    EXPECT_EQ(wrap("", 5, 2, 0), "");
    EXPECT_EQ(wrap("  a   b ", 80, 2, 0), "a b");
}

TEST(Text, durations_have_two_units_at_most) {
    EXPECT_EQ(duration_text(-5s), "0 s");
    EXPECT_EQ(duration_text(59999ms), "59 s");
    EXPECT_EQ(duration_text(60s), "1 min");
    EXPECT_EQ(duration_text(3599s), "59 min 59 s");
    EXPECT_EQ(duration_text(24h), "1 d");
    EXPECT_EQ(duration_text(100h + 30min), "4 d 4 h");
}

TEST(Text, cleans_every_byte) {
    for (int c = 0; c < 256; ++c) {
        const std::string one = clean(std::string(1, static_cast<char>(c)), false);
        EXPECT_EQ(one, c >= 0x20 && c < 0x7f    ? std::string(1, static_cast<char>(c))
                       : c == '\n' || c == '\t' ? " "
                                                : "?")
            << c;
    }
    EXPECT_EQ(clean("ä✓\xf0\x9f\x98\x80", false), "ä✓\xf0\x9f\x98\x80");
    EXPECT_EQ(clean("ä✓", true), "??");
    EXPECT_EQ(clean("\xc0\xaf\xed\xa0\x80\xe2\x82", false), "???????");
}

}  // namespace
}  // namespace memdb::client
