#include "tunnel/tunnel_state.hpp"

namespace memdb::tunnel {

std::optional<TimePoint> next_deadline(const TunnelState& state) noexcept {
    if (state.asleep && state.phase != Phase::stopping) return std::nullopt;
    std::optional<TimePoint> earliest;
    const auto consider = [&](const std::optional<TimePoint>& at) {
        if (at && (!earliest || *at < *earliest)) earliest = at;
    };
    consider(state.limit_at);
    consider(state.silence_at);
    consider(state.heartbeat_at);
    consider(state.stable_at);
    if (state.phase == Phase::waiting) consider(state.retry_at);
    return earliest;
}

std::optional<TimePoint> flapping_until(const TunnelState& state, TimePoint now) noexcept {
    if (state.losses.size() < kFlapLosses) return std::nullopt;
    const TimePoint until = state.losses[state.losses.size() - kFlapLosses] + kFlapWindow;
    return now < until ? std::optional(until) : std::nullopt;
}

bool is_flapping(const TunnelState& state, TimePoint now) noexcept { return flapping_until(state, now).has_value(); }

bool has_process(const TunnelState& state) noexcept {
    switch (state.phase) {
        case Phase::starting: return state.starting != Starting::resolving;
        case Phase::handshaking:
        case Phase::up:
        case Phase::stopping: return true;
        case Phase::stopped:
        case Phase::waiting:
        case Phase::blocked: return false;
    }
    return false;
}

std::string to_string(const ServerAddress& server) {
    const bool ip6 = server.address.find(':') != std::string::npos;
    return (ip6 ? "[" + server.address + "]" : server.address) + ":" + std::to_string(server.port);
}

std::string_view to_string(Phase phase) noexcept {
    switch (phase) {
        case Phase::stopped: return "stopped";
        case Phase::starting: return "starting";
        case Phase::handshaking: return "handshaking";
        case Phase::up: return "up";
        case Phase::waiting: return "waiting";
        case Phase::stopping: return "stopping";
        case Phase::blocked: return "blocked";
    }
    return "?";
}

std::string_view to_string(AfterStop after) noexcept {
    switch (after) {
        case AfterStop::nothing: return "nothing";
        case AfterStop::restart: return "restart";
        case AfterStop::blocked: return "blocked";
    }
    return "?";
}

}  // namespace memdb::tunnel
