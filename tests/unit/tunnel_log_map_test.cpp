// What the log tells of a tunnel: stories of the machine, and the lines at info that come of them.
#include "tunnel/tunnel_log_map.hpp"
#include "tests/support/tunnel_stories.hpp"

using namespace memdb;
using namespace memdb::tunnel;
using namespace memdb::tunnel::stories;

namespace {

struct Told {
    std::vector<std::string> info;
    TunnelState state;

    LogDepth tell(Duration at, const TunnelEvent& event) {
        const Step done = step(state, event, t0 + at, 1.0, TunnelTimings{});
        const TunnelLine line = tunnel_line("demo", state, event, done);
        if (line.depth == LogDepth::info) info.push_back(line.text);
        EXPECT_EQ(line.text.find('\n'), std::string::npos);
        EXPECT_EQ(line.text.rfind("demo: ", 0), 0U) << line.text;
        state = done.state;
        return line.depth;
    }

    void tell(const std::vector<Line>& lines) {
        for (const Line& line : lines) tell(line.at, line.event);
    }
};

using Lines = std::vector<std::string>;

TEST(TunnelLogMap, a_connect_is_two_lines_and_a_disconnect_two) {
    Told told;
    told.tell(connected_then(
        {{1s, DisconnectRequested{}, P::stopping, "", ""}, {2s, ProcessExited{"status 0"}, P::stopped, "", ""}}));
    EXPECT_EQ(told.info,
              (Lines{"demo: stopped -> starting why=\"connect\" attempt=1",
                     "demo: handshaking -> up why=\"connected\" server=192.0.2.1:443 device=tun0 address=10.0.0.2",
                     "demo: up -> stopping why=\"disconnect\"", "demo: stopping -> stopped why=\"openvpn ended\""}));
}

TEST(TunnelLogMap, a_lost_tunnel_is_told_with_its_cause_and_not_how_it_gets_back) {
    Told told;
    told.tell(connected_then({}));
    told.info.clear();
    told.tell({{5s, ProcessExited{"signal 9"}, P::starting, "", ""},
               {5001ms, kResolved, P::starting, "", ""},
               {5002ms, HoldAsked{}, P::handshaking, "", ""},
               {5003ms, kAuth, P::handshaking, "", ""},
               {5004ms, DeviceOpened{"tun0"}, P::handshaking, "", ""},
               {5005ms, kConnected, P::up, "", ""}});
    ASSERT_EQ(told.info.size(), 2U);
    EXPECT_EQ(told.info[0].rfind("demo: up -> ", 0), 0U) << told.info[0];
    EXPECT_NE(told.info[0].find("signal 9"), std::string::npos) << told.info[0];
    EXPECT_EQ(told.info[1].rfind("demo: handshaking -> up", 0), 0U) << told.info[1];
}

TEST(TunnelLogMap, attempts_that_fail_are_the_findings_to_tell_however_many) {
    Told told;
    told.tell(0s, ConnectRequested{});
    for (Duration at = 0s; at < 600s; at += 60s) {
        if (told.state.phase == P::waiting) told.tell(at, DeadlinePassed{});
        for (const Duration begins : {at + 1s, at + 11s}) {
            told.tell(begins, kResolved);
            told.tell(begins, HoldAsked{});
            EXPECT_EQ(told.tell(begins + 9s, DeadlinePassed{}), LogDepth::debug);
            told.tell(begins + 9s, ProcessExited{"status 0"});
        }
    }
    EXPECT_GT(told.state.attempt, 5U);
    EXPECT_EQ(told.info, (Lines{"demo: stopped -> starting why=\"connect\" attempt=1"}));
}

TEST(TunnelLogMap, what_blocks_is_told_with_its_cause_and_evidence) {
    Told told;
    told.tell({{0s, ConnectRequested{}, P::starting, "", ""}, {1ms, kResolved, P::starting, "", ""}});
    told.info.clear();
    EXPECT_EQ(told.tell(2ms, SpawnFailed{Cause::openvpn_missing, "no such file"}), LogDepth::info);
    ASSERT_EQ(told.state.phase, P::blocked);
    EXPECT_EQ(told.info, (Lines{"demo: starting -> blocked why=\"spawn failed\" attempt=1 cause=openvpn-missing "
                                "evidence=\"no such file\""}));
}

TEST(TunnelLogMap, what_openvpn_says_all_the_time_is_at_trace) {
    Told told;
    told.tell(connected_then({}));
    told.info.clear();
    EXPECT_EQ(told.tell(6s, ByteCounted{3000, 2000}), LogDepth::trace);
    EXPECT_EQ(told.tell(6s, DeviceOpened{"tun0"}), LogDepth::debug);
    EXPECT_TRUE(told.info.empty());
}

}  // namespace
