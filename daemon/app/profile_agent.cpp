#include "app/profile_agent.hpp"

#include "base/clock.hpp"
#include "base/log.hpp"
#include "host/service_notify.hpp"

#include <unistd.h>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace memdb::app {
namespace {

using control::Wanted;
using tunnel::Phase;

/// The order of wishes over all profiles: of two that cannot be had together the earlier keeps its tunnel.
std::uint64_t next_order() {
    static std::uint64_t order = 0;
    return ++order;
}

}  // namespace

ProfileAgent::ProfileAgent(const Surroundings& around, keys::StoredProfile profile, const Access& access,
                           std::vector<IpNetwork> known_ranges)
    : around_(around),
      profile_(std::move(profile)),
      stored_password_(access.password),
      password_(password_to_use(access.named, access.password, {})),
      ca_pem_(access.ca_pem),
      path_(around.routes),
      ranges_(std::move(known_ranges)),
      wake_timer_(around.io) {
    note_named(access.named);
    const config::Profile& told = profile_.profile;
    if (told.kind == config::ProfileKind::tunnel) {
        take_credential(profile_.credential
                            ? std::move(*profile_.credential)
                            : Result<keys::Generation>(Failure{Errc::not_found, "the profile has no certificate"}));
        host::RouteLink* const link = around_.routes != nullptr ? &around_.routes->link() : nullptr;
        if (around_.footprints != nullptr) footprint_.emplace(*around_.footprints, link, told.name);
        if (host::is_managed()) handover_.emplace(told.name, around_.private_dir);
        tunnel_ = std::make_unique<tunnel::TunnelRunner>(around_.io, around_.resolver, tunnel_setup(),
                                                         around_.settings.tunnel, tunnel_handlers());
        incident_ = std::make_unique<IncidentRunner>(around_.io, *tunnel_, told.name, around_.changed);
        portal_ = std::make_unique<PortalAgent>(
            around_.io, told.name, told.remotes.empty() ? told.name : told.remotes.front().host, around_.changed);
        vpc_names_ = std::make_unique<VpcNameAgent>(around_.resolver, told.clusters, around_.changed);
        start_dns();
        rotation_ = std::make_unique<RotationAgent>(
            around_.io, around_.workers, around_.resolver, around_.settings, told.name,
            keys::CredentialStore(profile_.config_path.parent_path()), profile_.authorities, rotation_hooks());
        rotation_->start();
        follow_network();
    }
    for (const config::Cluster& cluster : told.clusters) clusters_.push_back(put_to_work(cluster));
}

ProfileAgent::ClusterAtWork ProfileAgent::put_to_work(const config::Cluster& cluster) const {
    // Without a user there is no AUTH, whatever memdbd.toml names.
    reach::ClusterTarget target{cluster.host,
                                cluster.port,
                                cluster.tls == config::ClusterTls::on,
                                cluster.user,
                                cluster.user.empty() || cluster.iam ? Secret<>{} : password_,
                                cluster.iam.has_value(),
                                ca_pem_};
    const auto changed = [&around = around_] { around.changed(); };
    auto runner = std::make_unique<reach::ClusterRunner>(around_.io, around_.resolver, std::move(target),
                                                         around_.settings.probe, changed, around_.notice_sleep);
    runner->on_ping(
        [&around = around_, name = profile_.profile.name](const std::string& node, std::optional<Microseconds> took) {
            if (around.sampled) around.sampled(name, node, took);
        });
    runner->share(around_.paces);
    if (const auto login = login_of(cluster))
        if (const reach::LoginToken* token = token_of(*login)) runner->take_token(*token);
    return {cluster, std::move(runner), std::make_unique<PlainAgent>(around_.io, around_.changed)};
}

tunnel::TunnelRunner::Handlers ProfileAgent::tunnel_handlers() {
    tunnel::TunnelRunner::Handlers handlers{
        [this](const tunnel::TunnelState& state) { tunnel_changed(state); }, {}, {}, {}};
    handlers.about_to_handle = around_.notice_sleep;
    handlers.about_to_spawn = [this](const tunnel::ServerAddress& server) {
        running_generation_ = credential_ ? credential_->generation : 0;
        if (footprint_) footprint_->about_to_spawn(server);
    };
    if (footprint_) handlers.spawned = [this](int pid) { footprint_->spawned(pid); };
    handlers.gone = [this] {
        if (footprint_) footprint_->gone();
        if (handover_) handover_->gone();
    };
    return handlers;
}

bool ProfileAgent::take_over(const Handover& left) {
    const bool same_key = credential_ && left.record.generation == credential_->generation;
    const auto log = logger("tunnel");
    if (!tunnel_ || !same_key) {
        ::close(left.descriptor);
        log->info("{}: the running openvpn has another key than the one in force: it is ended", profile_.profile.name);
        return false;
    }
    if (const auto adopted = tunnel_->adopt(left.descriptor, left.record); adopted.has_error()) {
        log->info("{}: the tunnel of an earlier memdbd is not taken over: {}", profile_.profile.name,
                  adopted.error().message);
        return false;
    }
    taking_over_ = true;
    running_generation_ = left.record.generation;
    session_before_ = {left.record.connected_at, left.record.session_from};
    if (footprint_) footprint_->taken_over();
    return true;
}

ProfileAgent::~ProfileAgent() = default;

void ProfileAgent::take_credential(Result<keys::Generation> in_force) {
    profile_.credential = std::move(in_force);
    judge_credential();
}

/// Judges what is stored anew: for another generation or list, and as time passes.
void ProfileAgent::judge_credential() {
    credential_.reset();
    credential_trouble_.reset();
    if (profile_.credential->has_error()) {
        credential_trouble_ = trouble_of(profile_.credential->error());
        return;
    }
    const keys::Generation& generation = **profile_.credential;
    const bool has_list = profile_.crl && *profile_.crl;
    credential_ = credential_in_force({generation.number, generation.certificates, profile_.authorities,
                                       generation.stored_on, has_list ? &**profile_.crl : nullptr},
                                      wall_now());
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
    if (!was_wanted) wanted_order_ = next_order();
    wanted_ = wish == control::Wish::disconnect ? Wanted::disconnected : Wanted::connected;
    follow_dns();  // before the tunnel ends: what is told of it goes first
    if (wanted_ == Wanted::disconnected) {
        held_ = false;
        overlap_.reset();
        follow_wake(health::Unwanted{});
        if (tunnel_) tunnel_->disconnect();
        stop_probes();
    } else if (!tunnel_) {
        start_probes();
        if (wish == control::Wish::reconnect)
            for (ClusterAtWork& each : clusters_) each.runner->path_changed();
    } else {
        held_ = !taking_over_ && !is_usable(credential_, wall_now());
        if (!held_ && was_wanted && wish == control::Wish::reconnect)
            tunnel_->reconnect({"request"});
        else if (!held_)
            tunnel_->connect();
    }
    around_.changed();
}

control::CrlView ProfileAgent::take_crl(keys::RevocationList list) {
    profile_.crl.emplace(std::move(list));
    judge_credential();
    const WallTime wall = wall_now();
    around_.changed();
    if (credential_ && credential_->crl) return crl_view(*credential_->crl, wall);
    return crl_view(crl_facts(**profile_.crl, profile_.authorities, nullptr), wall);
}

void ProfileAgent::follow_credential(WallTime wall) {
    if (credential_ && std::chrono::abs(wall - credential_->judged_at) >= kJudgedFor) judge_credential();
    if (!tunnel_ || wanted_ == Wanted::disconnected || taking_over_) return;
    const bool usable = is_usable(credential_, wall), up = tunnel_->state().phase == Phase::up;
    // Once it is lost it must not come back in place, with a handshake that nobody can stop in time.
    if (!held_ && !usable && up) tunnel_->input_changed();
    switch (hold_of(held_, usable, up)) {
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
    if (taking_over_ && state.phase == Phase::up && dns_ && footprint_)
        if (const auto link = footprint_->dns_link()) dns_->taken_over(*link);
    if (state.phase != Phase::starting) taking_over_ = false;
    if (state.phase == Phase::up) accepted_generation_ = running_generation_;
    if (footprint_) footprint_->device_known(state.device);
    if (state.addresses != way_to_) follow_network();
    follow_ranges(state);
    vpc_names_->follow(state);
    follow_dns();
    if (state.phase != Phase::up) follow_wake(health::TunnelLost{});
    if (may_probe()) {
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
    if (state.phase == Phase::up && state.connected_at)
        session_.emplace(*state.connected_at, session_from(*state.connected_at, now(), wall_now()));
    if (handover_ && session_) handover_->follow(*tunnel_, running_generation_, session_->second);
    around_.changed();
}

/// Known before the next connection, so that it can be refused, or warned of, in time.
void ProfileAgent::follow_ranges(const tunnel::TunnelState& state) {
    if (!state.pushed || state.pushed->cut || state.pushed->routes == ranges_) return;
    ranges_ = state.pushed->routes;
    if (around_.remember_ranges) around_.remember_ranges(claim());
}

void ProfileAgent::host_changed() {
    path_.host_changed();
    if (tunnel_) follow_network();
    // A server that lay elsewhere may lie behind the tunnel now.
    if (dns_ && dns_->standing() == DnsStanding::no_server)
        dns_->look_again(tunnel_->state(), wanted_ == Wanted::connected);
    around_.changed();
}

void ProfileAgent::follow_network() {
    const tunnel::TunnelState& state = tunnel_->state();
    const WayOut before = std::exchange(way_out_, path_.way_out(way_out_, state));
    way_to_ = state.addresses;
    const NetworkMove move = judge_move(before, way_out_, verdict_ == health::Verdict::reachable);
    if (move.tell_tunnel) tunnel_->network_changed(way_out_.online);
    if (move.tell_tunnel) follow_wake(health::NetworkMoved{way_out_.online});
    if (!move.probe || !probing_) return;
    for (ClusterAtWork& each : clusters_) each.runner->probe_now();
}

std::optional<std::uint64_t> ProfileAgent::wanted_order() const {
    if (!tunnel_ || wanted_ == Wanted::disconnected) return std::nullopt;
    return wanted_order_;
}

void ProfileAgent::set_overlap(const std::optional<Overlap>& overlap) {
    if (overlap_ == overlap) return;
    const bool was = overlap_.has_value();
    overlap_ = overlap;
    if (overlap_)
        tunnel_->forbid(tunnel::Cause::profile_overlap,
                        to_string(overlap_->range) + " is reached through " + overlap_->profile);
    else if (was && wanted_ == Wanted::connected)
        tunnel_->input_changed();
}

void ProfileAgent::start_probes() {
    if (is_parked()) return;
    probing_ = true;
    for (ClusterAtWork& each : clusters_) each.runner->start();
}

void ProfileAgent::stop_probes() {
    if (!probing_) return;
    probing_ = false;
    for (ClusterAtWork& each : clusters_) each.runner->stop();
}

void ProfileAgent::ping(const std::optional<std::string>& node, Duration limit,
                        std::function<void(Result<control::PingReport>)> done) {
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
        each.runner->ping(
            node, limit, [round, node, &runner = *each.runner](const std::vector<reach::PingResult>& results) {
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
                    round->done(Failure{Errc::not_found, "no node is called " + *node + ": see memdbctl status " +
                                                             round->report.profile});
                else
                    round->done(std::move(round->report));
            });
    }
}

std::vector<Waiting> ProfileAgent::waiting() const {
    const std::string& name = profile_.profile.name;
    std::vector<Waiting> all = {{name, next_look_}};
    if (tunnel_) all.push_back({name + ": the tunnel", tunnel::next_deadline(tunnel_->state())});
    if (wake_.deadline) all.push_back({name + ": the proof after a sleep", wake_.deadline});
    if (dns_) all.push_back({name + ": DNS", dns_->deadline()});
    if (rotation_) all.push_back({name + ": the rotation", rotation_->state().deadline});
    for (const ClusterAtWork& each : clusters_)
        all.push_back({name + ": the probes of " + each.cluster.host, each.runner->next_deadline()});
    return all;
}

void ProfileAgent::settings_changed() {
    if (tunnel_) {
        tunnel_->set_timings(around_.settings.tunnel);
        tunnel_->set_setup(tunnel_setup());
        tunnel_->input_changed();
    }
    if (dns_) dns_->look_again(tunnel_->state(), wanted_ == Wanted::connected);
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
