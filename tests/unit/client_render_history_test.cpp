#include "client/render_history.hpp"

#include "client/text.hpp"
#include "tests/support/snapshots.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace memdb::client {
namespace {

using control::History;
using support::kSeenAt;

std::tm utc(WallTime time) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
    std::tm out{};
    gmtime_r(&seconds, &out);
    return out;
}

History sample() {
    History history;
    history.since = kSeenAt - 24h;
    history.until = kSeenAt;
    history.oldest = kSeenAt - 48h;
    history.profiles = {{"demo", 20 * 3'600'000, 20 * 3'600'000 - 45'300, 300'000, 1}};
    history.incidents = {
        {"demo", kSeenAt - 1h, kSeenAt, true, health::Verdict::degraded, "client-cert-expiring", "ends soon", {}},
        {"demo", kSeenAt - 3h, kSeenAt - 3h + 45300ms, false, health::Verdict::unreachable, "port-filtered",
         "6 of 6 nodes silent on TCP 6379 while the tunnel carries traffic", health::Layer::tcp},
        {"demo", kSeenAt - 5h, kSeenAt - 5h + 1500ms, false, health::Verdict::connecting, {}, {}, {}}};
    history.nodes = {{"demo", "demo-0001-001", {kSeenAt, 17000, 3, 400, 700, 2100}, {}},
                     {"demo", "demo-0001-002", {kSeenAt, 3400, 0, 500, 900, 1900}, {}}};
    return history;
}

TEST(RenderHistory, a_day_with_incidents) {
    EXPECT_EQ(render_history(sample(), {}, utc),
              "demo  reachable 99.93 % of the 20 h it was watched, degraded 5 min\n"
              "  the other 4 h do not count: not wanted, asleep, or no agent\n"
              "  PING: median 0.7 ms to 0.9 ms by node, p99 up to 2.1 ms; 3 of 20403 not answered\n"
              "  2026-11-23 14:04:05  for 1 h         ! degraded, client-cert-expiring: ends s…\n"
              "  2026-11-23 12:04:05  45 s            ✗ port-filtered: 6 of 6 nodes silent on …\n"
              "  2026-11-23 10:04:05  1.5 s           ! a gap, no cause was found\n");
}

TEST(RenderHistory, no_line_is_wider_than_the_screen) {
    for (const bool utf8 : {true, false})
        for (const std::size_t width : {60u, 80u, 100u}) {
            std::istringstream lines(render_history(sample(), {.utf8 = utf8, .width = width}, utc));
            for (std::string line; std::getline(lines, line);) {
                if (!line.starts_with("  2026")) continue;
                EXPECT_LE(columns(line), width) << line;
            }
        }
}

TEST(RenderHistory, a_quiet_day_says_so) {
    History history = sample();
    history.incidents.clear();
    history.profiles = {{"demo", 86'400'000, 86'400'000, 0, 0}};
    history.nodes.clear();
    EXPECT_EQ(render_history(history, {}, utc), "demo  reachable 100 % of the 1 d it was watched\n  no incidents\n");
}

TEST(RenderHistory, nothing_off_and_failed_are_told_apart) {
    History history;
    history.since = kSeenAt;
    EXPECT_EQ(render_history(history, {}, utc), "nothing is recorded since 2026-11-23 15:04\n");
    history.state = control::HistoryState::off;
    history.message = "memdbd.toml says so";
    EXPECT_EQ(render_history(history, {}, utc), "the history is off: memdbd.toml says so\n");
    history.state = control::HistoryState::failed;
    EXPECT_THAT(render_history(history, {}, utc), testing::StartsWith("the history is not available: "));
}

TEST(RenderHistory, records_that_are_short_or_missing_are_told) {
    History history = sample();
    history.oldest = kSeenAt - 2h;
    history.cut = true;
    history.dropped = 7;
    const std::string text = render_history(history, {}, utc);
    for (const char* const part : {"records begin at 2026-11-23 13:04", "shorter --since", "7 records could not"})
        EXPECT_THAT(text, testing::HasSubstr(part));
}

TEST(RenderHistory, text_from_elsewhere_is_cleaned) {
    History history = sample();
    history.incidents[0].cause = "\x1b[31mred";
    history.profiles[0].profile = history.incidents[0].profile = "de\x07mo";
    EXPECT_EQ(render_history(history, {}, utc).find_first_of("\x1b\x07"), std::string::npos);
}

TEST(RenderHistory, a_hundred_percent_is_only_said_of_the_whole) {
    EXPECT_EQ(percent_text(10, 10), "100 %");
    EXPECT_EQ(percent_text(9'999'999, 10'000'000), "99.99 %");
    EXPECT_EQ(percent_text(0, 10), "0.00 %");
    EXPECT_EQ(percent_text(0, 0), "-");
}

}  // namespace
}  // namespace memdb::client
