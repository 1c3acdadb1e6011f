// The words of a node's probe: phases, events, actions and the state, all plain values.
//
// Rules over them are in probe_machine (what follows what) and probe_policy (what a failure means).
#pragma once

#include "base/time.hpp"
#include "health/finding.hpp"
#include "reach/probe_timings.hpp"
#include "reach/resp_codec.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace memdb::reach {

/// idle: stopped. waiting: blamed, until the next attempt. queued: an attempt is due, but so many have just begun that
/// its turn is a moment later. resolving to pinging: the stages of an attempt.
/// kept: proved, the connection rests until the next PING. checking: that PING is out. asking: CLUSTER SHARDS or SLOTS
/// is. bulk_checking: a PING with a large payload is. reauthenticating: another AUTH on the kept connection is (IAM).
enum class ProbePhase : std::uint8_t {
    idle,
    waiting,
    queued,
    resolving,
    connecting,
    securing,
    authenticating,
    pinging,
    kept,
    checking,
    asking,
    bulk_checking,
    reauthenticating
};

enum class NodeHealth : std::uint8_t { unknown, ok, failed };

/// Why a node is failed.
struct Blame {
    health::Layer layer = health::Layer::ping;  ///< all layers before it were passed in the same attempt
    std::string code;                           ///< finding code
    std::string evidence;                       ///< one printable line
    bool silent = false;                        ///< the deadline passed and nothing had come
    bool unsent = false;                        ///< the node was not asked: there was no token to log in with
    bool operator==(const Blame&) const = default;
};

/// Measured durations; a stage that was not run is empty.
struct Stages {
    std::optional<Microseconds> dns, tcp, tls, auth, ping;
    bool operator==(const Stages&) const = default;
};

/// When PINGs are due: at every `interval`, shifted by `offset`, so that nodes can share or avoid each other's ticks.
struct Rhythm {
    Duration interval = 5s;
    Duration offset = 0ms;
    bool operator==(const Rhythm&) const = default;
};

/// What a proof of this node consists of.
struct ProbeTarget {
    std::uint16_t port = 6379;
    bool tls = true;   ///< off: there is no securing stage
    bool auth = true;  ///< off: there is no authenticating stage
    bool iam = false;  ///< with auth: the password is a token, which ends; a kept connection needs a new one in time
    std::uint64_t token = 0;  ///< iam: its number, of those that the agent had; 0: there is none that is valid now
    std::string no_token{};   ///< iam: why there is none, one phrase
    TimePoint turn_at{};      ///< no attempt begins before; see attempt_pace
    TimePoint reprobe_at{};   ///< the same for a re-probe
    bool operator==(const ProbeTarget&) const = default;
};

enum class ConnectProblem : std::uint8_t { refused, unreachable, reset, other };
enum class SecureProblem : std::uint8_t { untrusted, name_mismatch, expired, not_offered, failed };
enum class TopologyCommand : std::uint8_t { shards, slots };

/// Of one PING with a large payload. passed: its echo came. missed: nothing came in time, although a small PING had
/// been answered just before. unknown: this node cannot be asked so.
enum class BulkResult : std::uint8_t { unknown, passed, missed };

// clang-format off
// Events: what happened. Past tense or a request.
struct StartRequested { Rhythm rhythm; bool operator==(const StartRequested&) const = default; };
struct StopRequested { bool operator==(const StopRequested&) const = default; };
struct ProbeRequested { Duration delay{}; bool operator==(const ProbeRequested&) const = default; };
struct TopologyRequested { bool operator==(const TopologyRequested&) const = default; };
struct BulkRequested { bool operator==(const BulkRequested&) const = default; };
struct RhythmChanged { Rhythm rhythm; bool operator==(const RhythmChanged&) const = default; };
struct PathChanged { bool operator==(const PathChanged&) const = default; };  ///< e.g. the tunnel came up anew
struct TokenChanged { bool operator==(const TokenChanged&) const = default; };  ///< iam: the target has a new token
struct Resolved { std::vector<std::string> addresses; Microseconds took{}; bool operator==(const Resolved&) const = default; };
struct ResolveFailed { std::string text; bool operator==(const ResolveFailed&) const = default; };
struct Connected { Microseconds took{}; bool operator==(const Connected&) const = default; };
struct ConnectFailed { ConnectProblem problem{}; std::string text; bool operator==(const ConnectFailed&) const = default; };
struct Secured { Microseconds took{}; bool operator==(const Secured&) const = default; };
struct SecureFailed { SecureProblem problem{}; std::string text; bool operator==(const SecureFailed&) const = default; };
struct ReplyReceived { Reply reply; Microseconds took{}; bool operator==(const ReplyReceived&) const = default; };
struct ReplyMalformed { std::string text; bool operator==(const ReplyMalformed&) const = default; };
struct PeerClosed { std::string text; bool operator==(const PeerClosed&) const = default; };
struct DeadlinePassed { bool operator==(const DeadlinePassed&) const = default; };
using ProbeEvent = std::variant<StartRequested, StopRequested, ProbeRequested, TopologyRequested, BulkRequested, RhythmChanged, PathChanged,
                                TokenChanged, Resolved, ResolveFailed, Connected, ConnectFailed, Secured, SecureFailed, ReplyReceived,
                                ReplyMalformed, PeerClosed, DeadlinePassed>;

// Actions: what to do now. Imperative.
struct Resolve { Duration limit{}; bool operator==(const Resolve&) const = default; };
struct Connect { std::string address; bool operator==(const Connect&) const = default; };
struct Secure { bool operator==(const Secure&) const = default; };
struct SendAuth { bool operator==(const SendAuth&) const = default; };
struct SendPing { bool operator==(const SendPing&) const = default; };
struct SendBulk { bool operator==(const SendBulk&) const = default; };  ///< PING with bulk_payload()
struct SendTopology { TopologyCommand command{}; bool operator==(const SendTopology&) const = default; };
struct CloseConnection { bool operator==(const CloseConnection&) const = default; };  ///< and forget an open resolve
struct PublishProof { bool operator==(const PublishProof&) const = default; };        ///< a PONG came
struct PublishMiss { bool operator==(const PublishMiss&) const = default; };          ///< the first one of an ok node
struct PublishFailure { bool operator==(const PublishFailure&) const = default; };    ///< blamed; state.blame says why
struct PublishUnknown { bool operator==(const PublishUnknown&) const = default; };    ///< what was known holds no more
struct PublishTopology { Reply reply; bool operator==(const PublishTopology&) const = default; };  ///< may be an error
struct PublishNoTopology { std::string evidence; bool operator==(const PublishNoTopology&) const = default; };
struct PublishBulk { BulkResult result{}; std::string evidence; bool operator==(const PublishBulk&) const = default; };
using ProbeAction = std::variant<Resolve, Connect, Secure, SendAuth, SendPing, SendBulk, SendTopology, CloseConnection, PublishProof,
                                 PublishMiss, PublishFailure, PublishUnknown, PublishTopology, PublishNoTopology, PublishBulk>;
// clang-format on

/// Everything the next step depends on. A plain value: copy it, compare it, print it.
struct ProbeState {
    ProbePhase phase = ProbePhase::idle;
    std::optional<TimePoint> deadline;  ///< the runner sends DeadlinePassed then; none = never
    Rhythm rhythm;

    NodeHealth health = NodeHealth::unknown;
    std::optional<Blame> blame;              ///< present when and only when failed
    std::optional<TimePoint> last_ok;        ///< of the last PONG, or echo of a bulk check
    Duration promised{};                     ///< the rhythm's interval then: the next one need not come earlier
    std::optional<Microseconds> ping;        ///< how long the last PONG took
    std::optional<TimePoint> failing_since;  ///< of the first miss since last_ok
    Stages proof;                            ///< of the last whole proof; dns of the last one that resolved
    std::string address;                     ///< in use, else the last one tried; empty before the first

    unsigned misses = 0;                        ///< re-probes made since the last PONG
    std::uint64_t turns = 0;                    ///< attempts that began or were queued, but for re-probes
    std::uint64_t reprobe_turns = 0;            ///< the same of these
    bool is_reprobe_queued = false;             ///< what waits for its turn, in phase queued
    std::optional<TimePoint> reprobed_at;       ///< on this path: the turn of the last re-probe that followed a PONG
    TimePoint stage_began{};                    ///< of the stage that is running
    std::optional<TimePoint> attempt_deadline;  ///< of a re-probe, for all its stages together
    std::vector<std::string> candidates;        ///< addresses of this attempt that were not tried
    Stages attempt;                             ///< durations so far
    TopologyCommand asked = TopologyCommand::shards;

    // Of a connection that a token has authenticated; gone with it.
    std::optional<TimePoint> authenticated_at;  ///< the last time
    std::optional<TimePoint> reauth_at;         ///< due then; it goes out behind the next PONG
    std::uint64_t reauth_token = 0;             ///< number of the token that went out then and was not taken
    std::string reauth_refusal;                 ///< what the node said to it; empty: nothing, or it was taken since
    bool is_reauth_open = false;                ///< another AUTH went out, and no PONG has come since

    bool wants_ping = false;      ///< a probe was requested while another question was out
    bool wants_topology = false;  ///< the same for topology
    bool wants_bulk = false;      ///< the same for a bulk check; outlives a re-probe
    bool operator==(const ProbeState&) const = default;
};

/// What a bulk check sends: 3 KiB of printable bytes, several full-size segments in each direction. They look random,
/// so that a tunnel that compresses cannot make them small.
[[nodiscard]] std::string_view bulk_payload() noexcept;

/// Re-probes that follow a miss before blame.
inline constexpr unsigned kReprobes = 2;

/// Between two re-probes that each follow a PONG: a node that answers its first PING and hangs up, or talks out of
/// turn, would be connected to hundreds of times a second, and would be ok each time.
inline constexpr Duration kReprobesApart = 1s;

/// Limit of one re-probe, all stages: three times what the last whole proof took, within [reprobe_limit, tcp_limit].
[[nodiscard]] Duration reprobe_limit(const ProbeState& state, const ProbeTimings& timings) noexcept;

/// Whether this attempt may resume a TLS session instead of looking at certificates: of a node that was well until its
/// connection was lost with the path, or that is back after a silence on TCP. Re-probes, and whoever had trouble later
/// than that, show their certificates: they may be what has changed.
[[nodiscard]] bool may_resume(const ProbeState& state) noexcept;

/// Whether `ok` still holds: its PONG is not older than the next one could be, with both re-probes and a second.
/// A runner that was not woken for so long (sleep, a stopped process) must not be believed.
[[nodiscard]] bool is_fresh(const ProbeState& state, TimePoint now, const ProbeTimings& timings) noexcept;

std::string_view to_string(ProbePhase phase) noexcept;
std::string_view to_string(NodeHealth health) noexcept;

}  // namespace memdb::reach
