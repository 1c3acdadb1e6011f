#include "control/metrics.hpp"

#include "control/metrics_writer.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace memdb::control {
namespace {

struct Input {
    const Snapshot& snapshot;
    const PingTallies& pings;
};

constexpr std::array<std::string_view, 5> kVerdicts{"reachable", "degraded", "connecting", "unreachable", "stopped"};
constexpr std::array<std::string_view, 4> kLayerStates{"ok", "failed", "unknown", "skipped"};
constexpr std::array<std::string_view, 7> kPhases{"stopped", "starting", "handshaking", "up",
                                                  "waiting", "stopping", "blocked"};

using Out = MetricsWriter&;
using In = const Input&;

template <class Each>
void tunnels(In in, Each each) {
    for (const ProfileView& profile : in.snapshot.profiles)
        if (profile.tunnel) each(profile.name, *profile.tunnel);
}

template <class Each>
void credentials(In in, Each each) {
    for (const ProfileView& profile : in.snapshot.profiles)
        if (profile.credential) each(profile.name, *profile.credential);
}

template <class Each>
void clusters(In in, Each each) {
    for (const ProfileView& profile : in.snapshot.profiles)
        for (const ClusterView& cluster : profile.clusters) each(profile.name, cluster);
}

template <class Each>
void nodes(In in, Each each) {
    clusters(in, [&](const std::string& profile, const ClusterView& cluster) {
        for (const NodeView& node : cluster.nodes)
            each(std::array<Label, 3>{Label{"profile", profile}, {"cluster", cluster.endpoint}, {"node", node.name}},
                 node);
    });
}

void build(Out out, In in) { out.sample({{"version", in.snapshot.agent.version}}, 1.0); }
void start_time(Out out, In in) { out.moment({}, in.snapshot.agent.started_at); }
void profile_count(Out out, In in) { out.sample({}, std::uint64_t{in.snapshot.profiles.size()}); }

void wanted(Out out, In in) {
    for (const auto& p : in.snapshot.profiles)
        out.sample({{"profile", p.name}}, std::uint64_t{p.wanted == Wanted::connected});
}

void verdict(Out out, In in) {
    for (const auto& p : in.snapshot.profiles) out.states({{"profile", p.name}}, kVerdicts, to_string(p.verdict));
}

void verdict_since(Out out, In in) {
    for (const auto& p : in.snapshot.profiles) out.moment({{"profile", p.name}}, p.since);
}

void layers(Out out, In in) {
    for (const auto& p : in.snapshot.profiles)
        for (const LayerView& layer : p.layers)
            out.states({{"profile", p.name}, {"layer", to_string(layer.layer)}}, kLayerStates, to_string(layer.state));
}

/// A code has one sample for each profile, however many findings carry it: the worst of them.
void findings(Out out, In in) {
    const auto add = [&](std::string_view profile, const std::vector<health::Finding>& list) {
        std::set<std::string_view> told;
        for (const auto& finding : list) {
            if (!told.insert(finding.code).second) continue;
            health::Severity worst = finding.severity;
            for (const auto& other : list)
                if (other.code == finding.code) worst = std::max(worst, other.severity);
            out.sample({{"profile", profile},
                        {"code", finding.code},
                        {"severity", to_string(worst)},
                        {"layer", to_string(finding.layer)}},
                       std::uint64_t{1});
        }
    };
    add({}, in.snapshot.findings);
    for (const auto& p : in.snapshot.profiles) add(p.name, p.findings);
}

void tunnel_phase(Out out, In in) {
    tunnels(in, [&](const auto& name, const auto& t) { out.states({{"profile", name}}, kPhases, t.phase); });
}
void tunnel_restarts(Out out, In in) {
    tunnels(in, [&](const auto& name, const auto& t) { out.sample({{"profile", name}}, t.restarts); });
}
void tunnel_attempt(Out out, In in) {
    tunnels(in, [&](const auto& name, const auto& t) { out.sample({{"profile", name}}, t.attempt); });
}
void tunnel_received(Out out, In in) {
    tunnels(in, [&](const auto& name, const auto& t) { out.sample({{"profile", name}}, t.bytes_in); });
}
void tunnel_sent(Out out, In in) {
    tunnels(in, [&](const auto& name, const auto& t) { out.sample({{"profile", name}}, t.bytes_out); });
}
void session_end(Out out, In in) {
    tunnels(in, [&](const auto& name, const auto& t) { out.moment({{"profile", name}}, t.session_ends_at); });
}

void slots(Out out, In in) {
    clusters(in, [&](const auto& name, const ClusterView& cluster) {
        if (cluster.slots_covered)
            out.sample({{"profile", name}, {"cluster", cluster.endpoint}}, std::uint64_t{*cluster.slots_covered});
    });
}

void token_end(Out out, In in) {
    clusters(in, [&](const auto& name, const ClusterView& cluster) {
        if (cluster.iam) out.moment({{"profile", name}, {"cluster", cluster.endpoint}}, cluster.iam->token_expires_at);
    });
}

void node_info(Out out, In in) {
    nodes(in, [&](const auto& labels, const NodeView& node) {
        out.sample({labels[0],
                    labels[1],
                    labels[2],
                    {"role", node.role.value_or("")},
                    {"shard", node.shard.value_or("")},
                    {"address", node.address.value_or("")}},
                   std::uint64_t{1});
    });
}

void node_up(Out out, In in) {
    nodes(in, [&](const auto& labels, const NodeView& node) {
        if (node.state != NodeState::unknown) out.sample(labels, std::uint64_t{node.state == NodeState::ok});
    });
}

void node_answered(Out out, In in) {
    nodes(in, [&](const auto& labels, const NodeView& node) {
        out.moment({labels[0], labels[1], labels[2]}, node.last_ok_at);
    });
}

void node_stages(Out out, In in) {
    nodes(in, [&](const auto& labels, const NodeView& node) {
        const std::pair<std::string_view, std::optional<std::int64_t>> stages[] = {{"dns", node.stages_us.dns},
                                                                                   {"tcp", node.stages_us.tcp},
                                                                                   {"tls", node.stages_us.tls},
                                                                                   {"auth", node.stages_us.auth},
                                                                                   {"ping", node.stages_us.ping}};
        for (const auto& [stage, us] : stages)
            if (us) out.sample({labels[0], labels[1], labels[2], {"stage", stage}}, static_cast<double>(*us) / 1e6);
    });
}

/// Of the nodes that the Snapshot shows: what else is probed is no member, and no series of its own.
template <class Each>
void tallies(In in, Each each) {
    nodes(in, [&](const auto& labels, const NodeView& node) {
        const auto found = in.pings.find({std::string(labels[0].second), std::string(labels[1].second), node.name});
        if (found != in.pings.end()) each(labels, found->second);
    });
}

void node_pings(Out out, In in) {
    tallies(in, [&](const auto& labels, const reach::PingTally& tally) { out.histogram(labels, tally); });
}
void node_lost(Out out, In in) {
    tallies(in, [&](const auto& labels, const reach::PingTally& tally) { out.sample(labels, tally.lost); });
}

void certificate_end(Out out, In in) {
    credentials(in, [&](const auto& name, const CredentialView& credential) {
        out.moment({{"profile", name}, {"certificate", "client"}}, credential.not_after);
        out.moment({{"profile", name}, {"certificate", "ca"}}, credential.ca_not_after);
        if (credential.server) out.moment({{"profile", name}, {"certificate", "server"}}, credential.server->not_after);
    });
}
void rotation_due(Out out, In in) {
    credentials(in, [&](const auto& name, const auto& c) { out.moment({{"profile", name}}, c.rotate_at); });
}
void crl_end(Out out, In in) {
    credentials(in, [&](const auto& name, const auto& c) {
        if (c.crl) out.moment({{"profile", name}}, c.crl->next_update);
    });
}
void crl_revoked(Out out, In in) {
    credentials(in, [&](const auto& name, const auto& c) {
        if (c.crl) out.sample({{"profile", name}}, std::uint64_t{c.crl->revoked.has_value()});
    });
}

struct Family {
    std::string_view name;
    MetricType type;
    std::string_view unit, help;
    void (*fill)(Out, In);
};

// clang-format off
constexpr Family kFamilies[] = {
    {"memdbd_build",                                    MetricType::info,      "",        "The agent that answers.", build},
    {"memdbd_start_time_seconds",                       MetricType::gauge,     "seconds", "When the agent was started, seconds since 1970.", start_time},
    {"memdbd_profiles",                                 MetricType::gauge,     "",        "Profiles that the agent has.", profile_count},
    {"memdbd_profile_wanted",                           MetricType::gauge,     "",        "1: somebody wants the profile connected.", wanted},
    {"memdbd_verdict",                                  MetricType::stateset,  "",        "What the profile is; reachable means that a PING was answered, recently.", verdict},
    {"memdbd_verdict_since_timestamp_seconds",          MetricType::gauge,     "seconds", "Since when it is that, seconds since 1970.", verdict_since},
    {"memdbd_layer",                                    MetricType::stateset,  "",        "State of each step of the way to the nodes.", layers},
    {"memdbd_finding",                                  MetricType::gauge,     "",        "1 for each finding that stands; without a profile it is about the agent.", findings},
    {"memdbd_tunnel_phase",                             MetricType::stateset,  "",        "What the tunnel does.", tunnel_phase},
    {"memdbd_tunnel_restarts",                          MetricType::counter,   "",        "Restarts that nobody asked for, since the agent was started.", tunnel_restarts},
    {"memdbd_tunnel_attempts",                          MetricType::gauge,     "",        "Attempts since the tunnel was last up; 0 while it is.", tunnel_attempt},
    {"memdbd_tunnel_receive_bytes",                     MetricType::counter,   "bytes",   "Received from the endpoint by the present openvpn.", tunnel_received},
    {"memdbd_tunnel_transmit_bytes",                    MetricType::counter,   "bytes",   "Sent to the endpoint by the present openvpn.", tunnel_sent},
    {"memdbd_tunnel_session_end_timestamp_seconds",     MetricType::gauge,     "seconds", "When the endpoint will end the session, seconds since 1970.", session_end},
    {"memdbd_cluster_slots_covered",                    MetricType::gauge,     "",        "Slots that have a node, of 16384.", slots},
    {"memdbd_iam_token_expiry_timestamp_seconds",       MetricType::gauge,     "seconds", "When the IAM token in use expires, seconds since 1970.", token_end},
    {"memdbd_node",                                     MetricType::info,      "",        "What the cluster announced of the node.", node_info},
    {"memdbd_node_up",                                  MetricType::gauge,     "",        "1: the node answers PING, 0: it does not; absent while that is not known.", node_up},
    {"memdbd_node_last_answer_timestamp_seconds",       MetricType::gauge,     "seconds", "When the node last answered, seconds since 1970.", node_answered},
    {"memdbd_node_stage_seconds",                       MetricType::gauge,     "seconds", "Stages of the last whole proof, from name to PING.", node_stages},
    {"memdbd_node_ping_seconds",                        MetricType::histogram, "seconds", "Answered PINGs, by how long they took.", node_pings},
    {"memdbd_node_pings_lost",                          MetricType::counter,   "",        "PINGs, and whole tries after them, that were not answered.", node_lost},
    {"memdbd_certificate_not_after_timestamp_seconds",  MetricType::gauge,     "seconds", "End of the client's certificate, its CA, the server's; seconds since 1970.", certificate_end},
    {"memdbd_certificate_rotation_timestamp_seconds",   MetricType::gauge,     "seconds", "When the client's certificate is due for rotation, seconds since 1970.", rotation_due},
    {"memdbd_crl_next_update_timestamp_seconds",        MetricType::gauge,     "seconds", "End of the revocation list that the agent was handed, seconds since 1970.", crl_end},
    {"memdbd_certificate_revoked",                      MetricType::gauge,     "",        "1: the client's certificate is on that list.", crl_revoked},
};
// clang-format on

constexpr std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

/// The part of `text` before the next `mark`, which is taken off it.
std::string_view next_part(std::string_view& text, char mark) noexcept {
    const auto end = text.find(mark);
    const std::string_view part = trim(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return part;
}

}  // namespace

Exposition choose_exposition(std::string_view accept) {
    while (!accept.empty()) {
        std::string_view range = next_part(accept, ',');
        if (next_part(range, ';') != "application/openmetrics-text") continue;
        bool spoken = true;
        while (!range.empty()) {
            std::string_view parameter = next_part(range, ';');
            const std::string_view name = next_part(parameter, '=');
            if (name == "version") spoken = spoken && (parameter == "1.0.0" || parameter == "0.0.1");
            if (name == "q") spoken = spoken && trim(parameter).find_first_of("123456789") != std::string_view::npos;
        }
        if (spoken) return Exposition::openmetrics;
    }
    return Exposition::classic;
}

std::string_view content_type_of(Exposition exposition) noexcept {
    return exposition == Exposition::openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                                 : "text/plain; version=0.0.4; charset=utf-8";
}

std::string metrics_text(const Snapshot& snapshot, const PingTallies& pings, Exposition exposition) {
    std::string out;
    MetricsWriter writer(out, exposition);
    const Input input{snapshot, pings};
    for (const Family& family : kFamilies) {
        writer.family(family.name, family.type, family.unit, family.help);
        family.fill(writer, input);
    }
    if (exposition == Exposition::openmetrics) out += "# EOF\n";
    return out;
}

}  // namespace memdb::control
