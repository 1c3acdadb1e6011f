#include "control/event.hpp"

#include "control/api.hpp"
#include "tests/support/snapshots.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace memdb::control {
namespace {

using support::kSeenAt;
using support::reachable_profile;
using support::snapshot_of;
using support::unreachable_profile;

std::vector<std::string> lines_of(const Snapshot& before, const Snapshot& after) {
    std::vector<std::string> lines;
    for (const Event& event : diff(before, after, WallTime{})) lines.push_back(to_json_line(event));
    return lines;
}

std::string line(const std::string& type, const std::string& rest) {
    return R"({"type":")" + type + R"(","at":"1970-01-01T00:00:00.000Z","profile":"demo")" + rest + "}\n";
}

TEST(Event, a_quiet_tunnel_makes_none) {
    const Snapshot before = snapshot_of({reachable_profile()});
    Snapshot after = before;
    auto& profile = after.profiles[0];
    after.agent.uptime_s += 5;
    profile.tunnel->bytes_in += 1000;
    profile.tunnel->bytes_out += 1000;
    profile.tunnel->since += 1ms;  // a rounding
    profile.credential->days_left -= 1;
    for (auto& layer : profile.layers) layer.checked_at = kSeenAt;
    for (auto& node : profile.clusters[0].nodes) {
        node.ping_us = 1234;
        node.stages_us.tls = 1;
        node.last_ok_at = kSeenAt;
    }
    EXPECT_TRUE(diff(before, after, kSeenAt).empty());
    EXPECT_TRUE(diff(before, before, kSeenAt).empty());
}

TEST(Event, a_finding_that_grows_more_urgent_is_told) {
    ProfileView before = reachable_profile();
    before.findings = {
        {"client-cert-expiring", health::Severity::info, health::Layer::handshake, "it ends", "", "", kSeenAt}};
    ProfileView after = before;
    after.findings[0].severity = health::Severity::warning;
    const auto events = diff(snapshot_of({before}), snapshot_of({after}), kSeenAt);
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(std::get<FindingChanged>(events[0].change).finding.severity, health::Severity::warning);
}

TEST(Event, the_verdict_comes_after_what_explains_it) {
    const auto events = diff(snapshot_of({reachable_profile()}), snapshot_of({unreachable_profile()}), kSeenAt);
    std::vector<std::string> types;
    for (const auto& event : events) types.emplace_back(type_of(event.change));
    EXPECT_THAT(types, testing::ElementsAre("layer", "layer", "layer", "layer", "layer", "node", "node", "node", "node",
                                            "node", "node", "finding_raised", "verdict"));
}

TEST(Event, each_change_has_its_line) {
    const ProfileView base = reachable_profile();
    const auto changed = [&](auto change) {
        ProfileView profile = base;
        change(profile);
        return lines_of(snapshot_of({base}), snapshot_of({profile}));
    };
    using testing::ElementsAre;
    EXPECT_THAT(changed([](ProfileView& p) { p.wanted = Wanted::disconnected; }),
                ElementsAre(line("wanted", R"(,"to":"disconnected")")));
    EXPECT_THAT(changed([](ProfileView& p) { p.verdict = health::Verdict::degraded; }),
                ElementsAre(line("verdict", R"(,"from":"reachable","to":"degraded")")));
    EXPECT_THAT(changed([](ProfileView& p) {
                    p.tunnel->phase = "waiting";
                    p.tunnel->attempt = 2;
                    p.tunnel->retry_at = WallTime{5s};
                }),
                ElementsAre(line("phase", R"(,"from":"up","to":"waiting","attempt":2,"cause":"openvpn-crashed",)"
                                          R"("retry_at":"1970-01-01T00:00:05.000Z")")));
    EXPECT_THAT(changed([](ProfileView& p) { p.tunnel->since += 300ms; }),
                ElementsAre(line("phase", R"(,"from":"up","to":"up","attempt":0,"cause":"openvpn-crashed")")));
    EXPECT_THAT(changed([](ProfileView& p) {
                    p.tunnel->phase = "blocked";
                    p.tunnel->blocked_cause = "config-refused";
                }),
                ElementsAre(line("phase", R"(,"from":"up","to":"blocked","attempt":0,"cause":"config-refused")")));
    EXPECT_THAT(changed([](ProfileView& p) { p.layers[3].state = LayerState::failed; }),
                ElementsAre(line("layer", R"(,"layer":"route","from":"ok","to":"failed")")));
    const std::string cluster =
        R"(,"cluster":"clustercfg.demo.lab.memorydb.test:6379","node":"demo-0001-001.demo.lab.memorydb.test")";
    EXPECT_THAT(changed([](ProfileView& p) {
                    p.clusters[0].nodes[0].state = NodeState::failed;
                    p.clusters[0].nodes[0].finding = "node-unreachable";
                }),
                ElementsAre(line("node", cluster + R"(,"from":"ok","to":"failed","finding":"node-unreachable")")));
    EXPECT_THAT(changed([](ProfileView& p) { p.clusters[0].nodes.erase(p.clusters[0].nodes.begin()); }),
                ElementsAre(line("node", cluster + R"(,"from":"ok")")));
    EXPECT_THAT(lines_of(snapshot_of({base}), snapshot_of({})), ElementsAre(line("profile_removed", "")));
}

TEST(Event, findings_are_raised_and_cleared_once) {
    ProfileView bad = reachable_profile();
    bad.findings = unreachable_profile().findings;
    EXPECT_EQ(lines_of(snapshot_of({reachable_profile()}), snapshot_of({bad})),
              std::vector{line("finding_raised", R"(,"finding":)" + to_json(bad.findings[0]))});
    EXPECT_EQ(lines_of(snapshot_of({bad}), snapshot_of({reachable_profile()})),
              std::vector{line("finding_cleared", R"(,"code":"port-filtered","layer":"tcp")")});
    ProfileView later = bad;
    later.findings[0].evidence = "another number";
    EXPECT_TRUE(lines_of(snapshot_of({bad}), snapshot_of({later})).empty());
}

TEST(Event, findings_of_the_agent_name_no_profile) {
    Snapshot after = snapshot_of({});
    after.findings = {{"disk-full", health::Severity::error, health::Layer::agent, "s", "", "", WallTime{}}};
    const auto events = diff(snapshot_of({}), after, kSeenAt);
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].profile, "");
}

TEST(Event, a_new_profile_says_what_is_already_true) {
    const auto events = diff(snapshot_of({}), snapshot_of({reachable_profile()}), kSeenAt);
    ASSERT_GE(events.size(), 3u);
    EXPECT_EQ(type_of(events.front().change), "profile_added");
    EXPECT_EQ(events.back().change, Change(VerdictChanged{health::Verdict::stopped, health::Verdict::reachable}));
}

TEST(Event, every_line_comes_back_equal) {
    Snapshot direct = snapshot_of({reachable_profile(), unreachable_profile()});
    direct.profiles[1].name = "other";
    direct.profiles[1].tunnel.reset();
    auto events = diff(snapshot_of({unreachable_profile()}), direct, kSeenAt);
    for (const auto& event : diff(direct, snapshot_of({}), kSeenAt)) events.push_back(event);
    events.push_back({kSeenAt, "", SnapshotTaken{direct}});
    events.push_back({kSeenAt, "demo", PhaseChanged{"up", "waiting", 3, "openvpn-hung", kSeenAt + 1s}});
    EXPECT_GT(events.size(), 20u);
    for (const auto& event : events) {
        const auto back = parse_event(to_json_line(event));
        ASSERT_TRUE(back.has_value()) << to_json_line(event) << back.error().message;
        EXPECT_EQ(*back, event);
    }
    EXPECT_EQ(snapshot_line(direct, kSeenAt), to_json_line({kSeenAt, "", SnapshotTaken{direct}}));
}

TEST(Event, lines_that_are_none_are_told_apart) {
    EXPECT_EQ(parse_event(R"({"type":"eclipse","at":"1970-01-01T00:00:00Z"})").error().code, Errc::not_found);
    for (const auto* wrong :
         {"", "{}", "[1]", R"({"type":"verdict"})", R"({"type":"verdict","at":"1970-01-01T00:00:00Z"})",
          R"({"type":"snapshot","at":"1970-01-01T00:00:00Z"})",
          R"({"type":"finding_raised","at":"1970-01-01T00:00:00Z"})", R"({"type":7,"at":"1970-01-01T00:00:00Z"})",
          R"({"type":"profile_added","at":"1970-01-01T00:00:00Z","profile":[]})"})
        EXPECT_EQ(parse_event(wrong).error().code, Errc::malformed) << wrong;
}

}  // namespace
}  // namespace memdb::control
