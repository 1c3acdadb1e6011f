// What a profile's agent knows, put together: facts, blame, and the view that people see.
#include "app/profile_agent.hpp"
#include "base/clock.hpp"
#include "config/change_policy.hpp"
#include "health/ladder.hpp"
#include "reach/silence_map.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace memdb::app {
namespace {

using control::Wanted;
using tunnel::Phase;

/// While something is wrong and the kernel tells nothing of its routes, they are looked up again so often.
constexpr Duration kRouteLook = 2s;
/// Certificate dates are looked at so often when nothing else happens.
constexpr Duration kDateLook = 1h;

std::string endpoint_of(const config::Profile& profile) {
    if (profile.remotes.empty()) return {};
    return config::endpoint_text(profile.remotes.front().host, profile.remotes.front().port);
}

void show_signer(control::ProfileView& view, const config::Profile& profile) {
    if (profile.signer.empty()) return;
    view.signer = profile.signer;
    view.signer_uid = profile.signer_uid;
    if (!config::can_revoke(profile.signer)) return;
    view.revoke_old = profile.revoke_old;
    if (profile.revoke_old) view.revoke_old_uid = profile.revoke_old_uid;
}

}  // namespace

std::optional<bool> ProfileAgent::route_to_server() {
    const tunnel::TunnelState& state = tunnel_->state();
    if (!way_out_.online) return false;
    return state.server ? path_.reaches(state.server->address, state.device) : std::nullopt;
}

std::optional<bool> ProfileAgent::route_to_nodes() {
    for (const ClusterAtWork& each : clusters_)
        for (const reach::TrackedNode& node : each.runner->tracker().nodes)
            if (const auto* probe = each.runner->probe_of(node.label); probe != nullptr && !probe->address.empty())
                return path_.reaches(probe->address, {});
    return std::nullopt;
}

void ProfileAgent::add_paths(health::ClusterFacts& facts, const ClusterAtWork& at_work) {
    const tunnel::TunnelState& state = tunnel_->state();
    if (state.phase != Phase::up) return;
    facts.vpc_resolver = vpc_names_->resolver();
    facts.vpc_answer = vpc_names_->answer(at_work.cluster.host);
    for (health::NodeFacts& node : facts.nodes) {
        const reach::ProbeState* const probe = at_work.runner->probe_of(node.name);
        if (probe == nullptr || probe->address.empty()) continue;
        health::RouteVerdict verdict = path_.judge(probe->address, state);
        node.route = verdict.state;
        node.route_evidence = std::move(verdict.evidence);
        node.route_way = std::move(verdict.way);
    }
}

/// Said before the tunnel is up; then the kernel's choice for each node tells more.
std::vector<health::Condition> ProfileAgent::notices() {
    if (tunnel_->state().phase == Phase::up) return {};
    const auto local = networks_within(ranges_, path_.local_networks(), tunnel_->state().device);
    if (local.empty()) return {};
    return {{"route-shadowed", "a network of this machine has addresses of the VPC",
             fmt::format("{}, within {}", local.front(), health::list_networks(ranges_))}};
}

health::TunnelFacts ProfileAgent::tunnel_now(TimePoint now, WallTime wall) {
    TunnelSurroundings around{endpoint_of(profile_.profile),
                              route_to_server(),
                              incident_->state(),
                              {},
                              portal_->evidence(),
                              credential_ ? issuer_doubt(*credential_) : std::string()};
    if (session_ && around_.settings.tunnel.session_limit > 0s)
        around.session_left = session_->second + around_.settings.tunnel.session_limit - wall;
    return tunnel_facts(tunnel_->state(), around, now);
}

health::Facts ProfileAgent::facts(TimePoint now, WallTime wall) {
    health::Facts facts;
    facts.wanted = wanted_ == Wanted::connected;
    facts.direct = !tunnel_;
    for (const ClusterAtWork& each : clusters_)
        facts.clusters.push_back(
            cluster_facts(each.cluster, each.runner->tracker(), each.probes(), now, each.runner->timings()));
    if (tunnel_) {
        facts.tunnel = tunnel_now(now, wall);
        for (std::size_t i = 0; i < clusters_.size(); ++i) add_paths(facts.clusters[i], clusters_[i]);
        facts.notices = notices();
        if (held_) {
            facts.tunnel.stage = health::TunnelStage::blocked;
            facts.tunnel.failure.reset();
        }
    } else {
        facts.route_to_nodes = route_to_nodes();
    }
    if (credential_) facts.credential = credential_conditions(*credential_, wall);
    if (credential_trouble_) facts.credential.push_back(*credential_trouble_);
    if (profile_.crl && !*profile_.crl)
        facts.credential.push_back({"state-unreadable", "the stored certificate revocation list cannot be used",
                                    profile_.crl->error().message + ": hand it in again with `memdbctl key crl`",
                                    health::Severity::warning});
    if (dns_) {
        DnsAdvice advice = dns_->advice();
        facts.dns_evidence = std::move(advice.evidence);
        facts.dns_advice = std::move(advice.advice);
    }
    facts.access = password_trouble();
    const std::string& signer = profile_.profile.signer;
    const bool has_signer = !signer.empty() && signer != "manual";
    if (rotation_)
        for (health::Condition& condition : rotation_->conditions(wall, has_signer))
            facts.credential.push_back(std::move(condition));
    return facts;
}

health::IncidentInput ProfileAgent::incident_seen(const std::vector<health::ClusterFacts>& clusters) {
    std::vector<const reach::ProbeState*> probes;
    for (const ClusterAtWork& each : clusters_) {
        const auto of_one = each.runner->probes();
        probes.insert(probes.end(), of_one.begin(), of_one.end());
    }
    const auto silent = reach::silent_since(probes);
    std::optional<std::uint64_t> received;
    if (silent)
        if (const auto counters = path_.counters(tunnel_->state().device)) received = counters->received_bytes;
    return incident_input(tunnel_->state(), clusters, silent, received);
}

/// Who is silent: the nodes, the server, the VPC's resolver; and what may answer in the server's place.
void ProfileAgent::look_at_silence(health::IncidentInput& incident, const std::vector<health::ClusterFacts>& clusters,
                                   TimePoint now) {
    // Right after a sleep silence is wake_machine's: an incident would give up what only has to be proved.
    const bool watching = !is_parked() && wake_.phase != health::WakePhase::proving;
    if (watching) incident = incident_seen(clusters);
    incident_->observe(incident, now);
    const tunnel::TunnelState& tunnel = tunnel_->state();
    const bool asks = watching && wanted_ == Wanted::connected && !held_;
    portal_->observe(tunnel, asks ? unheard_since(tunnel, incident_->state()) : std::nullopt, now);
    // A resolver that packets reach past the tunnel is no witness of what goes on behind it.
    const health::IncidentState& silence = incident_->state();
    const bool due = watching && silence.begun && !is_undecided(silence, now) && silence.server_answers != false;
    const bool behind = due && path_.judge(vpc_names_->resolver(), tunnel).state == health::RouteState::ok;
    vpc_names_->witness(behind ? silence.begun : std::nullopt, now);
}

void ProfileAgent::look_for_plain_text(std::vector<health::ClusterFacts>& clusters, TimePoint now) {
    for (std::size_t i = 0; i < clusters.size(); ++i) {
        const ClusterAtWork& at_work = clusters_[i];
        const health::NodeFacts* const node = probing_ ? silent_in_tls(clusters[i]) : nullptr;
        const reach::ProbeState* const probe = node != nullptr ? at_work.runner->probe_of(node->name) : nullptr;
        at_work.plain->observe(probe != nullptr ? probe->address : std::string(), at_work.cluster.port, now);
        clusters[i].plain_asked = at_work.plain->is_asking();
        clusters[i].plain_answer = at_work.plain->answer();
    }
}

control::ProfileView ProfileAgent::view(TimePoint now, WallTime wall, const ClockOffset& clock) {
    note_answers();
    if (!is_parked()) {
        follow_credential(wall);
        follow_session(now, wall);
        follow_rotation(now, wall);
        follow_tokens(now, wall);
    }
    health::Facts seen = facts(now, wall);
    const std::vector<IamStanding> by_iam = iam_standings(wall, clock);
    for (health::Condition& condition : iam_conditions(by_iam, now)) seen.access.push_back(std::move(condition));
    health::IncidentInput incident;
    look_for_plain_text(seen.clusters, now);
    if (tunnel_) {
        look_at_silence(incident, seen.clusters, now);
        if (!held_) seen.tunnel = tunnel_now(now, wall);  // with what it has just noticed
        seen.vpc = vpc_names_->voice();
    }
    const health::Blame blamed = health::blame(seen);
    if (tunnel_) incident_->act(incident, blamed, now);
    if (!is_parked()) health_.observe(blamed.conditions, now, wall);

    control::ProfileView view;
    view.name = profile_.profile.name;
    view.kind = std::string(to_string(profile_.profile.kind));
    view.wanted = wanted_;
    show_signer(view, profile_.profile);
    view.findings = health_.visible();
    health::Proof proof = proof_of(seen.clusters);
    proof.wanted = seen.wanted;
    proof.blocked = seen.tunnel.stage == health::TunnelStage::blocked;
    view.verdict = health::judge(proof, view.findings);
    if (verdict_ != view.verdict) verdict_since_ = wall;
    verdict_ = view.verdict;
    view.since = verdict_since_;
    if (tunnel_) show_tunnel(view, seen, clock);
    note_layers(seen, blamed, wall);
    view.layers = layers_;
    add_clusters(view, seen, clock);
    for (std::size_t i = 0, next = 0; i < view.clusters.size(); ++i)
        if (clusters_[i].cluster.iam) view.clusters[i].iam = iam_view(by_iam[next++]);
    if (credential_) view.credential = credential_view(*credential_, wall);
    if (rotation_) show_rotation(view);
    plan_next_look(seen, incident, now);
    plan_tokens(by_iam, now);
    return view;
}

void ProfileAgent::show_tunnel(control::ProfileView& view, const health::Facts& facts, const ClockOffset& clock) {
    view.tunnel = tunnel_view(tunnel_->state(), clock);
    view.tunnel->endpoint = endpoint_of(profile_.profile);
    // Translated once, when it was first seen: a clock that jumps, or a sleep, must not make it another moment.
    if (session_ && session_->first == tunnel_->state().since) view.tunnel->since = session_->second;
    if (!shown_since_ || shown_since_->first != tunnel_->state().since)
        shown_since_.emplace(tunnel_->state().since, view.tunnel->since);
    view.tunnel->since = shown_since_->second;
    if (dns_) view.tunnel->dns = dns_->view();
    if (session_ && around_.settings.tunnel.session_limit > 0s)
        view.tunnel->session_ends_at = session_->second + around_.settings.tunnel.session_limit;
    if (!held_) return;
    view.tunnel->phase = "blocked";
    if (!facts.credential.empty()) view.tunnel->blocked_cause = facts.credential.front().code;
}

/// The endpoint counts its limit in calendar time, from CONNECTED on, asleep or not.
/// What the calendar said when the tunnel came up: sleep and clock steps since then do not move it.
WallTime ProfileAgent::session_from(TimePoint connected, TimePoint now, WallTime wall) const {
    for (const auto& known : {session_, session_before_})
        if (known && known->first == connected) return known->second;
    return wall - (now - connected);
}

void ProfileAgent::follow_session(TimePoint now, WallTime wall) {
    renewal_look_.reset();
    if (!tunnel_ || tunnel_->state().phase != Phase::up || !tunnel_->state().connected_at) {
        session_.reset();
        renewal_ = {};
        return;
    }
    const TimePoint connected = *tunnel_->state().connected_at;
    session_.emplace(connected, session_from(connected, now, wall));
    const tunnel::TunnelTimings& timings = around_.settings.tunnel;
    if (timings.session_limit <= 0s || timings.renew_before <= 0s || wanted_ == Wanted::disconnected) return;
    health::RenewalInput input{session_->second + timings.session_limit - wall, timings.renew_before, {}, 0};
    if (input.left <= input.window)
        if (const auto counters = path_.counters(tunnel_->state().device))
            input.traffic = counters->received_bytes + counters->sent_bytes;
    for (const ClusterAtWork& each : clusters_) input.nodes += each.runner->tracker().nodes.size();
    const health::RenewalStep step = health::step(renewal_, input, now);
    renewal_ = step.state;
    renewal_look_ = step.next_look;
    if (step.renew) tunnel_->reconnect({"session-ending", true, tunnel::Cause::none, {}, {}});
}

void ProfileAgent::add_clusters(control::ProfileView& view, const health::Facts& facts,
                                const ClockOffset& clock) const {
    for (std::size_t i = 0; i < clusters_.size(); ++i) {
        health::Proof proof = proof_of({facts.clusters[i]});
        proof.wanted = facts.wanted;
        view.clusters.push_back(cluster_view(facts.clusters[i], clusters_[i].runner->tracker(), clusters_[i].probes(),
                                             health::judge(proof, view.findings), clock));
        control::ClusterView& shown = view.clusters.back();
        const config::Cluster& cluster = clusters_[i].cluster;
        shown.tls = cluster.tls == config::ClusterTls::on;
        if (!cluster.user.empty()) shown.user = cluster.user;
        shown.private_ca = profile_.profile.has_cluster_ca;
    }
}

void ProfileAgent::add_tallies(control::PingTallies& into) const {
    for (const ClusterAtWork& each : clusters_) {
        const std::string endpoint = config::endpoint_text(each.cluster.host, each.cluster.port);
        for (const reach::TrackedNode& node : each.runner->tracker().nodes)
            if (const auto* tally = each.runner->tally_of(node.label); tally != nullptr)
                into[{profile_.profile.name, endpoint, node.label}] = *tally;
    }
}

void ProfileAgent::note_layers(const health::Facts& facts, const health::Blame& blamed, WallTime wall) {
    const auto states = health::ladder(facts, blamed);
    layers_.resize(states.size());
    for (std::size_t i = 0; i < states.size(); ++i) {
        if (layers_[i].state != states[i] || !layers_[i].since) layers_[i].since = wall;
        layers_[i].layer = health::kWay[i];
        layers_[i].state = states[i];
        layers_[i].checked_at = wall;
    }
}

void ProfileAgent::plan_next_look(const health::Facts& facts, const health::IncidentInput& seen, TimePoint now) {
    next_look_.reset();
    if (is_parked()) return;
    next_look_ = health_.next_change();
    if (wanted_ == Wanted::disconnected) return;
    const auto consider = [&](std::optional<TimePoint> at) {
        if (at && *at > now) next_look_ = std::min(next_look_.value_or(*at), *at);  // what is past has been seen
    };
    const bool blind = around_.routes == nullptr && verdict_ != health::Verdict::reachable;
    consider(now + (blind ? kRouteLook : kDateLook));
    if (!tunnel_) return;
    const tunnel::TunnelState& state = tunnel_->state();
    consider(renewal_look_);
    consider(health::next_look(incident_->state(), seen, now));
    consider(portal_->next_look());
    consider(tunnel::flapping_until(state, now));
    if (facts.tunnel.session_left && *facts.tunnel.session_left > 0ms)
        consider(now + (*facts.tunnel.session_left > health::kSessionEnding
                            ? *facts.tunnel.session_left - health::kSessionEnding
                            : Duration(1min)));
    if (!incident_->state().quiet_since) return;
    if (facts.tunnel.ping && state.link_grew_at) {
        const TimePoint silent_at = *state.link_grew_at + health::kPingsMissed * *facts.tunnel.ping;
        consider(std::max(silent_at, *incident_->state().quiet_since + health::kLinkPatience));
    }
    if (state.heartbeat_sent_at) consider(*state.heartbeat_sent_at + health::kOpenvpnSilence);
}

/// Another token is due, or connections that nobody can renew.
void ProfileAgent::plan_tokens(const std::vector<IamStanding>& standings, TimePoint now) {
    const auto consider = [&](std::optional<TimePoint> at) {
        if (at && *at > now && !is_parked()) next_look_ = std::min(next_look_.value_or(*at), *at);
    };
    consider(mint_look_);
    for (const IamStanding& standing : standings) consider(standing.first_reauth);
}

}  // namespace memdb::app
