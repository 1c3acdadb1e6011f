#include "tunnel/tunnel_event.hpp"

#include "base/overloaded.hpp"

namespace memdb::tunnel {

std::string_view to_string(const TunnelEvent& event) noexcept {
    return std::visit(Overloaded{
                          [](const ConnectRequested&) { return "connect requested"; },
                          [](const DisconnectRequested&) { return "disconnect requested"; },
                          [](const ReconnectRequested&) { return "reconnect requested"; },
                          [](const InputChanged&) { return "input changed"; },
                          [](const NetworkChanged&) { return "network changed"; },
                          [](const ServerAnswered&) { return "server answered a knock"; },
                          [](const SleepBegan&) { return "sleep began"; },
                          [](const SleepEnded&) { return "sleep ended"; },
                          [](const ClockStepped&) { return "clock stepped"; },
                          [](const CheckRequested&) { return "check requested"; },
                          [](const Forbidden&) { return "forbidden"; },
                          [](const EndpointResolved&) { return "endpoint resolved"; },
                          [](const EndpointUnresolved&) { return "endpoint unresolved"; },
                          [](const SpawnFailed&) { return "spawn failed"; },
                          [](const ManagementOpened&) { return "management opened"; },
                          [](const ManagementLost&) { return "management lost"; },
                          [](const ProcessFound&) { return "process found"; },
                          [](const Resynchronised&) { return "resynchronised"; },
                          [](const HoldAsked&) { return "hold asked"; },
                          [](const StateChanged&) { return "state changed"; },
                          [](const ByteCounted&) { return "bytes counted"; },
                          [](const OptionsPushed&) { return "options pushed"; },
                          [](const DeviceOpened&) { return "device opened"; },
                          [](const FaultSeen&) { return "fault seen"; },
                          [](const HeartbeatAnswered&) { return "heartbeat answered"; },
                          [](const ProcessExited&) { return "process exited"; },
                          [](const DeadlinePassed&) { return "deadline passed"; },
                      },
                      event);
}

std::string to_string(const TunnelAction& action) {
    return std::visit(Overloaded{
                          [](const ResolveEndpoint&) { return std::string("resolve"); },
                          [](const CancelResolve&) { return std::string("cancel resolve"); },
                          [](const SpawnOpenvpn& a) { return "spawn " + to_string(a.server); },
                          [](const Resynchronise&) { return std::string("resynchronise"); },
                          [](const Subscribe&) { return std::string("subscribe"); },
                          [](const ReleaseHold&) { return std::string("release hold"); },
                          [](const RestartInPlace&) { return std::string("restart in place"); },
                          [](const SendHeartbeat&) { return std::string("heartbeat"); },
                          [](const TerminateOpenvpn& a) { return std::string(a.force ? "kill" : "terminate"); },
                          [](const AbandonOpenvpn&) { return std::string("abandon"); },
                      },
                      action);
}

}  // namespace memdb::tunnel
