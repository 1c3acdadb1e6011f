// One call of the tunnel machine's step(): the rules (tunnel_machine.cpp) and the moves they share (tunnel_turn.cpp).
//
// Private to the machine; lives for one event.
#pragma once

#include "tunnel/tunnel_machine.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace memdb::tunnel {

class Turn {
  public:
    Turn(const TunnelState& before, TimePoint now, double jitter01, const TunnelTimings& timings)
        : before_(before), s_(before), now_(now), jitter01_(jitter01), t_(timings) {}

    Step on(const ConnectRequested&);
    Step on(const DisconnectRequested&);
    Step on(const ReconnectRequested&);
    Step on(const InputChanged&);
    Step on(const NetworkChanged&);
    Step on(const ServerAnswered&);
    Step on(const SleepBegan&);
    Step on(const SleepEnded&);
    Step on(const ClockStepped&);
    Step on(const CheckRequested&);
    Step on(const Forbidden&);
    Step on(const EndpointResolved&);
    Step on(const EndpointUnresolved&);
    Step on(const SpawnFailed&);
    Step on(const ManagementOpened&);
    Step on(const ManagementLost&);
    Step on(const ProcessFound&);
    Step on(const Resynchronised&);
    Step on(const HoldAsked&);
    Step on(const StateChanged&);
    Step on(const ByteCounted&);
    Step on(const OptionsPushed&);
    Step on(const DeviceOpened&);
    Step on(const FaultSeen&);
    Step on(const HeartbeatAnswered&);
    Step on(const ProcessExited&);
    Step on(const DeadlinePassed&);

  private:
    bool resolving() const { return s_.phase == Phase::starting && s_.starting == Starting::resolving; }
    bool adopting() const { return s_.phase == Phase::starting && s_.starting == Starting::adopting; }
    bool spawned() const { return s_.phase == Phase::starting && s_.starting == Starting::spawned; }

    Step ignore() { return {before_, {}, "ignored"}; }
    Step done(std::string_view why) { return {std::move(s_), std::move(actions_), why}; }

    void enter(Phase phase);
    void enter_alive(Phase phase);
    void forget_failures();
    Step restart_after_stop(std::string_view why);
    Step start(std::string_view why);
    Step start_afresh(std::string_view why);
    Step rest(Phase phase, std::string_view why);
    Step terminate(AfterStop after, bool force, std::string_view why);
    Step fail(Cause cause, std::string evidence, std::string_view why, bool force = false);
    Step gone(std::string_view why);
    Step connected(const StateLine& line);
    Step not_adopted(std::string_view why, bool force = false);
    Step lost_in_place(const StateLine& line);
    bool is_excused(std::string_view detail) const;
    Step excused_restart();
    void excuse(std::string_view cause);
    Step woke_in_handshake(Duration slept);
    void renew_limits();
    Step given_up(const ReconnectRequested& event);
    Step farewell(std::string_view detail);
    Step heartbeat_due();
    void send_heartbeat(Duration limit);
    Step rest_offline(std::string_view why);
    Step network_lost();
    Step network_found();
    Step replace_process(TimePoint retry_at, std::string_view why);
    Step addresses_renewed(const std::vector<ServerAddress>& addresses);
    void note_restart(bool asked, std::string_view cause);
    void handshake(bool hold_due);
    void server_spoke();
    Cause silence() const { return s_.server_seen ? Cause::handshake_rejected : Cause::endpoint_silent; }
    ServerAddress choose(const std::vector<ServerAddress>& addresses);

    const TunnelState& before_;  ///< of the caller; what an ignored event returns
    TunnelState s_;              ///< the new state as it grows
    std::vector<TunnelAction> actions_;
    TimePoint now_;
    double jitter01_;
    const TunnelTimings& t_;
};

}  // namespace memdb::tunnel
