#include "tunnel/hard_reset_codec.hpp"

#include <gtest/gtest.h>

using namespace memdb::tunnel;
using memdb::config::Transport;

namespace {

std::string bytes_of(std::string_view hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
    return bytes;
}

std::string framed(const std::string& packet) {
    return std::string{static_cast<char>(packet.size() >> 8), static_cast<char>(packet.size())} + packet;
}

// What a real openvpn 2.6.14 answered to these session ids.
constexpr SessionId kUdpId{0x68, 0x79, 0x78, 0xf9, 0xf6, 0x17, 0x16, 0x77};
const std::string udp_answer = bytes_of("40d7c0cde9e56f03a60100000000687978f9f617167700000000");
constexpr SessionId kTcpId{0xb2, 0xf8, 0x06, 0x80, 0x97, 0x24, 0x42, 0x14};
const std::string tcp_answer = bytes_of("001a4079e2de8f75b5724b0100000000b2f806809724421400000000");

HardResetReply udp(const std::string& bytes) { return read_hard_reset(bytes, kUdpId, Transport::udp); }
HardResetReply tcp(const std::string& bytes) { return read_hard_reset(bytes, kTcpId, Transport::tcp); }

TEST(HardResetCodec, writes_the_first_packet_of_a_client) {
    EXPECT_EQ(encode_hard_reset(kUdpId, Transport::udp), bytes_of("38687978f9f61716770000000000"));
    EXPECT_EQ(encode_hard_reset(kUdpId, Transport::tcp), bytes_of("000e38687978f9f61716770000000000"));
}

TEST(HardResetCodec, reads_the_answers_of_a_real_server) {
    EXPECT_EQ(udp(udp_answer), HardResetReply::answer);
    EXPECT_EQ(tcp(tcp_answer), HardResetReply::answer);
}

TEST(HardResetCodec, an_answer_to_another_session_is_foreign) {
    EXPECT_EQ(read_hard_reset(udp_answer, kTcpId, Transport::udp), HardResetReply::foreign);
    EXPECT_EQ(read_hard_reset(tcp_answer, kUdpId, Transport::tcp), HardResetReply::foreign);
}

TEST(HardResetCodec, finds_its_packet_among_up_to_eight_acknowledged) {
    const std::string ours = "687978f9f6171677", end = "00000000", zero = "00000000", other = "00000007";
    const auto with = [&](const std::string& count, const std::string& acks, const std::string& opcode = "40") {
        return udp(bytes_of(opcode + "d7c0cde9e56f03a6" + count + acks + ours + end));
    };
    EXPECT_EQ(with("02", other + zero), HardResetReply::answer);
    EXPECT_EQ(with("08", zero + other + other + other + other + other + other + other), HardResetReply::answer);
    EXPECT_EQ(with("01", other), HardResetReply::foreign);
    EXPECT_EQ(with("00", ""), HardResetReply::foreign);
    EXPECT_EQ(with("09", zero + zero + zero + zero + zero + zero + zero + zero + zero), HardResetReply::foreign);
    EXPECT_EQ(with("ff", zero), HardResetReply::foreign);
    EXPECT_EQ(with("01", zero, "28"), HardResetReply::answer);   // P_ACK_V1: our first packet was seen before
    EXPECT_EQ(with("01", zero, "20"), HardResetReply::foreign);  // P_CONTROL_V1
    EXPECT_EQ(with("01", zero, "41"), HardResetReply::foreign);  // another key id
}

TEST(HardResetCodec, our_own_packet_sent_back_is_no_answer) {
    EXPECT_EQ(udp(encode_hard_reset(kUdpId, Transport::udp)), HardResetReply::foreign);
}

TEST(HardResetCodec, a_datagram_that_was_cut_is_foreign_at_every_byte) {
    for (std::size_t size = 0; size < udp_answer.size(); ++size)
        EXPECT_EQ(udp(udp_answer.substr(0, size)), HardResetReply::foreign) << size;
    EXPECT_EQ(udp(udp_answer + "more"), HardResetReply::answer);
}

TEST(HardResetCodec, a_stream_is_incomplete_at_every_byte_before_its_end) {
    for (std::size_t size = 0; size < tcp_answer.size(); ++size)
        EXPECT_EQ(tcp(tcp_answer.substr(0, size)), HardResetReply::incomplete) << size;
    EXPECT_EQ(tcp(tcp_answer + "more"), HardResetReply::answer);
}

TEST(HardResetCodec, a_stream_may_hold_other_packets_before_the_answer) {
    const std::string other = framed(udp_answer);  // acknowledges another session
    const std::string stream = other + tcp_answer;
    for (std::size_t size = 0; size < stream.size(); ++size) {
        const auto expected = size == other.size() ? HardResetReply::foreign : HardResetReply::incomplete;
        EXPECT_EQ(tcp(stream.substr(0, size)), expected) << size;
    }
    EXPECT_EQ(tcp(stream), HardResetReply::answer);
}

TEST(HardResetCodec, a_stream_that_is_no_openvpn_or_has_no_end_is_foreign) {
    EXPECT_EQ(tcp(std::string("\0\0HTTP", 6)), HardResetReply::foreign);
    const std::string web = "HTTP/1.1 400 Bad Request\r\n";  // a length of 18516
    EXPECT_EQ(tcp(web), HardResetReply::incomplete);
    EXPECT_EQ(tcp(web + std::string(kHardResetReplyLimit, 'x')), HardResetReply::foreign);
    std::string late;
    while (late.size() < kHardResetReplyLimit) late += framed("x");
    EXPECT_EQ(tcp(late + tcp_answer), HardResetReply::foreign);
}

}  // namespace
