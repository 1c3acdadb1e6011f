#include "reach/probe_state.hpp"

#include <algorithm>
#include <array>

namespace memdb::reach {
namespace {

constexpr auto kBulk = [] {
    std::array<char, 3072> bytes{};
    std::uint32_t seed = 1;
    for (char& byte : bytes) {
        seed = seed * 1664525U + 1013904223U;  // Numerical Recipes' generator: its high bits are good enough
        byte = static_cast<char>('!' + (seed >> 16U) % 94U);
    }
    return bytes;
}();

}  // namespace

std::string_view bulk_payload() noexcept { return {kBulk.data(), kBulk.size()}; }

Duration reprobe_limit(const ProbeState& state, const ProbeTimings& timings) noexcept {
    Microseconds whole{};
    for (const auto& stage : {state.proof.dns, state.proof.tcp, state.proof.tls, state.proof.auth, state.proof.ping})
        whole += stage.value_or(Microseconds{});
    const auto thrice = std::chrono::ceil<Duration>(3 * whole);
    return std::max(timings.reprobe_limit, std::min(thrice, timings.tcp_limit));
}

bool may_resume(const ProbeState& state) noexcept {
    if (state.health == NodeHealth::failed) return state.blame && state.blame->layer <= health::Layer::tcp;
    return state.misses == 0;
}

bool is_fresh(const ProbeState& state, TimePoint now, const ProbeTimings& timings) noexcept {
    if (state.health != NodeHealth::ok || !state.last_ok) return false;
    // A bulk check begins right after a PONG and holds the next PING back until it ends.
    // Who becomes the sentinel is asked at once, but answered last by the rhythm that it had.
    const Duration interval = std::max(state.rhythm.interval, state.promised);
    Duration next_pong = std::max(interval + timings.kept_ping_limit, timings.bulk_limit);
    if (state.is_reauth_open)
        next_pong = std::max(next_pong, timings.auth_limit + timings.kept_ping_limit);  // the same
    return now - *state.last_ok <= next_pong + kReprobes * reprobe_limit(state, timings) + 1s;
}

std::string_view to_string(ProbePhase phase) noexcept {
    switch (phase) {
        case ProbePhase::idle: return "idle";
        case ProbePhase::waiting: return "waiting";
        case ProbePhase::queued: return "queued";
        case ProbePhase::resolving: return "resolving";
        case ProbePhase::connecting: return "connecting";
        case ProbePhase::securing: return "securing";
        case ProbePhase::authenticating: return "authenticating";
        case ProbePhase::pinging: return "pinging";
        case ProbePhase::kept: return "kept";
        case ProbePhase::checking: return "checking";
        case ProbePhase::asking: return "asking";
        case ProbePhase::bulk_checking: return "bulk_checking";
        case ProbePhase::reauthenticating: return "reauthenticating";
    }
    return "?";
}

std::string_view to_string(NodeHealth health) noexcept {
    switch (health) {
        case NodeHealth::unknown: return "unknown";
        case NodeHealth::ok: return "ok";
        case NodeHealth::failed: return "failed";
    }
    return "?";
}

}  // namespace memdb::reach
