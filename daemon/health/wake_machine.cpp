#include "health/wake_machine.hpp"

namespace memdb::health {
namespace {

class WakeTurn {
  public:
    WakeTurn(const WakeState& state, TimePoint now) : s_(state), now_(now) {}

    WakeStep on(const SleepBegan&) {
        if (s_.phase == WakePhase::parked) return ignored();
        enter(WakePhase::parked);
        return done("sleep began", {WakeAction::park});
    }

    WakeStep on(const Woke& e) {
        s_.woke_at = now_;
        s_.slept = e.slept;
        if (!e.up) {
            enter(WakePhase::awaiting);
            return done("woke without a tunnel", {WakeAction::prove});
        }
        if (!e.online) {
            enter(WakePhase::offline);
            return done("woke without a network", {WakeAction::prove});
        }
        if (e.slept <= 0ms) {  // no sleep, no suspicion: silence is the incident_machine's
            enter(WakePhase::awaiting);
            return done("woke, but did not sleep", {WakeAction::prove});
        }
        return prove("woke");
    }

    WakeStep on(const PingAnswered&) {
        switch (s_.phase) {
            case WakePhase::settled:
            case WakePhase::parked: return ignored();
            case WakePhase::proving:
            case WakePhase::offline:
            case WakePhase::awaiting: enter(WakePhase::settled); return done("a PING was answered", {WakeAction::tell});
        }
        return ignored();
    }

    WakeStep on(const TunnelLost&) {
        if (s_.phase != WakePhase::proving && s_.phase != WakePhase::offline) return ignored();
        enter(WakePhase::awaiting);
        return done("the tunnel restarts by itself", {});
    }

    WakeStep on(const NetworkMoved& e) {
        if (s_.phase == WakePhase::proving && !e.online) {
            enter(WakePhase::offline);
            return done("the network went", {});
        }
        if (s_.phase == WakePhase::proving) return done("another network", {WakeAction::prove});
        if (s_.phase == WakePhase::offline && e.online) return prove("a network came");
        return ignored();
    }

    WakeStep on(const Unwanted&) {
        if (s_.phase == WakePhase::settled || s_.phase == WakePhase::parked) return ignored();
        enter(WakePhase::settled);
        return done("not wanted any more", {});
    }

    WakeStep on(const ProofOverdue&) {
        if (s_.phase != WakePhase::proving || now_ < *s_.deadline) return ignored();
        enter(WakePhase::awaiting);
        return done("no PING was answered", {WakeAction::restart_tunnel});
    }

  private:
    WakeStep prove(std::string_view why) {
        enter(WakePhase::proving);
        s_.deadline = now_ + kProof;
        return done(why, {WakeAction::prove});
    }

    void enter(WakePhase phase) {
        s_.phase = phase;
        s_.deadline.reset();
    }

    [[nodiscard]] WakeStep done(std::string_view why, std::vector<WakeAction> actions) const {
        return {s_, std::move(actions), why};
    }
    [[nodiscard]] WakeStep ignored() const { return done("ignored", {}); }

    WakeState s_;
    TimePoint now_;
};

}  // namespace

WakeStep step(const WakeState& state, const WakeEvent& event, TimePoint now) {
    return std::visit([&](const auto& e) { return WakeTurn(state, now).on(e); }, event);
}

std::string_view to_string(WakePhase phase) noexcept {
    switch (phase) {
        case WakePhase::settled: return "settled";
        case WakePhase::parked: return "parked";
        case WakePhase::proving: return "proving";
        case WakePhase::offline: return "offline";
        case WakePhase::awaiting: return "awaiting";
    }
    return "?";
}

std::string_view to_string(WakeAction action) noexcept {
    switch (action) {
        case WakeAction::park: return "park";
        case WakeAction::prove: return "prove";
        case WakeAction::restart_tunnel: return "restart tunnel";
        case WakeAction::tell: return "tell";
    }
    return "?";
}

}  // namespace memdb::health
