// One profile through a sleep of the machine: what rests before it, what is proved after it.
#include "app/profile_agent.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace memdb::app {

using health::WakeAction;
using health::WakePhase;

void ProfileAgent::sleep() { follow_wake(health::SleepBegan{}); }

void ProfileAgent::woke(Duration slept) {
    if (tunnel_) tunnel_->woke(slept);
    path_.host_changed();  // the network may be another one, and the kernel's word of it still be on its way
    if (tunnel_) follow_network();
    if (!is_parked() && wanted_ == control::Wanted::disconnected) return;
    const bool up = tunnel_ && tunnel_->state().phase == tunnel::Phase::up;
    if (wanted_ == control::Wanted::connected) follow_tokens(now(), wall_now());  // those of before have expired
    follow_wake(health::Woke{slept, up, way_out_.online});
    if (wanted_ == control::Wanted::disconnected) follow_wake(health::Unwanted{});
}

/// The endpoint counts real time: where the calendar was wrong, the session began at another moment of it.
void ProfileAgent::clock_stepped(Duration step) {
    if (tunnel_) tunnel_->clock_stepped();
    if (session_) session_->second += step;
}

void ProfileAgent::follow_wake(const health::WakeEvent& event) {
    const health::WakeStep step = health::step(wake_, event, now());
    if (step.why == "ignored") return;
    logger("health")->debug("{}: wake: {} -> {} why=\"{}\"", profile_.profile.name, to_string(wake_.phase),
                            to_string(step.state.phase), step.why);
    wake_ = step.state;
    wake_timer_.cancel();
    if (wake_.deadline) {
        wake_timer_.expires_at(*wake_.deadline);
        wake_timer_.async_wait([this, life = std::weak_ptr(life_)](const boost::system::error_code& error) {
            if (error || life.expired()) return;
            if (around_.notice_sleep) around_.notice_sleep();
            note_answers();
            follow_wake(health::ProofOverdue{});
        });
    }
    for (const WakeAction action : step.actions) perform(action);
}

void ProfileAgent::perform(WakeAction action) {
    const std::string& name = profile_.profile.name;
    switch (action) {
        case WakeAction::park:
            if (tunnel_) tunnel_->sleep();
            stop_probes();
            return;
        case WakeAction::prove:
            if (probing_)
                for (ClusterAtWork& each : clusters_) each.runner->path_changed();
            else if (may_probe())
                start_probes();
            return;
        case WakeAction::restart_tunnel:
            logger("health")->info("{}: no PING answered within {} s of the wake: the tunnel is restarted", name,
                                   health::kProof / 1s);
            tunnel_->reconnect({"wake", true, tunnel::Cause::none, {}, {}});
            return;
        case WakeAction::tell: {
            const bool kept = tunnel_ && tunnel_->state().connected_at < wake_.woke_at;
            logger("health")->info("{}: a PING was answered {} ms after the wake{}", name,
                                   (now() - wake_.woke_at).count(),
                                   !tunnel_ ? ""
                                   : kept   ? ", over the kept tunnel"
                                            : ", over a new tunnel");
            return;
        }
    }
}

/// Whether a PING was answered since the wake.
void ProfileAgent::note_answers() {
    if (wake_.phase == WakePhase::settled || is_parked()) return;
    for (const ClusterAtWork& each : clusters_)
        for (const reach::ProbeState* probe : each.runner->probes())
            if (probe->health == reach::NodeHealth::ok && probe->last_ok >= wake_.woke_at)
                return follow_wake(health::PingAnswered{});
}

bool ProfileAgent::may_probe() const {
    if (wanted_ == control::Wanted::disconnected) return false;
    return !tunnel_ || (tunnel_->state().phase == tunnel::Phase::up && tunnel_->state().online);
}

}  // namespace memdb::app
