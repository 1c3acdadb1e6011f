#include "tunnel/tunnel_log_map.hpp"

#include <fmt/format.h>

namespace memdb::tunnel {
namespace {

TunnelLine same_phase(const std::string& profile, const TunnelEvent& event, const Step& done) {
    const bool often = std::holds_alternative<ByteCounted>(event) || std::holds_alternative<StateChanged>(event) ||
                       std::holds_alternative<HeartbeatAnswered>(event) || done.why == "heartbeat";
    return {often ? LogDepth::trace : LogDepth::debug, fmt::format("{}: {}: {}", profile, to_string(event), done.why)};
}

bool is_on_the_way(Phase phase) {
    return phase == Phase::starting || phase == Phase::handshaking || phase == Phase::waiting ||
           phase == Phase::stopping;
}

}  // namespace

TunnelLine tunnel_line(const std::string& profile, const TunnelState& before, const TunnelEvent& event,
                       const Step& done) {
    const TunnelState& s = done.state;
    if (s.phase == before.phase) return same_phase(profile, event, done);
    std::string text =
        fmt::format("{}: {} -> {} why=\"{}\"", profile, to_string(before.phase), to_string(s.phase), done.why);
    if (s.attempt > 0) text += fmt::format(" attempt={}", s.attempt);
    if (s.phase == Phase::up && s.server)
        text += fmt::format(" server={} device={} address={}", to_string(*s.server), s.device, s.address);
    if (s.cause != Cause::none)
        text += fmt::format(" cause={} evidence=\"{}\"", to_string(s.cause), s.evidence);
    else if (before.phase == Phase::up && (s.phase == Phase::handshaking || s.after == AfterStop::restart))
        text += fmt::format(" cause={}", s.last_restart_cause);
    const bool is_edge = !is_on_the_way(before.phase) || !is_on_the_way(s.phase);
    return {is_edge ? LogDepth::info : LogDepth::debug, std::move(text)};
}

}  // namespace memdb::tunnel
