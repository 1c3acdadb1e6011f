// The first packet of an OpenVPN client, and whether an answer is the server's answer to it. Pure.
//
// A server answers it before it knows anything about the client, so it proves that packets reach the server and come
// back, whatever the tunnel does. With tls-auth or tls-crypt the packet would have to be signed: such a server is
// silent.
//
// Source: OpenVPN doc/doxygen/doc_protocol_overview.h, src/openvpn/ssl_pkt.h; answers of a real 2.6.14 are in the
// tests.
//   byte     opcode << 3 | key id (0)
//   8 bytes  the sender's session id
//   byte     n, how many packets it acknowledges, 0 … 8; then n * 4 bytes packet ids and, if n > 0, 8 bytes: the
//            session id of whom it acknowledges
//   4 bytes  packet id, big endian (not in a P_ACK_V1)
// Over TCP each packet has its length in front: 2 bytes, big endian.
#pragma once

#include "config/profile.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace memdb::tunnel {

/// Chosen by the client at random for each probe: only who has read the packet can name it. Not all zero.
using SessionId = std::array<std::uint8_t, 8>;

/// The most bytes of a server that are looked at: a TCP stream that has no answer in them has none.
inline constexpr std::size_t kHardResetReplyLimit = 4096;

/// P_CONTROL_HARD_RESET_CLIENT_V2 of session `id`: 14 bytes, over TCP 16.
[[nodiscard]] std::string encode_hard_reset(const SessionId& id, config::Transport transport);

enum class HardResetReply : std::uint8_t {
    answer,      ///< the server acknowledges our packet
    foreign,     ///< anything else; over TCP nothing that has begun is left open, but more may follow
    incomplete,  ///< TCP only: more bytes are needed
};

/// Reads one datagram, or all bytes of the TCP stream so far (packets that are not our answer are skipped).
///
/// Only a P_CONTROL_HARD_RESET_SERVER_V2, or a P_ACK_V1, that acknowledges packet 0 of session `id` is an answer: the
/// latter is what a server sends that has seen our first packet already. Never fails; bytes behind an answer and behind
/// kHardResetReplyLimit are not looked at.
[[nodiscard]] HardResetReply read_hard_reset(std::string_view bytes, const SessionId& id, config::Transport transport);

}  // namespace memdb::tunnel
