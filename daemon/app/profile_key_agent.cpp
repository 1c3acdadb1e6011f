// What a rotation means for a profile's tunnel: other files, another openvpn, and the proof of it.
#include "app/profile_agent.hpp"
#include "app/rotation_map.hpp"

#include <utility>

namespace memdb::app {

using control::Wanted;
using tunnel::Phase;

namespace {

/// An older PONG proves nothing: the slowest kept connection is PINGed every 5 s.
constexpr Duration kPingedLately = 10s;

}  // namespace

RotationAgent::Hooks ProfileAgent::rotation_hooks() {
    return {[this](const keys::Generation& candidate) { return trial_setup(candidate); },
            [this](Result<keys::Generation> in_force) {
                take_credential(std::move(in_force));
                tunnel_->set_setup(tunnel_setup());
            },
            [this] { restart_with_new_key(); }, around_.changed,
            [this](const keys::CertificateInfo& certificate) -> std::optional<keys::Revocation> {
                if (!profile_.crl || !*profile_.crl) return std::nullopt;
                return keys::find_revocation(**profile_.crl, certificate);
            }};
}

/// At the very server that the tunnel uses: another one might fail for a reason of its own.
tunnel::TunnelSetup ProfileAgent::trial_setup(const keys::Generation& candidate) const {
    tunnel::TunnelSetup setup = tunnel_setup();
    setup.profile += " (trial)";
    setup.cert_file = candidate.cert_path.string();
    setup.key_file = candidate.key_path.string();
    setup.management_socket = around_.private_dir + "/" + profile_.profile.name + ".try";
    const tunnel::TunnelState& state = tunnel_->state();
    if (state.phase == Phase::up && state.server)
        setup.remotes = {{state.server->address, state.server->port, state.server->transport, {}}};
    return setup;
}

void ProfileAgent::restart_with_new_key() {
    if (wanted_ == Wanted::disconnected) return;
    held_ = false;  // judged again at the next look, with the new certificate
    tunnel_->input_changed();
    tunnel_->reconnect({"key-rotation", true, tunnel::Cause::none, {}, {}});
}

void ProfileAgent::follow_rotation(TimePoint now, WallTime wall) {
    if (!rotation_) return;
    const tunnel::TunnelState& state = tunnel_->state();
    keys::RotationSight sight;
    sight.wanted = wanted_ == Wanted::connected;
    sight.online = way_out_.online;
    sight.up = state.phase == Phase::up && credential_ && running_generation_ == credential_->generation;
    sight.blocked = held_ || state.phase == Phase::blocked;
    if (sight.up && state.connected_at)
        for (const ClusterAtWork& each : clusters_)
            for (const reach::ProbeState* probe : each.runner->probes())
                sight.pinged |=
                    probe->last_ok && *probe->last_ok >= *state.connected_at && now - *probe->last_ok <= kPingedLately;
    rotation_->see(sight, wall);
}

void ProfileAgent::show_rotation(control::ProfileView& view) const {
    view.rotation = rotation_view(rotation_->state());
    if (!view.credential) return;
    if (rotation_->state().previous != 0) view.credential->previous_generation = rotation_->state().previous;
    view.credential->rotate_at = rotation_->due_at();
}

}  // namespace memdb::app
