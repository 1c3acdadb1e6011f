// OpenVPN's management wire (2.6 and 2.7) as values: bytes in any pieces in, messages out; commands out as bytes.
//
// Source: OpenVPN doc/management-notes.txt and the facts measured with 2.6.14. A line that starts with '>' is
// asynchronous and may come anywhere; every other line belongs to the oldest command that has no answer yet. Newer
// versions add fields and keywords: more fields, fewer fields and unknown keywords are data, never errors. What
// `>PASSWORD:` carries may be secret and is never kept. All text of the peer comes out cleaned and capped.
#pragma once

#include "base/line_splitter.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace memdb::tunnel {

/// The fixed commands that memdbd uses; each is answered by one SUCCESS: or ERROR: line, but `state`, whose answer is
/// the present state and END.
enum class Command : std::uint8_t {
    state,
    state_on,
    log_on,
    bytecount_on,
    hold_release,
    pid,
    signal_usr1,
    signal_term
};

enum class OpenvpnState : std::uint8_t {
    connecting,
    resolve,
    tcp_connect,
    wait,
    auth,
    auth_pending,
    get_config,
    assign_ip,
    add_routes,
    connected,
    reconnecting,
    exiting,
    other,
};

struct Greeting {  ///< `>INFO:`, also of a version to come
    std::string text;
    bool operator==(const Greeting&) const = default;
};
struct HoldPrompt {
    unsigned seconds = 0;  ///< what openvpn would have slept
    bool operator==(const HoldPrompt&) const = default;
};
inline constexpr std::int64_t kLatestStateTime = 253'402'300'799;  ///< the end of the year 9999, as WallTime can hold
struct StateLine {
    std::int64_t time = 0;  ///< UNIX seconds, 0 to kLatestStateTime
    OpenvpnState state = OpenvpnState::other;
    std::string name;    ///< as sent
    std::string detail;  ///< free text, may hold commas
    std::string tun_ip, remote_ip, remote_port, local_ip, local_port, tun_ip6;
    bool operator==(const StateLine&) const = default;
};
struct ByteCount {
    std::uint64_t in = 0, out = 0;  ///< link bytes of this process; control packets and pings count
    bool operator==(const ByteCount&) const = default;
};
struct LogLine {
    std::string flags;  ///< of "IFNWD", often empty
    std::string text;
    bool operator==(const LogLine&) const = default;
};
struct Fatal {  ///< openvpn closes the connection and exits 1
    std::string text;
    bool operator==(const Fatal&) const = default;
};
struct PasswordPrompt {  ///< openvpn waits for ever unless it is answered
    bool private_key = false;
    bool operator==(const PasswordPrompt&) const = default;
};
struct VerificationFailed {
    bool private_key = false;
    bool operator==(const VerificationFailed&) const = default;
};
struct UpdownBegin {
    bool up = false;  ///< else DOWN
    bool operator==(const UpdownBegin&) const = default;
};
struct UpdownEnv {
    std::string key, value;  ///< partly the server's words
    bool operator==(const UpdownEnv&) const = default;
};
struct UpdownEnd {
    bool operator==(const UpdownEnd&) const = default;
};
struct Notify {
    std::string severity, reason, text;
    bool operator==(const Notify&) const = default;
};
struct InfoMessage {  ///< `>INFOMSG:` from the server
    std::string text;
    bool operator==(const InfoMessage&) const = default;
};
struct OtherNotice {  ///< a keyword that memdbd has no use for, or does not know; its payload is not kept
    std::string keyword;
    bool operator==(const OtherNotice&) const = default;
};
struct Reply {
    Command command{};
    bool success = false;
    std::string text;
    bool operator==(const Reply&) const = default;
};
struct CurrentState {  ///< the answer to `state`
    StateLine line;
    bool operator==(const CurrentState&) const = default;
};
struct BodyLine {  ///< of a multi-line answer to no command of ours
    std::string text;
    bool operator==(const BodyLine&) const = default;
};
struct BodyEnd {
    bool operator==(const BodyEnd&) const = default;
};
struct Malformed {  ///< a line that no rule allows; counted
    std::string reason;
    bool operator==(const Malformed&) const = default;
};
struct ProtocolError {  ///< the peer is no openvpn: nothing after it is parsed, close the connection
    std::string reason;
    bool operator==(const ProtocolError&) const = default;
};

using ManagementMessage = std::variant<Greeting, HoldPrompt, StateLine, ByteCount, LogLine, Fatal, PasswordPrompt,
                                       VerificationFailed, UpdownBegin, UpdownEnv, UpdownEnd, Notify, InfoMessage,
                                       OtherNotice, Reply, CurrentState, BodyLine, BodyEnd, Malformed, ProtocolError>;

/// One management connection. A new connection needs a new codec, and so has one that was taken over from an earlier
/// memdbd.
class ManagementCodec {
  public:
    static constexpr std::size_t kLineLimit = 4096;       ///< openvpn's own buffer is 1280 bytes
    static constexpr std::size_t kMalformedLimit = 16;    ///< more lines that no rule allows: ProtocolError
    static constexpr std::size_t kOutstandingLimit = 64;  ///< unanswered commands

    /// Takes the next bytes from openvpn. Returns nothing any more after a ProtocolError.
    [[nodiscard]] std::vector<ManagementMessage> feed(std::string_view bytes);

    /// The bytes to send for `command`, which then counts as outstanding; empty when too many are (openvpn hangs).
    [[nodiscard]] std::string encode(Command command);

    /// For a connection that was taken over: the bytes to send first. Until openvpn has answered them, everything that
    /// comes is skipped: it may begin in the middle of a line, and holds answers to what the earlier memdbd asked.
    ///
    /// @param token  letters and digits, another one each time. It goes in as the name of a signal that does not exist,
    ///               because openvpn's answer to that repeats the name (2.6 src/openvpn/manage.c, man_signal). What the
    ///               earlier memdbd may have written half is ended by an empty line, which openvpn ignores.
    [[nodiscard]] std::string resume(std::string_view token);

    [[nodiscard]] std::size_t outstanding() const noexcept { return outstanding_.size(); }

  private:
    ManagementMessage parse(std::string_view line);
    ManagementMessage parse_answer(std::string_view line);

    ManagementMessage end_body();

    LineSplitter lines_{kLineLimit};
    std::deque<Command> outstanding_;
    std::string mark_;         ///< while resuming: what the line holds after which everything is ours
    StateLine current_state_;  ///< of an answer to `state`, until its END
    std::size_t malformed_ = 0;
    bool broken_ = false;
};

/// Text of a peer for people: control and non-ASCII bytes become '?', longer than `limit` bytes ends in "…".
[[nodiscard]] std::string cleaned(std::string_view text, std::size_t limit = 512);

std::string_view to_string(OpenvpnState state) noexcept;
std::string_view to_string(Command command) noexcept;  ///< the words on the wire

}  // namespace memdb::tunnel
