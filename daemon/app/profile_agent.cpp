#include "app/profile_agent.hpp"

#include "base/clock.hpp"
#include "health/blame.hpp"
#include "host/source_address.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace memdb::app {
namespace {

using control::Wanted;
using tunnel::Phase;

/// While something is wrong, routes are looked up again so often: nothing tells us when they change.
constexpr Duration kRouteLook = 2s;
/// Certificate dates are looked at so often when nothing else happens.
constexpr Duration kDateLook = 1h;

std::string endpoint_of(const config::Profile& profile) {
    if (profile.remotes.empty()) return {};
    return config::endpoint_text(profile.remotes.front().host, profile.remotes.front().port);
}

std::optional<bool> has_route(const std::string& address) {
    boost::system::error_code error;
    const auto parsed = boost::asio::ip::make_address(address, error);
    if (error) return std::nullopt;
    const auto source = host::source_address(parsed);
    if (source.has_value()) return true;
    return source.error().code == Errc::not_found ? std::optional(false) : std::nullopt;
}

}  // namespace

ProfileAgent::ProfileAgent(const Surroundings& around, keys::StoredProfile profile, const Secret<>& password,
                           const std::string& ca_pem)
    : around_(around), profile_(std::move(profile)) {
    const config::Profile& told = profile_.profile;
    if (told.kind == config::ProfileKind::tunnel) {
        take_credential();
        tunnel_ = std::make_unique<tunnel::TunnelRunner>(
            around_.io, around_.resolver, tunnel_setup(), around_.settings.tunnel,
            [this](const tunnel::TunnelState& state) { tunnel_changed(state); });
    }
    for (const config::Cluster& cluster : told.clusters) {
        reach::ClusterTarget target{cluster.host, cluster.port, cluster.tls == config::ClusterTls::on,
                                    cluster.user, password,     ca_pem};
        clusters_.push_back(
            {cluster, std::make_unique<reach::ClusterRunner>(around_.io, around_.resolver, std::move(target),
                                                             around_.settings.probe, [this] { around_.changed(); })});
    }
}

ProfileAgent::~ProfileAgent() = default;

void ProfileAgent::take_credential() {
    if (!profile_.credential) {
        credential_trouble_ = "the profile has no certificate";
    } else if (profile_.credential->has_error()) {
        credential_trouble_ = profile_.credential->error().message;
    } else {
        const keys::Generation& generation = **profile_.credential;
        credential_ =
            CredentialInForce{generation.number, generation.info, keys::ca_not_after(profile_.authorities, wall_now())};
    }
}

tunnel::TunnelSetup ProfileAgent::tunnel_setup() const {
    tunnel::TunnelSetup setup;
    setup.profile = profile_.profile.name;
    setup.openvpn = around_.settings.openvpn.program;
    setup.config_file = profile_.config_path.string();
    if (credential_) {
        setup.cert_file = (*profile_.credential)->cert_path.string();
        setup.key_file = (*profile_.credential)->key_path.string();
    }
    setup.management_socket = around_.private_dir + "/" + profile_.profile.name + ".sock";
    setup.remotes = profile_.profile.remotes;
    setup.random_hostname = profile_.profile.random_hostname;
    return setup;
}

void ProfileAgent::wish(control::Wish wish) {
    const bool was_wanted = wanted_ == Wanted::connected;
    wanted_ = wish == control::Wish::disconnect ? Wanted::disconnected : Wanted::connected;
    if (wanted_ == Wanted::disconnected) {
        held_ = false;
        if (tunnel_) tunnel_->disconnect();
        stop_probes();
    } else if (!tunnel_) {
        start_probes();
        if (wish == control::Wish::reconnect)
            for (ClusterAtWork& each : clusters_) each.runner->path_changed();
    } else {
        held_ = !is_usable(credential_, wall_now());
        if (!held_ && was_wanted && wish == control::Wish::reconnect)
            tunnel_->reconnect({"request"});
        else if (!held_)
            tunnel_->connect();
    }
    around_.changed();
}

void ProfileAgent::follow_credential(WallTime wall) {
    if (!tunnel_ || wanted_ == Wanted::disconnected) return;
    switch (hold_of(held_, is_usable(credential_, wall), tunnel_->state().phase == Phase::up)) {
        case Hold::keep: return;
        case Hold::hold:
            held_ = true;
            tunnel_->disconnect();
            return;
        case Hold::release:
            held_ = false;
            tunnel_->connect();
            return;
    }
}

void ProfileAgent::tunnel_changed(const tunnel::TunnelState& state) {
    if (state.phase == Phase::up && wanted_ == Wanted::connected) {
        const bool same_path = probing_ && probed_pid_ == state.openvpn_pid && probed_since_ == state.connected_at;
        probed_pid_ = state.openvpn_pid;
        probed_since_ = state.connected_at;
        if (!probing_)
            start_probes();
        else if (!same_path)
            for (ClusterAtWork& each : clusters_) each.runner->path_changed();
    } else {
        stop_probes();
    }
    around_.changed();
}

void ProfileAgent::start_probes() {
    probing_ = true;
    for (ClusterAtWork& each : clusters_) each.runner->start();
}

void ProfileAgent::stop_probes() {
    if (!probing_) return;
    probing_ = false;
    for (ClusterAtWork& each : clusters_) each.runner->stop();
}

std::optional<bool> ProfileAgent::route_to_server() const {
    const tunnel::TunnelState& state = tunnel_->state();
    if (state.server) return has_route(state.server->address);
    // No address yet. Without any way out there will be none: public addresses stand for "the rest of the world".
    if (state.cause == tunnel::Cause::none || state.phase == Phase::up) return std::nullopt;
    const std::optional<bool> v4 = has_route("192.0.2.1");
    return v4 && !*v4 ? has_route("2001:db8::1") : v4;
}

std::optional<bool> ProfileAgent::route_to_nodes() const {
    for (const ClusterAtWork& each : clusters_)
        for (const reach::TrackedNode& node : each.runner->tracker().nodes)
            if (const auto* probe = each.runner->probe_of(node.label); probe != nullptr && !probe->address.empty())
                return has_route(probe->address);
    return std::nullopt;
}

health::Facts ProfileAgent::facts(TimePoint now, WallTime wall) const {
    health::Facts facts;
    facts.wanted = wanted_ == Wanted::connected;
    facts.direct = !tunnel_;
    if (tunnel_) {
        facts.tunnel = tunnel_facts(tunnel_->state(), endpoint_of(profile_.profile), route_to_server(), now);
        if (held_) {
            facts.tunnel.stage = health::TunnelStage::blocked;
            facts.tunnel.failure.reset();
        }
    } else {
        facts.route_to_nodes = route_to_nodes();
    }
    for (const ClusterAtWork& each : clusters_)
        facts.clusters.push_back(
            cluster_facts(each.cluster, each.runner->tracker(), each.probes(), now, each.runner->timings()));
    if (credential_) facts.credential = credential_conditions(*credential_, wall);
    if (!credential_trouble_.empty())
        facts.credential.push_back(
            {"client-cert-unusable", "the stored certificate or key cannot be used", credential_trouble_});
    return facts;
}

control::ProfileView ProfileAgent::view(TimePoint now, WallTime wall, const ClockOffset& clock) {
    follow_credential(wall);
    for (ClusterAtWork& each : clusters_) each.runner->notice_sleep();
    const health::Facts seen = facts(now, wall);
    health_.observe(health::blame(seen), now, wall);

    control::ProfileView view;
    view.name = profile_.profile.name;
    view.kind = std::string(to_string(profile_.profile.kind));
    view.wanted = wanted_;
    view.findings = health_.visible();
    health::Proof proof = proof_of(seen.clusters);
    proof.wanted = seen.wanted;
    proof.blocked = seen.tunnel.stage == health::TunnelStage::blocked;
    view.verdict = health::judge(proof, view.findings);
    if (verdict_ != view.verdict) verdict_since_ = wall;
    verdict_ = view.verdict;
    view.since = verdict_since_;
    if (tunnel_) {
        view.tunnel = tunnel_view(tunnel_->state(), clock);
        // Translated once, when it was first seen: a clock that jumps, or a sleep, must not make it another moment.
        if (!shown_since_ || shown_since_->first != tunnel_->state().since)
            shown_since_.emplace(tunnel_->state().since, view.tunnel->since);
        view.tunnel->since = shown_since_->second;
        if (held_) {
            view.tunnel->phase = "blocked";
            if (!seen.credential.empty()) view.tunnel->blocked_cause = seen.credential.front().code;
        }
    }
    note_layers(seen, wall);
    view.layers = layers_;
    add_clusters(view, seen, clock);
    if (credential_) view.credential = credential_view(*credential_, wall);
    plan_next_look(seen, now);
    return view;
}

void ProfileAgent::add_clusters(control::ProfileView& view, const health::Facts& facts,
                                const ClockOffset& clock) const {
    for (std::size_t i = 0; i < clusters_.size(); ++i) {
        health::Proof proof = proof_of({facts.clusters[i]});
        proof.wanted = facts.wanted;
        view.clusters.push_back(cluster_view(facts.clusters[i], clusters_[i].runner->tracker(), clusters_[i].probes(),
                                             health::judge(proof, view.findings), clock));
    }
}

void ProfileAgent::note_layers(const health::Facts& facts, WallTime wall) {
    const auto states = health::ladder(facts);
    layers_.resize(states.size());
    for (std::size_t i = 0; i < states.size(); ++i) {
        if (layers_[i].state != states[i] || !layers_[i].since) layers_[i].since = wall;
        layers_[i].layer = health::kWay[i];
        layers_[i].state = states[i];
        layers_[i].checked_at = wall;
    }
}

void ProfileAgent::plan_next_look(const health::Facts& facts, TimePoint now) {
    next_look_ = health_.next_change();
    if (wanted_ == Wanted::disconnected) return;
    const bool well = verdict_ == health::Verdict::reachable;
    TimePoint at = now + (well ? kDateLook : kRouteLook);
    if (!well && facts.tunnel.stage == health::TunnelStage::up &&
        facts.tunnel.server_silent_for < health::kServerSilence)
        at = std::min(at, now + (health::kServerSilence - facts.tunnel.server_silent_for));
    next_look_ = std::min(next_look_.value_or(at), at);
}

void ProfileAgent::ping(const std::optional<std::string>& node, std::function<void(Result<control::PingReport>)> done) {
    if (!probing_) {
        done(Failure{Errc::busy,
                     profile_.profile.name + " is not connected: memdbctl connect " + profile_.profile.name});
        return;
    }
    struct Round {
        control::PingReport report;
        std::size_t open;
        std::function<void(Result<control::PingReport>)> done;
    };
    auto round = std::make_shared<Round>(Round{{profile_.profile.name, {}}, clusters_.size(), std::move(done)});
    for (ClusterAtWork& each : clusters_) {
        each.runner->ping(node, [round, node, &runner = *each.runner](const std::vector<reach::PingResult>& results) {
            for (const reach::PingResult& result : results) {
                control::PingResult shown{result.node, {}, {}, {}, {}};
                const auto& nodes = runner.tracker().nodes;
                if (const auto known = std::ranges::find(nodes, result.node, &reach::TrackedNode::label);
                    known != nodes.end()) {
                    if (known->role) shown.role = *known->role == reach::Role::primary ? "primary" : "replica";
                    if (known->shard > 0) shown.shard = std::to_string(known->shard);
                }
                if (result.ok && result.duration) shown.ping_us = result.duration->count();
                if (!result.ok) shown.error = result.error;
                round->report.nodes.push_back(std::move(shown));
            }
            if (--round->open > 0) return;
            if (node && round->report.nodes.empty())
                round->done(Failure{Errc::not_found,
                                    "no node is called " + *node + ": see memdbctl status " + round->report.profile});
            else
                round->done(std::move(round->report));
        });
    }
}

void ProfileAgent::settings_changed() {
    if (tunnel_) {
        tunnel_->set_timings(around_.settings.tunnel);
        tunnel_->set_setup(tunnel_setup());
        tunnel_->input_changed();
    }
    for (ClusterAtWork& each : clusters_) each.runner->set_timings(around_.settings.probe);
}

void ProfileAgent::shut_down(std::function<void()> done) {
    stop_probes();
    if (tunnel_)
        tunnel_->terminate(std::move(done));
    else
        boost::asio::post(around_.io, std::move(done));
}

}  // namespace memdb::app
