// What the tunnel machine knows: its phases and its state, as plain values. Snapshot and blame read them.
#pragma once

#include "base/time.hpp"
#include "config/profile.hpp"
#include "tunnel/failure_cause.hpp"
#include "tunnel/push_reply_parser.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::tunnel {

enum class Phase : std::uint8_t {
    stopped,      ///< nothing runs, nothing is wanted
    starting,     ///< resolving the endpoint's name, then a process until its first management hold; or taking one over
    handshaking,  ///< the hold is released, openvpn talks (or tries to) with the server
    up,           ///< CONNECTED
    waiting,      ///< back-off until `retry_at`; no process
    stopping,     ///< the process was told to end; `after` says what comes then
    blocked,      ///< no process; another try needs new input (design §4)
};
inline constexpr Phase kPhases[] = {Phase::stopped, Phase::starting, Phase::handshaking, Phase::up,
                                    Phase::waiting, Phase::stopping, Phase::blocked};

enum class Starting : std::uint8_t { resolving, spawned, adopting };
enum class AfterStop : std::uint8_t { nothing, restart, blocked };

/// One address of the endpoint, as openvpn gets it.
struct ServerAddress {
    std::string address;  ///< literal, no brackets
    std::uint16_t port = 443;
    config::Transport transport = config::Transport::udp;
    bool operator==(const ServerAddress&) const = default;
};

struct TunnelState {
    Phase phase = Phase::stopped;
    TimePoint since{};                        ///< of the phase
    Starting starting = Starting::resolving;  ///< in `starting`
    AfterStop after = AfterStop::nothing;     ///< in `stopping`

    // Deadlines; the one timer waits for the earliest, see next_deadline().
    std::optional<TimePoint> limit_at;      ///< of the phase: resolve, management, attempt, stop grace, kill
    std::optional<TimePoint> silence_at;    ///< in `handshaking`: a packet from the server must come before
    std::optional<TimePoint> heartbeat_at;  ///< next `pid`, or, while one is outstanding, its answer must come before
    std::optional<TimePoint> stable_at;     ///< in `up`: then earlier failures are forgotten
    std::optional<TimePoint> retry_at;      ///< in `waiting`, and in `stopping` before a restart

    bool asleep = false;                     ///< the machine sleeps, or is about to: no deadlines, but in `stopping`
    std::optional<TimePoint> excused_until;  ///< openvpn's own restart counts as no loss until then, and …
    std::string excuse;                      ///< … this is its cause: "wake", "clock-jumped"

    bool heartbeat_outstanding = false;
    std::optional<TimePoint> heartbeat_sent_at;  ///< while one is outstanding
    bool online = true;                          ///< some way leads out of this machine; else no attempt is made
    bool hold_due = false;      ///< in `handshaking`: restarting in place, openvpn's RECONNECTING and hold are expected
    bool server_seen = false;   ///< in `handshaking`: something came from the server in this attempt
    bool stale = false;         ///< the running process was started from input that has changed since
    bool killed = false;        ///< in `stopping`: SIGKILL was sent
    bool may_block = false;     ///< in `stopping` after a failed attempt: a blocking fault seen late still blocks
    bool config_error = false;  ///< in `up`: CONNECTED came with ROUTE_ERROR or ERROR (finding tunnel-config-error)

    std::uint64_t attempt = 0;  ///< since the tunnel was last up, the running one included; 0 while it is up
    unsigned failed = 0;        ///< failures in a row, for the back-off
    std::uint64_t restarts =
        0;  ///< how often a tunnel that was up was lost without anybody asking, since memdbd started
    std::vector<TimePoint> losses;   ///< the last of these `restarts`, oldest first; see is_flapping()
    std::string farewell;            ///< in `up`: why openvpn said it would end (EXITING); empty when it did not
    std::string last_restart_cause;  ///< of the last restart, asked or not: a finding code or openvpn's own reason

    Cause fault = Cause::none;  ///< what was seen in this attempt so far
    Cause cause = Cause::none;  ///< why the last attempt failed; in `blocked` what blocks; none once up
    std::string evidence;       ///< the line that told it, cleaned; belongs to `fault`, else to `cause`

    std::vector<ServerAddress> addresses;    ///< of the endpoint, as last resolved
    std::optional<ServerAddress> preferred;  ///< to be tried first by the next process
    std::vector<ServerAddress> tried;     ///< since the tunnel was last up; each gets its turn before one is repeated
    std::optional<ServerAddress> server;  ///< of the running or last process

    std::optional<int> openvpn_pid;
    std::string device;                         ///< "tun0"; empty before openvpn has said it
    std::string address;                        ///< ours in the tunnel, IPv4 or else IPv6
    std::uint64_t bytes_in = 0, bytes_out = 0;  ///< link bytes of the running process
    std::optional<TimePoint> link_grew_at;      ///< when bytes_in last grew: the server's last sign of life (blame)
    std::optional<TimePoint> connected_at;      ///< in `up`, and while an openvpn that was up is taken over
    std::optional<PushedOptions> pushed;        ///< what the server told the running process

    bool operator==(const TunnelState&) const = default;
};

/// The moment at which the machine wants DeadlinePassed; nothing when it waits for events only.
[[nodiscard]] std::optional<TimePoint> next_deadline(const TunnelState& state) noexcept;

/// openvpn's limits run by the wall clock: after a sleep, or a step of that clock, they pass at once, all together.
inline constexpr Duration kExcused = 5s;

/// Whether an openvpn of ours is, or may be, alive.
[[nodiscard]] bool has_process(const TunnelState& state) noexcept;

/// So many losses within kFlapWindow are a flapping tunnel: its failures are not forgotten then, so it backs off.
inline constexpr std::size_t kFlapLosses = 4;
inline constexpr Duration kFlapWindow = 10min;
[[nodiscard]] bool is_flapping(const TunnelState& state, TimePoint now) noexcept;

/// When is_flapping() ends by itself, while it holds.
[[nodiscard]] std::optional<TimePoint> flapping_until(const TunnelState& state, TimePoint now) noexcept;

/// "192.0.2.1:443", "[2001:db8::1]:443".
[[nodiscard]] std::string to_string(const ServerAddress& server);

std::string_view to_string(Phase phase) noexcept;
std::string_view to_string(AfterStop after) noexcept;

}  // namespace memdb::tunnel
