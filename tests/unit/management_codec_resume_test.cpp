// A connection that was taken over from an earlier memdbd: where one's own answers begin.
#include "tunnel/management_codec.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using namespace memdb::tunnel;
using Messages = std::vector<ManagementMessage>;

namespace {

std::string recorded_session() {
    std::ifstream in(MEMDB_SOURCE_DIR "/tests/fuzz/corpus/management_codec_fuzz/recorded_session", std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// As a real openvpn 2.6.14 answers `signal memdbd-…` and `state`.
const std::string kAnswer = "ERROR: signal 'memdbd-ab12' is not a known signal type\r\n";
const std::string kState = "1795692389,CONNECTED,SUCCESS,10.0.0.2,192.0.2.1,443,,\r\nEND\r\n";

struct Resumed {
    Resumed() : bytes(codec.resume("ab12") + codec.encode(Command::state)) {}
    ManagementCodec codec;
    std::string bytes;
};

CurrentState connected() {
    StateLine line{.time = 1795692389, .state = OpenvpnState::connected, .name = "CONNECTED"};
    line.detail = "SUCCESS";
    line.tun_ip = "10.0.0.2";
    line.remote_ip = "192.0.2.1";
    line.remote_port = "443";
    return {line};
}

}  // namespace

TEST(ManagementCodecResume, ends_a_half_written_command_and_asks_for_a_sign) {
    EXPECT_EQ(Resumed().bytes, "\nsignal memdbd-ab12\nstate\n");
}

TEST(ManagementCodecResume, skips_whatever_was_under_way_from_every_byte_on) {
    const std::string session = recorded_session();
    ASSERT_GT(session.size(), 10'000u);
    for (std::size_t begin = 0; begin < session.size(); ++begin) {
        Resumed resumed;
        const std::string left = session.substr(begin, 300);
        // What the earlier memdbd left half said ends with a line before openvpn reads our bytes.
        ASSERT_TRUE(resumed.codec.feed(left + (left.ends_with('\n') ? "" : "\r\n")).empty()) << begin;
        const Messages got = resumed.codec.feed(kAnswer + kState);
        ASSERT_EQ(got.size(), 2u) << begin;
        ASSERT_EQ(got[1], ManagementMessage(connected())) << begin;
        ASSERT_EQ(resumed.codec.outstanding(), 0u);
    }
}

TEST(ManagementCodecResume, may_be_cut_at_every_byte) {
    const std::string all = "SUCCESS: pid=12\r\nEND\r\n>BYTECOUNT:1,2\r\n" + kAnswer + ">BYTECOUNT:3,4\r\n" + kState;
    for (std::size_t cut = 0; cut <= all.size(); ++cut) {
        Resumed resumed;
        Messages got = resumed.codec.feed(all.substr(0, cut));
        for (auto& message : resumed.codec.feed(all.substr(cut))) got.push_back(std::move(message));
        ASSERT_EQ(got.size(), 3u) << cut;
        EXPECT_EQ(got[0], ManagementMessage(ByteCount{3, 4})) << cut;
        EXPECT_EQ(got[2], ManagementMessage(connected())) << cut;
    }
}

TEST(ManagementCodecResume, is_not_taken_in_by_the_sign_of_an_earlier_one) {
    Resumed resumed;
    EXPECT_TRUE(resumed.codec.feed("ERROR: signal 'memdbd-ab1' is not a known signal type\r\n" + kState).empty());
    EXPECT_TRUE(resumed.codec.feed("ERROR: signal 'memdbd-ab123' is not a known signal type\r\n" + kState).empty());
    EXPECT_TRUE(resumed.codec.feed(">LOG:1,,signal 'memdbd-ab12'\r\n" + kState).empty());
    EXPECT_EQ(resumed.codec.feed(kAnswer + kState).size(), 2u);
}

TEST(ManagementCodecResume, an_overlong_piece_of_an_earlier_line_is_skipped_too) {
    Resumed resumed;
    EXPECT_TRUE(resumed.codec.feed(std::string(2 * ManagementCodec::kLineLimit, 'x') + "\r\n").empty());
    EXPECT_EQ(resumed.codec.feed(kAnswer + kState).size(), 2u);
}

TEST(ManagementCodecResume, a_state_without_a_line_is_none) {
    ManagementCodec codec;
    EXPECT_EQ(codec.encode(Command::state), "state\n");
    const Messages got = codec.feed("END\r\n");
    ASSERT_EQ(got.size(), 1u);
    EXPECT_EQ(got[0], ManagementMessage(CurrentState{}));
    EXPECT_EQ(codec.outstanding(), 0u);
}
