// What can happen to a tunnel, and what can be done about it: the words between tunnel_machine and tunnel_runner.
#pragma once

#include "tunnel/management_codec.hpp"
#include "tunnel/push_reply_parser.hpp"
#include "tunnel/tunnel_state.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace memdb::tunnel {

struct ConnectRequested {
    bool operator==(const ConnectRequested&) const = default;
};
struct DisconnectRequested {
    bool operator==(const DisconnectRequested&) const = default;
};
struct ReconnectRequested {
    std::string cause;  ///< for last_restart_cause: "request", or the finding that made the agent ask
    bool asked = true;  ///< by a person or a plan; else the tunnel is no good: counted, and only done while `up`
    Cause blame = Cause::none;            ///< why it is no good, until the attempts say something newer
    std::string evidence;                 ///< for `blame`
    std::optional<ServerAddress> server;  ///< to be tried first, when the endpoint still has it
    bool operator==(const ReconnectRequested&) const = default;
};
struct NetworkChanged {  ///< another way out of this machine, or none
    bool online = true;
    bool operator==(const NetworkChanged&) const = default;
};
struct ServerAnswered {  ///< a packet of ours, sent past openvpn, was answered: another try makes sense now
    ServerAddress server;
    bool operator==(const ServerAnswered&) const = default;
};
struct SleepBegan {  ///< of this machine, or it is about to: no deadline passes, no loss counts
    bool operator==(const SleepBegan&) const = default;
};
struct SleepEnded {    ///< also of a sleep that nobody announced
    Duration slept{};  ///< 0: it did not sleep after all
    bool operator==(const SleepEnded&) const = default;
};
struct ClockStepped {  ///< the wall clock, by which openvpn's own limits run, was set
    bool operator==(const ClockStepped&) const = default;
};
struct CheckRequested {  ///< something is silent: does openvpn itself still live?
    bool operator==(const CheckRequested&) const = default;
};
struct Forbidden {  ///< another profile stands against it: blocked until its input changes
    Cause cause = Cause::profile_overlap;
    std::string evidence;
    bool operator==(const Forbidden&) const = default;
};
struct InputChanged {  ///< configuration, key, certificate, clock: what could have blocked
    bool operator==(const InputChanged&) const = default;
};
struct EndpointResolved {
    std::vector<ServerAddress> addresses;  ///< in the order to try; an empty list counts as unresolved
    bool operator==(const EndpointResolved&) const = default;
};
struct EndpointUnresolved {
    std::string why;
    bool operator==(const EndpointUnresolved&) const = default;
};
struct SpawnFailed {
    Cause cause = Cause::openvpn_crashed;
    std::string why;
    bool operator==(const SpawnFailed&) const = default;
};
struct ManagementOpened {  ///< our own child has dialled in
    int pid = 0;
    bool operator==(const ManagementOpened&) const = default;
};
struct ManagementLost {  ///< closed, or closed by us because it spoke no openvpn
    std::string why;
    bool garbled = false;  ///< the latter
    bool operator==(const ManagementLost&) const = default;
};
struct ProcessFound {  ///< an openvpn that an earlier memdbd left, with its management connection: ours, if it answers
    int pid = 0;
    ServerAddress server;
    std::string device;
    std::optional<PushedOptions> pushed;
    TimePoint connected_at{};
    std::uint64_t restarts = 0;
    std::vector<TimePoint> losses{};
    std::string last_restart_cause{};
    bool stale = false;
    bool operator==(const ProcessFound&) const = default;
};
struct Resynchronised {  ///< what openvpn says of its state now; everything it says from here on is for us
    StateLine line;
    bool operator==(const Resynchronised&) const = default;
};
struct HoldAsked {
    bool operator==(const HoldAsked&) const = default;
};
struct StateChanged {
    StateLine line;
    bool operator==(const StateChanged&) const = default;
};
struct ByteCounted {
    std::uint64_t in = 0, out = 0;
    bool operator==(const ByteCounted&) const = default;
};
struct OptionsPushed {
    PushedOptions options;
    bool operator==(const OptionsPushed&) const = default;
};
struct DeviceOpened {
    std::string name;
    bool operator==(const DeviceOpened&) const = default;
};
struct FaultSeen {
    Cause cause = Cause::none;
    std::string evidence;  ///< the line, cleaned
    bool operator==(const FaultSeen&) const = default;
};
struct HeartbeatAnswered {
    bool operator==(const HeartbeatAnswered&) const = default;
};
struct ProcessExited {
    std::string status;  ///< "status 1", "signal 9"; decides nothing: openvpn exits 0 for rejections too (facts B.1)
    bool operator==(const ProcessExited&) const = default;
};
struct DeadlinePassed {
    bool operator==(const DeadlinePassed&) const = default;
};

using TunnelEvent =
    std::variant<ConnectRequested, DisconnectRequested, ReconnectRequested, InputChanged, NetworkChanged,
                 ServerAnswered, SleepBegan, SleepEnded, ClockStepped, CheckRequested, Forbidden, EndpointResolved,
                 EndpointUnresolved, SpawnFailed, ManagementOpened, ManagementLost, ProcessFound, Resynchronised,
                 HoldAsked, StateChanged, ByteCounted, OptionsPushed, DeviceOpened, FaultSeen, HeartbeatAnswered,
                 ProcessExited, DeadlinePassed>;

struct ResolveEndpoint {  ///< answered by EndpointResolved or EndpointUnresolved
    bool operator==(const ResolveEndpoint&) const = default;
};
struct CancelResolve {
    bool operator==(const CancelResolve&) const = default;
};
struct SpawnOpenvpn {  ///< answered by SpawnFailed, or by ManagementOpened and in the end ProcessExited
    ServerAddress server;
    bool operator==(const SpawnOpenvpn&) const = default;
};
struct Resynchronise {  ///< answered by Resynchronised
    bool operator==(const Resynchronise&) const = default;
};
struct Subscribe {  ///< `state on`, `log on`, `bytecount 1`
    bool operator==(const Subscribe&) const = default;
};
struct ReleaseHold {
    bool operator==(const ReleaseHold&) const = default;
};
struct RestartInPlace {  ///< `signal SIGUSR1`
    bool operator==(const RestartInPlace&) const = default;
};
struct SendHeartbeat {  ///< `pid`
    bool operator==(const SendHeartbeat&) const = default;
};
struct TerminateOpenvpn {
    bool force = false;  ///< SIGKILL, else SIGTERM
    bool operator==(const TerminateOpenvpn&) const = default;
};
struct AbandonOpenvpn {  ///< forget a process that outlived SIGKILL; its late end is no event any more
    bool operator==(const AbandonOpenvpn&) const = default;
};

using TunnelAction = std::variant<ResolveEndpoint, CancelResolve, SpawnOpenvpn, Resynchronise, Subscribe, ReleaseHold,
                                  RestartInPlace, SendHeartbeat, TerminateOpenvpn, AbandonOpenvpn>;

std::string_view to_string(const TunnelEvent& event) noexcept;
std::string to_string(const TunnelAction& action);

}  // namespace memdb::tunnel
