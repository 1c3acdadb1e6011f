#include "control/metrics.hpp"

#include "tests/support/snapshots.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>

namespace memdb::control {
namespace {

using support::kSeenAt;
using support::reachable_profile;
using support::snapshot_of;
using support::unreachable_profile;
using testing::HasSubstr;
using testing::Not;

constexpr auto kOpen = Exposition::openmetrics;
constexpr auto kClassic = Exposition::classic;

std::string text_of(std::vector<ProfileView> profiles, Exposition exposition = kOpen, const PingTallies& pings = {}) {
    return metrics_text(snapshot_of(std::move(profiles)), pings, exposition);
}

bool has_line(const std::string& text, const std::string& line) {
    return text.starts_with(line + "\n") || text.find("\n" + line + "\n") != std::string::npos;
}
#define EXPECT_LINE(text, line) EXPECT_TRUE(has_line(text, line)) << (line) << "\n" << (text)

TEST(Metrics, openmetrics_ends_with_eof_and_classic_does_not) {
    EXPECT_TRUE(text_of({}).ends_with("\n# EOF\n"));
    EXPECT_THAT(text_of({}, kClassic), Not(HasSubstr("EOF")));
    EXPECT_EQ(content_type_of(kOpen), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    EXPECT_EQ(content_type_of(kClassic), "text/plain; version=0.0.4; charset=utf-8");
}

TEST(Metrics, each_kind_in_both_formats) {
    const std::string open = text_of({reachable_profile()}), classic = text_of({reachable_profile()}, kClassic);
    EXPECT_LINE(open, "# TYPE memdbd_build info");
    EXPECT_LINE(classic, "# TYPE memdbd_build_info gauge");
    EXPECT_LINE(open, "# TYPE memdbd_verdict stateset");
    EXPECT_LINE(classic, "# TYPE memdbd_verdict gauge");
    EXPECT_LINE(open, "# TYPE memdbd_tunnel_receive_bytes counter");
    EXPECT_LINE(open, "# UNIT memdbd_tunnel_receive_bytes bytes");
    EXPECT_LINE(classic, "# TYPE memdbd_tunnel_receive_bytes_total counter");
    EXPECT_THAT(classic, Not(HasSubstr("# UNIT")));
    for (const std::string& text : {open, classic}) {
        EXPECT_LINE(text, "memdbd_build_info{version=\"0.1.0\"} 1");
        EXPECT_LINE(text, "memdbd_start_time_seconds 1795431845.123");
        EXPECT_LINE(text, "memdbd_verdict{profile=\"demo\",memdbd_verdict=\"reachable\"} 1");
        EXPECT_LINE(text, "memdbd_verdict{profile=\"demo\",memdbd_verdict=\"unreachable\"} 0");
        EXPECT_LINE(text, "memdbd_layer{profile=\"demo\",layer=\"tls\",memdbd_layer=\"ok\"} 1");
        EXPECT_LINE(text, "memdbd_tunnel_receive_bytes_total{profile=\"demo\"} 123456789012");
        EXPECT_LINE(text, "memdbd_tunnel_restarts_total{profile=\"demo\"} 1");
        EXPECT_LINE(text, "memdbd_tunnel_phase{profile=\"demo\",memdbd_tunnel_phase=\"up\"} 1");
        EXPECT_LINE(
            text,
            "memdbd_cluster_slots_covered{profile=\"demo\",cluster=\"clustercfg.demo.lab.memorydb.test:6379\"} 16384");
    }
}

TEST(Metrics, a_finding_is_one_sample_however_many_carry_its_code) {
    auto profile = unreachable_profile();
    profile.findings.push_back(profile.findings[0]);
    profile.findings[0].severity = health::Severity::warning;
    Snapshot snapshot = snapshot_of({profile});
    snapshot.findings.push_back({"disk-full", health::Severity::warning, health::Layer::agent, "s", "e", "a", kSeenAt});
    const std::string text = metrics_text(snapshot, {}, kOpen);
    EXPECT_LINE(text, "memdbd_finding{code=\"disk-full\",severity=\"warning\",layer=\"agent\"} 1");
    const std::string line =
        "memdbd_finding{profile=\"demo\",code=\"port-filtered\",severity=\"error\",layer=\"tcp\"} 1\n";
    ASSERT_THAT(text, HasSubstr(line));
    EXPECT_EQ(text.find("port-filtered", text.find(line) + line.size()), std::string::npos);
    EXPECT_THAT(text, Not(HasSubstr("6 of 6 nodes silent")));  // sentences are no labels: they change
}

TEST(Metrics, pings_are_a_histogram_of_the_nodes_that_the_snapshot_has) {
    const std::string cluster = "clustercfg.demo.lab.memorydb.test:6379", node = "demo-0001-001.demo.lab.memorydb.test";
    PingTallies pings;
    reach::PingTally& tally = pings[{"demo", cluster, node}];
    for (const Microseconds took : {500us, 501us, 700us, 1'000'000us, 1'000'001us}) tally.add(took);
    tally.lost = 2;
    pings[{"demo", cluster, "gone"}].add(1us);
    const std::string text = text_of({reachable_profile()}, kOpen, pings);
    const std::string labels = "profile=\"demo\",cluster=\"" + cluster + "\",node=\"" + node + "\"";
    for (const auto& [bound, count] : {std::pair{"0.0005", 1}, {"0.001", 3}, {"0.5", 3}, {"1.0", 4}, {"+Inf", 5}})
        EXPECT_LINE(text,
                    "memdbd_node_ping_seconds_bucket{" + labels + ",le=\"" + bound + "\"} " + std::to_string(count));
    EXPECT_LINE(text, "memdbd_node_ping_seconds_count{" + labels + "} 5");
    EXPECT_LINE(text, "memdbd_node_ping_seconds_sum{" + labels + "} 2.001702");
    EXPECT_LINE(text, "memdbd_node_pings_lost_total{" + labels + "} 2");
    EXPECT_THAT(text, Not(HasSubstr("gone")));
}

TEST(Metrics, what_is_not_known_has_no_sample) {
    auto profile = reachable_profile();
    profile.tunnel.reset();
    profile.credential.reset();
    auto& node = profile.clusters[0].nodes[0];
    node = NodeView{node.name};
    const std::string text = text_of({profile});
    EXPECT_THAT(text, Not(HasSubstr("\nmemdbd_tunnel_restarts_total")));
    EXPECT_THAT(text, Not(HasSubstr("\nmemdbd_certificate")));
    EXPECT_THAT(text, Not(HasSubstr("\nmemdbd_node_up{profile=\"demo\",cluster=\"clustercfg.demo.lab.memorydb.test:"
                                    "6379\",node=\"demo-0001-001")));
    EXPECT_THAT(text, HasSubstr("# TYPE memdbd_tunnel_restarts counter\n"));  // but the family is always there
    node.state = NodeState::failed;
    EXPECT_LINE(text_of({profile}),
                "memdbd_node_up{profile=\"demo\",cluster=\"clustercfg.demo.lab.memorydb.test:6379\",node=\"" +
                    node.name + "\"} 0");
}

TEST(Metrics, certificates_and_their_lists) {
    auto profile = reachable_profile();
    profile.credential = support::whole_credential();
    profile.credential->rotate_at = kSeenAt;
    const std::string text = text_of({profile});
    EXPECT_LINE(
        text, "memdbd_certificate_not_after_timestamp_seconds{profile=\"demo\",certificate=\"client\"} 1795964645.123");
    EXPECT_THAT(text, HasSubstr("{profile=\"demo\",certificate=\"ca\"}"));
    EXPECT_THAT(text, HasSubstr("{profile=\"demo\",certificate=\"server\"}"));
    EXPECT_LINE(text, "memdbd_certificate_rotation_timestamp_seconds{profile=\"demo\"} 1795446245.123");
    EXPECT_THAT(text, HasSubstr("\nmemdbd_crl_next_update_timestamp_seconds{profile=\"demo\"} 1810911845.123\n"));
    EXPECT_LINE(text, "memdbd_certificate_revoked{profile=\"demo\"} 1");
}

/// Nothing that a peer says may end a label, a line or the text.
TEST(Metrics, labels_are_escaped_and_cut) {
    auto profile = reachable_profile();
    profile.clusters[0].nodes[0].name = "a\"} 1\n# EOF\nb\\\x1b\xff\x7f" + std::string(1000, 'x');
    const std::string text = text_of({profile});
    EXPECT_THAT(text, HasSubstr(R"(node="a\"} 1\n# EOF\nb\\???xxx)"));
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        EXPECT_LT(line.size(), 800u);
        EXPECT_TRUE(line.starts_with("# ") || line.starts_with("memdbd_")) << line;
        EXPECT_TRUE(std::ranges::all_of(line, [](char c) { return c >= 0x20 && c < 0x7f; })) << line;
    }
    EXPECT_EQ(text.find("# EOF\n"), text.size() - 6);
}

TEST(Metrics, no_series_twice_and_families_in_one_piece) {
    auto other = unreachable_profile();
    other.name = "other";
    std::set<std::string> series, families;
    std::string family;
    std::istringstream lines(text_of({reachable_profile(), other}));
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("# HELP ")) {
            family = line.substr(7, line.find(' ', 7) - 7);
            EXPECT_TRUE(families.insert(family).second) << line;
        } else if (!line.starts_with("#")) {
            EXPECT_TRUE(line.starts_with(family)) << line << " in " << family;
            EXPECT_TRUE(series.insert(line.substr(0, line.rfind(' '))).second) << line;
        }
    }
    EXPECT_GT(series.size(), 100u);
}

TEST(Metrics, the_format_is_what_the_caller_names) {
    const std::pair<std::string_view, Exposition> rows[] = {
        {"", kClassic},
        {"*/*", kClassic},
        {"text/plain", kClassic},
        {"text/plain;version=0.0.4", kClassic},
        {"application/openmetrics-text", kOpen},
        {"application/openmetrics-text; version=1.0.0; charset=utf-8", kOpen},
        // As Prometheus 2.42 asks.
        {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/"
         "plain;version=0.0.4;q=0.5,*/"
         "*;q=0.1",
         kOpen},
        {"text/plain;q=0.5 , application/openmetrics-text ;version=0.0.1 ; q=0.75", kOpen},
        {"application/openmetrics-text;version=2.0.0", kClassic},
        {"application/openmetrics-text;q=0", kClassic},
        {"application/openmetrics-text;q=0.0, text/plain", kClassic},
        {"application/openmetrics-textual", kClassic},
        {";;,,;=;", kClassic},
    };
    for (const auto& [accept, wanted] : rows) EXPECT_EQ(choose_exposition(accept), wanted) << accept;
}

}  // namespace
}  // namespace memdb::control
