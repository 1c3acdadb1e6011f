#include "client/render_watch.hpp"

#include "tests/support/snapshots.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace memdb::client {
namespace {

using support::kSeenAt;
using support::reachable_profile;
using support::snapshot_of;
using support::unreachable_profile;
using testing::Each;
using testing::HasSubstr;
using testing::Not;

constexpr Style kPlain{false, true, 80, std::nullopt};

/// A minute of samples: the first node is slow once and silent once.
WatchModel watched(control::ProfileView profile) {
    WatchModel model("");
    for (int second = 0; second < 60; ++second) {
        for (auto& cluster : profile.clusters)
            for (auto& node : cluster.nodes) node.ping_us = 700;
        auto seen = profile;
        auto& first = seen.clusters[0].nodes[0];
        if (second == 50) first.ping_us = 4200;
        if (second == 55) first.state = control::NodeState::failed;
        model.take(snapshot_of({seen}));
        model.sample();
    }
    model.take(snapshot_of({std::move(profile)}));
    model.note("15:03:55  demo  node      demo-0001-001 ok → failed (port-filtered)");
    model.note("15:03:56  demo  node      demo-0001-001 failed → ok");
    return model;
}

std::string picture(const WatchModel& model, ScreenSize size, const Style& style = kPlain) {
    std::string out;
    for (const std::string& line : render_watch(model, size, kSeenAt, style)) out += line + "\n";
    return out;
}

TEST(RenderWatch, a_healthy_profile_at_80_x_24) {
    EXPECT_EQ(picture(watched(reachable_profile()), {80, 24}),
              R"(demo  reachable  for 3 h 12 min                       certificate: 241 days left
  process✓ handshake✓ tunnel✓ route✓ dns✓ tcp✓ tls✓ auth✓ ping✓ cluster✓
  tunnel   10.0.0.2 on tun0 via 192.0.2.1:443, session ends in 20 h 48 min
  cluster  clustercfg.demo.lab.memorydb.test:6379, 3 shards, 6 nodes, all slots
  1  demo-0001-001  primary  0.7 ms   ▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂█▂▂▂▂×▂▂▂▂
  1  demo-0001-002  replica  0.7 ms   ▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂
  2  demo-0002-001  primary  0.7 ms   ▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂
  2  demo-0002-002  replica  0.7 ms   ▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂
  3  demo-0003-001  primary  0.7 ms   ▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂
  3  demo-0003-002  replica  0.7 ms   ▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂
events
15:03:55  demo  node      demo-0001-001 ok → failed (port-filtered)
15:03:56  demo  node      demo-0001-001 failed → ok










q quit  r reconnect  d doctor  j/k scroll  n/p profile  ? help
)");
}

TEST(RenderWatch, a_small_screen_keeps_verdict_ladder_and_cause) {
    EXPECT_EQ(picture(watched(unreachable_profile()), {40, 10}), R"(demo  UNREACHABLE  for 40 s
  ✓✓✓✓✓✗–––– tcp
  ✗ port-filtered: 6 of 6 nodes silent
    on TCP 6379 while the tunnel carries
  more: memdbctl status
  1  demo-0001-001  ✗ port-filtered  ×××
  1  demo-0001-002  ✗ port-filtered  ×××
  2  demo-0002-001  ✗ port-filtered  ×××
    nodes 1 to 3 of 6: j and k scroll
q quit  r reconnect  d doctor  j/k scrol
)");
}

TEST(RenderWatch, an_unreachable_profile_at_80_x_24) {
    EXPECT_EQ(picture(watched(unreachable_profile()), {80, 24}),
              R"(demo  UNREACHABLE  for 40 s                           certificate: 241 days left
  process✓ handshake✓ tunnel✓ route✓ dns✓ tcp✗ tls– auth– ping– cluster–
  ✗ port-filtered: 6 of 6 nodes silent on TCP 6379 while the tunnel carries
    traffic
    → let the endpoint's security group in on the cluster's group (not
      10.0.0.0/22: AWS translates client addresses); `memdbctl aws plan` shows
      the missing rule
  tunnel   10.0.0.2 on tun0 via 192.0.2.1:443, session ends in 20 h 48 min
  cluster  clustercfg.demo.lab.memorydb.test:6379, 3 shards, 6 nodes, all slots
  1  demo-0001-001  primary  ✗ port-filtered  ××××××××××××××××××××××××××××××××××
  1  demo-0001-002  replica  ✗ port-filtered  ××××××××××××××××××××××××××××××××××
  2  demo-0002-001  primary  ✗ port-filtered  ××××××××××××××××××××××××××××××××××
  2  demo-0002-002  replica  ✗ port-filtered  ××××××××××××××××××××××××××××××××××
  3  demo-0003-001  primary  ✗ port-filtered  ××××××××××××××××××××××××××××××××××
  3  demo-0003-002  replica  ✗ port-filtered  ××××××××××××××××××××××××××××××××××
events
15:03:55  demo  node      demo-0001-001 ok → failed (port-filtered)
15:03:56  demo  node      demo-0001-001 failed → ok





q quit  r reconnect  d doctor  j/k scroll  n/p profile  ? help
)");
}

TEST(RenderWatch, every_size_is_filled_exactly) {
    auto many = reachable_profile();
    const auto like = many.clusters[0].nodes;
    for (int i = 0; i < 100; ++i) many.clusters[0].nodes.insert(many.clusters[0].nodes.end(), like.begin(), like.end());
    for (const auto& profile : {reachable_profile(), unreachable_profile(), many}) {
        WatchModel model = watched(profile);
        for (const bool colour : {false, true})
            for (const std::size_t columns : {1u, 20u, 40u, 80u, 200u})
                for (const std::size_t rows : {1u, 2u, 5u, 10u, 24u, 60u}) {
                    const auto lines = render_watch(model, {columns, rows}, kSeenAt, {colour, true, 80, {}});
                    EXPECT_EQ(lines.size(), rows) << columns << " x " << rows;
                    for (const auto& line : lines) EXPECT_LE(visible_columns(line), columns) << line;
                }
    }
}

TEST(RenderWatch, a_wide_screen_shows_longer_lines_and_more_events) {
    const auto lines = render_watch(watched(reachable_profile()), {200, 60}, kSeenAt, kPlain);
    const auto first =
        std::ranges::find_if(lines, [](const auto& line) { return line.find("demo-0001-001 ") != line.npos; });
    ASSERT_NE(first, lines.end());
    EXPECT_THAT(*first, HasSubstr("█▂▂▂▂×▂▂▂▂"));
    EXPECT_GE(visible_columns(*first), 90u);  // all 60 samples
}

TEST(RenderWatch, many_nodes_scroll) {
    auto many = reachable_profile();
    const auto like = many.clusters[0].nodes[0];
    many.clusters[0].nodes.clear();
    for (int i = 1; i <= 100; ++i) {
        many.clusters[0].nodes.push_back(like);
        many.clusters[0].nodes.back().name = "node-" + std::to_string(i) + ".demo.lab.memorydb.test";
    }
    WatchModel model("");
    model.take(snapshot_of({many}));
    EXPECT_THAT(picture(model, {80, 24}), HasSubstr("nodes 1 to 13 of 100"));
    EXPECT_THAT(picture(model, {80, 24}), Not(HasSubstr("node-14 ")));
    model.press(Key::page_down);
    model.press(Key::down);
    EXPECT_THAT(picture(model, {80, 24}), HasSubstr("nodes 12 to 24 of 100"));
    for (int i = 0; i < 20; ++i) model.press(Key::page_down);
    EXPECT_THAT(picture(model, {80, 24}), HasSubstr("nodes 88 to 100 of 100"));
    EXPECT_THAT(picture(model, {80, 24}), HasSubstr("node-100 "));
}

TEST(RenderWatch, the_last_line_says_what_the_agent_does_not) {
    WatchModel model = watched(reachable_profile());
    model.tell("demo reconnects", kSeenAt + 5s);
    EXPECT_THAT(render_watch(model, {80, 24}, kSeenAt, kPlain).back(), "demo reconnects");
    EXPECT_THAT(render_watch(model, {80, 24}, kSeenAt + 5s, kPlain).back(), HasSubstr("q quit"));
    model.lose("the agent is not running", kSeenAt - 7s);
    EXPECT_EQ(render_watch(model, {80, 24}, kSeenAt, kPlain).back(),
              "no answer for 7 s, trying again: the agent is not running");
    EXPECT_THAT(picture(model, {80, 24}), HasSubstr("demo-0003-002"));
}

TEST(RenderWatch, several_profiles_have_a_line_of_names) {
    auto other = unreachable_profile();
    other.name = "other";
    WatchModel model("other");
    model.take(snapshot_of({reachable_profile(), other}));
    const auto lines = render_watch(model, {80, 24}, kSeenAt, kPlain);
    EXPECT_EQ(lines[0], " demo [other]");
    EXPECT_THAT(lines[1], HasSubstr("other  UNREACHABLE"));
}

TEST(RenderWatch, help_takes_the_screen) {
    WatchModel model = watched(reachable_profile());
    model.press(Key::help);
    EXPECT_THAT(picture(model, {80, 24}), HasSubstr("reconnect: restart the tunnel now"));
    EXPECT_THAT(picture(model, {80, 24}), Not(HasSubstr("demo-0001-001")));
}

TEST(RenderWatch, without_a_profile_it_says_how_to_get_one) {
    WatchModel model("");
    model.take(snapshot_of({}));
    EXPECT_THAT(picture(model, {80, 24}), HasSubstr("memdbctl profile import --help"));
}

TEST(RenderWatch, what_comes_from_elsewhere_cannot_drive_the_terminal) {
    auto evil = reachable_profile();
    evil.name = "e\x1b[2Jvil";
    evil.clusters[0].endpoint = "a\x1b]0;x\x07";
    evil.clusters[0].nodes[0].name = "n\x1b[H";
    evil.clusters[0].nodes[0].role = "\x1b[31mprimary";
    evil.clusters[0].nodes[0].shard = "\x9b";
    evil.tunnel->device =
        "\x1b"
        "c";
    WatchModel model("");
    model.take(snapshot_of({evil}));
    EXPECT_THAT(render_watch(model, {80, 24}, kSeenAt, kPlain), Each(Not(HasSubstr("\x1b"))));
}

TEST(Sparkline, grows_with_the_time_and_crosses_out_what_was_missed) {
    const std::deque<Sample> samples = {0, 1000, 2000, 4000, 8000, std::nullopt, 99000};
    EXPECT_EQ(sparkline(samples, 10, 8000, kPlain), "▁▁▂▄█×█");
    EXPECT_EQ(sparkline(samples, 3, 8000, kPlain), "█×█");
    EXPECT_EQ(sparkline(samples, 10, 8000, {false, false, 80, {}}), "__.-#x#");
    EXPECT_EQ(sparkline({}, 10, 8000, kPlain), "");
    EXPECT_EQ(sparkline(samples, 0, 8000, kPlain), "");
}

}  // namespace
}  // namespace memdb::client
