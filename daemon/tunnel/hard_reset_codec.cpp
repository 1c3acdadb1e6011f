#include "tunnel/hard_reset_codec.hpp"

#include <algorithm>

namespace memdb::tunnel {
namespace {

constexpr std::uint8_t kAckV1 = 5 << 3;              // P_ACK_V1, key id 0
constexpr std::uint8_t kHardResetClientV2 = 7 << 3;  // P_CONTROL_HARD_RESET_CLIENT_V2
constexpr std::uint8_t kHardResetServerV2 = 8 << 3;  // P_CONTROL_HARD_RESET_SERVER_V2
constexpr std::size_t kIdSize = std::tuple_size_v<SessionId>;
constexpr std::size_t kPacketIdSize = 4;
constexpr std::size_t kMostAcks = 8;  // RELIABLE_ACK_SIZE
constexpr std::size_t kLengthSize = 2;

std::uint8_t byte_at(std::string_view bytes, std::size_t index) { return static_cast<std::uint8_t>(bytes[index]); }

bool is_answer(std::string_view packet, const SessionId& id) {
    constexpr std::size_t count_at = 1 + kIdSize;
    if (packet.size() <= count_at) return false;
    const std::uint8_t head = byte_at(packet, 0);
    const std::size_t count = byte_at(packet, count_at);
    if ((head != kHardResetServerV2 && head != kAckV1) || count == 0 || count > kMostAcks) return false;
    const std::string_view acks = packet.substr(count_at + 1);
    const std::size_t acks_size = count * kPacketIdSize;
    const std::size_t own_packet_id = head == kAckV1 ? 0 : kPacketIdSize;
    if (acks.size() < acks_size + kIdSize + own_packet_id) return false;
    const bool names_us = std::ranges::equal(acks.substr(acks_size, kIdSize), id, {},
                                             [](char c) { return static_cast<std::uint8_t>(c); });
    if (!names_us) return false;
    for (std::size_t i = 0; i < count; ++i)
        if (acks.substr(i * kPacketIdSize, kPacketIdSize) == std::string_view("\0\0\0\0", kPacketIdSize)) return true;
    return false;
}

}  // namespace

std::string encode_hard_reset(const SessionId& id, config::Transport transport) {
    std::string packet(1, static_cast<char>(kHardResetClientV2));
    for (const std::uint8_t byte : id) packet += static_cast<char>(byte);
    packet.append(1 + kPacketIdSize, '\0');  // acknowledges nothing; packet 0
    if (transport == config::Transport::udp) return packet;
    const std::array<char, kLengthSize> length{'\0', static_cast<char>(packet.size())};
    return std::string(length.data(), length.size()) + packet;
}

HardResetReply read_hard_reset(std::string_view bytes, const SessionId& id, config::Transport transport) {
    if (transport == config::Transport::udp)
        return is_answer(bytes, id) ? HardResetReply::answer : HardResetReply::foreign;
    const bool is_full = bytes.size() >= kHardResetReplyLimit;
    std::string_view left = bytes.substr(0, kHardResetReplyLimit);
    while (left.size() >= kLengthSize) {
        const std::size_t size = std::size_t{byte_at(left, 0)} << 8 | byte_at(left, 1);
        if (size == 0) return HardResetReply::foreign;  // no OpenVPN
        if (left.size() < kLengthSize + size) break;
        if (is_answer(left.substr(kLengthSize, size), id)) return HardResetReply::answer;
        left.remove_prefix(kLengthSize + size);
    }
    const bool is_open = bytes.empty() || !left.empty();
    return is_open && !is_full ? HardResetReply::incomplete : HardResetReply::foreign;
}

}  // namespace memdb::tunnel
