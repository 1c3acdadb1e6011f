// Snapshot to JSON and back, in the order of design §6.
#include "control/api.hpp"
#include "control/api_fields.hpp"
#include "control/api_time.hpp"
#include "control/api_values.hpp"

namespace memdb::control {
namespace {

template <class T>
void put(json::object& object, std::string_view key, const std::optional<T>& value) {
    if (value) object[key] = *value;
}

void put(json::object& object, std::string_view key, const std::optional<WallTime>& value) {
    if (value) object[key] = time_text(*value);
}

template <class T>
json::array list_of(const std::vector<T>& items) {
    json::array list;
    list.reserve(items.size());
    for (const T& item : items) list.emplace_back(value_of(item));
    return list;
}

}  // namespace

json::object value_of(const AgentView& agent) {
    return {{"version", agent.version},
            {"pid", agent.pid},
            {"started_at", time_text(agent.started_at)},
            {"uptime_s", agent.uptime_s}};
}

namespace {

json::array texts_of(const std::vector<std::string>& texts) {
    json::array list;
    for (const std::string& text : texts) list.emplace_back(text);
    return list;
}

json::object value_of(const DnsView& dns) {
    json::object object{
        {"servers", texts_of(dns.servers)}, {"domains", texts_of(dns.domains)}, {"applied", dns.applied}};
    put(object, "trouble", dns.trouble);
    return object;
}

}  // namespace

json::object value_of(const TunnelView& tunnel) {
    json::object object{{"phase", tunnel.phase}, {"since", time_text(tunnel.since)}};
    put(object, "device", tunnel.device);
    put(object, "address", tunnel.address);
    put(object, "endpoint", tunnel.endpoint);
    put(object, "server", tunnel.server);
    put(object, "openvpn_pid", tunnel.openvpn_pid);
    object["attempt"] = tunnel.attempt;
    object["restarts"] = tunnel.restarts;
    put(object, "last_restart_cause", tunnel.last_restart_cause);
    put(object, "blocked_cause", tunnel.blocked_cause);
    object["bytes_in"] = tunnel.bytes_in;
    object["bytes_out"] = tunnel.bytes_out;
    put(object, "retry_at", tunnel.retry_at);
    put(object, "session_ends_at", tunnel.session_ends_at);
    if (tunnel.dns) object["dns"] = value_of(*tunnel.dns);
    return object;
}

json::object value_of(const LayerView& layer) {
    json::object object{{"layer", to_string(layer.layer)}, {"state", to_string(layer.state)}};
    put(object, "since", layer.since);
    put(object, "checked_at", layer.checked_at);
    return object;
}

json::object value_of(const NodeView& node) {
    json::object object{{"name", node.name}};
    put(object, "address", node.address);
    put(object, "role", node.role);
    put(object, "shard", node.shard);
    object["state"] = to_string(node.state);
    put(object, "ping_us", node.ping_us);
    json::object stages;
    put(stages, "dns", node.stages_us.dns);
    put(stages, "tcp", node.stages_us.tcp);
    put(stages, "tls", node.stages_us.tls);
    put(stages, "auth", node.stages_us.auth);
    put(stages, "ping", node.stages_us.ping);
    object["stages_us"] = std::move(stages);
    put(object, "last_ok_at", node.last_ok_at);
    put(object, "finding", node.finding);
    return object;
}

namespace {

json::object value_of(const IamView& iam) {
    json::object object{{"user", iam.user}, {"cluster", iam.cluster}, {"region", iam.region}};
    put(object, "token_signed_at", iam.token_signed_at);
    put(object, "token_expires_at", iam.token_expires_at);
    put(object, "connections_end_at", iam.connections_end_at);
    if (iam.mints) object["mints"] = true;
    return object;
}

}  // namespace

json::object value_of(const ClusterView& cluster) {
    json::object object{{"endpoint", cluster.endpoint}, {"verdict", to_string(cluster.verdict)}};
    put(object, "slots_covered", cluster.slots_covered);
    object["nodes"] = list_of(cluster.nodes);
    if (cluster.iam) object["iam"] = value_of(*cluster.iam);
    if (cluster.tls) object["tls"] = *cluster.tls;
    put(object, "user", cluster.user);
    if (cluster.private_ca) object["private_ca"] = true;
    return object;
}

json::object value_of(const health::Finding& finding) {
    return {{"code", finding.code},
            {"severity", to_string(finding.severity)},
            {"layer", to_string(finding.layer)},
            {"summary", finding.summary},
            {"evidence", finding.evidence},
            {"advice", finding.advice},
            {"since", time_text(finding.since)}};
}

json::object value_of(const ProfileView& profile) {
    json::object object{{"name", profile.name},
                        {"kind", profile.kind},
                        {"verdict", to_string(profile.verdict)},
                        {"since", time_text(profile.since)},
                        {"wanted", to_string(profile.wanted)}};
    if (profile.tunnel) object["tunnel"] = value_of(*profile.tunnel);
    object["layers"] = list_of(profile.layers);
    object["clusters"] = list_of(profile.clusters);
    if (profile.credential) object["credential"] = value_of(*profile.credential);
    object["findings"] = list_of(profile.findings);
    if (profile.rotation) object["rotation"] = value_of(*profile.rotation);
    put(object, "signer", profile.signer);
    put(object, "signer_uid", profile.signer_uid);
    put(object, "revoke_old", profile.revoke_old);
    put(object, "revoke_old_uid", profile.revoke_old_uid);
    return object;
}

json::object value_of(const Snapshot& snapshot) {
    return {{"schema", snapshot.schema},
            {"agent", value_of(snapshot.agent)},
            {"profiles", list_of(snapshot.profiles)},
            {"findings", list_of(snapshot.findings)}};
}

namespace {

void read(Fields& f, DnsView& dns) {
    f.read_list("servers", dns.servers);
    f.read_list("domains", dns.domains);
    f.read_bool("applied", dns.applied);
    f.read("trouble", dns.trouble);
}

void read(Fields& f, TunnelView& tunnel) {
    f.read("phase", tunnel.phase);
    f.read("since", tunnel.since);
    f.read("device", tunnel.device);
    f.read("address", tunnel.address);
    f.read("endpoint", tunnel.endpoint);
    f.read("server", tunnel.server);
    f.read_number("openvpn_pid", tunnel.openvpn_pid);
    f.read_number("attempt", tunnel.attempt);
    f.read_number("restarts", tunnel.restarts);
    f.read("last_restart_cause", tunnel.last_restart_cause);
    f.read("blocked_cause", tunnel.blocked_cause);
    f.read_number("bytes_in", tunnel.bytes_in);
    f.read_number("bytes_out", tunnel.bytes_out);
    f.read("retry_at", tunnel.retry_at);
    f.read("session_ends_at", tunnel.session_ends_at);
    f.read_object("dns", [&](Fields& inner) { read(inner, tunnel.dns.emplace()); });
}

void read(Fields& f, LayerView& layer) {
    f.read_word("layer", layer.layer, health::parse_layer);
    f.read_word("state", layer.state, parse_layer_state);
    f.read("since", layer.since);
    f.read("checked_at", layer.checked_at);
}

void read(Fields& f, NodeView& node) {
    f.read("name", node.name);
    f.read("address", node.address);
    f.read("role", node.role);
    f.read("shard", node.shard);
    f.read_word("state", node.state, parse_node_state);
    f.read_number("ping_us", node.ping_us);
    f.read_object("stages_us", [&](Fields& stages) {
        stages.read_number("dns", node.stages_us.dns);
        stages.read_number("tcp", node.stages_us.tcp);
        stages.read_number("tls", node.stages_us.tls);
        stages.read_number("auth", node.stages_us.auth);
        stages.read_number("ping", node.stages_us.ping);
    });
    f.read("last_ok_at", node.last_ok_at);
    f.read("finding", node.finding);
}

void read(Fields& f, IamView& iam) {
    f.read("user", iam.user);
    f.read("cluster", iam.cluster);
    f.read("region", iam.region);
    f.read("token_signed_at", iam.token_signed_at);
    f.read("token_expires_at", iam.token_expires_at);
    f.read("connections_end_at", iam.connections_end_at);
    f.read_flag("mints", iam.mints);
}

void read(Fields& f, ClusterView& cluster) {
    f.read("endpoint", cluster.endpoint);
    f.read_word("verdict", cluster.verdict, health::parse_verdict);
    f.read_number("slots_covered", cluster.slots_covered);
    f.read_list("nodes", cluster.nodes, [](Fields& g, NodeView& node) { read(g, node); });
    f.read_object("iam", [&](Fields& g) { read(g, cluster.iam.emplace()); });
    if (f.has("tls")) f.read_bool("tls", cluster.tls.emplace());
    f.read("user", cluster.user);
    f.read_flag("private_ca", cluster.private_ca);
}

void read(Fields& f, ProfileView& profile) {
    f.read("name", profile.name);
    f.read("kind", profile.kind);
    f.read_word("verdict", profile.verdict, health::parse_verdict);
    f.read("since", profile.since);
    f.read_word("wanted", profile.wanted, parse_wanted);
    f.read_object("tunnel", [&](Fields& g) { read(g, profile.tunnel.emplace()); });
    f.read_list(
        "layers", profile.layers, [](Fields& g, LayerView& layer) { read(g, layer); }, 64);
    f.read_list(
        "clusters", profile.clusters, [](Fields& g, ClusterView& cluster) { read(g, cluster); }, 256);
    f.read_object("credential", [&](Fields& g) { read_credential(g, profile.credential.emplace()); });
    f.read_list("findings", profile.findings, [](Fields& g, health::Finding& finding) { read_finding(g, finding); });
    f.read_object("rotation", [&](Fields& g) { read_rotation(g, profile.rotation.emplace()); });
    f.read("signer", profile.signer);
    f.read_number("signer_uid", profile.signer_uid);
    if (f.has("revoke_old")) f.read_bool("revoke_old", profile.revoke_old.emplace());
    f.read_number("revoke_old_uid", profile.revoke_old_uid);
}

}  // namespace

void read_finding(Fields& f, health::Finding& finding) {
    f.read("code", finding.code);
    f.read_word("severity", finding.severity, health::parse_severity);
    f.read_word("layer", finding.layer, health::parse_layer);
    f.read("summary", finding.summary);
    f.read_optional("evidence", finding.evidence);
    f.read_optional("advice", finding.advice);
    f.read("since", finding.since);
}

void read_snapshot(Fields& f, Snapshot& snapshot) {
    f.read_number("schema", snapshot.schema);
    if (!f.failed() && snapshot.schema != 1) f.fail("schema", "another version of the agent: update memdbctl");
    f.read_object("agent", [&](Fields& g) {
        g.read("version", snapshot.agent.version);
        g.read_number("pid", snapshot.agent.pid);
        g.read("started_at", snapshot.agent.started_at);
        g.read_number("uptime_s", snapshot.agent.uptime_s);
    });
    f.read_list(
        "profiles", snapshot.profiles, [](Fields& g, ProfileView& profile) { read(g, profile); }, 1024);
    f.read_list("findings", snapshot.findings, [](Fields& g, health::Finding& finding) { read_finding(g, finding); });
}

std::string to_json(const Snapshot& snapshot) { return json::serialize(value_of(snapshot)); }
std::string to_json(const ProfileView& profile) { return json::serialize(value_of(profile)); }
std::string to_json(const health::Finding& finding) { return json::serialize(value_of(finding)); }

std::string profiles_json(const Snapshot& snapshot) {
    return json::serialize(json::object{{"schema", snapshot.schema}, {"profiles", list_of(snapshot.profiles)}});
}

Result<Snapshot> parse_snapshot(std::string_view text) {
    return parse_whole<Snapshot>(text, kReplyLimit,
                                 [](Fields& top, Snapshot& snapshot) { read_snapshot(top, snapshot); });
}

Result<ProfileView> parse_profile(std::string_view text) {
    return parse_whole<ProfileView>(text, kReplyLimit, [](Fields& top, ProfileView& profile) { read(top, profile); });
}

Result<health::Finding> parse_finding(std::string_view text) {
    return parse_whole<health::Finding>(text, kBodyLimit,
                                        [](Fields& top, health::Finding& finding) { read_finding(top, finding); });
}

}  // namespace memdb::control
