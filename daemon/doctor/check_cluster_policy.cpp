// From the tunnel to the cluster.
#include "base/median.hpp"
#include "doctor/check_looks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace memdb::doctor {
namespace {

using enum health::CheckState;
using control::LayerState;
using control::NodeView;
using health::Layer;

using Stage = std::optional<std::int64_t> control::StagesView::*;

std::string ms_text(std::int64_t microseconds) {
    return fmt::format("{:.1f} ms", static_cast<double>(microseconds) / 1000.0);
}

bool is_proved(const Scene& scene, Layer layer) {
    const auto at = std::ranges::find(scene.view.layers, layer, &control::LayerView::layer);
    return at != scene.view.layers.end() && at->state == LayerState::ok;
}

std::size_t node_count(const Scene& scene) {
    std::size_t count = 0;
    for (const auto& cluster : scene.view.clusters) count += cluster.nodes.size();
    return count;
}

bool some_node_answers(const Scene& scene) {
    return std::ranges::any_of(scene.view.clusters, [](const control::ClusterView& cluster) {
        return std::ranges::any_of(cluster.nodes, [](const NodeView& n) { return n.state == control::NodeState::ok; });
    });
}

/// A stage of the proof that the agent repeats all the time: passed, passed by some, or not.
std::optional<Look> look_at_stage(const Scene& scene, Layer layer, Stage stage, std::string_view done) {
    std::vector<std::int64_t> took;
    for (const auto& cluster : scene.view.clusters)
        for (const NodeView& node : cluster.nodes)
            if (node.state == control::NodeState::ok && node.stages_us.*stage) took.push_back(*(node.stages_us.*stage));
    if (is_proved(scene, layer)) {
        if (took.empty()) return Look{pass, std::string(done)};
        return Look{pass, fmt::format("{} of {} nodes {}, median {}", took.size(), node_count(scene), done,
                                      ms_text(median(took)))};
    }
    // What some nodes pass does not stop the look at what comes after; the finding says which do not.
    if (some_node_answers(scene))
        return Look{pass, fmt::format("{} of {} nodes {}", took.size(), node_count(scene), done)};
    return std::nullopt;
}

}  // namespace

/// What lies outside of the pushed routes is told with the name that leads there.
std::optional<Look> look_at_routes(const Scene& scene) {
    const RouteSeen* first = nullptr;
    std::size_t astray = 0, good = 0;
    for (const RouteSeen& route : scene.routes) {
        good += route.code.empty() ? 1 : 0;
        if (route.code.empty() || route.code == "cluster-address-outside-routes") continue;
        ++astray;
        if (first == nullptr) first = &route;
    }
    if (first != nullptr)
        return Look{fail,
                    fmt::format("{} of {} nodes astray: {} ({}): {}", astray, scene.routes.size(), first->node,
                                first->address, first->evidence),
                    first->code,
                    {},
                    good > 0};
    if (good > 0) return Look{pass, fmt::format("{} of {} nodes through the tunnel", good, scene.routes.size())};
    if (is_proved(scene, Layer::route)) return Look{pass, "the way to the nodes is right"};
    return std::nullopt;
}

namespace {

std::string answer_text(const NameSeen& seen) {
    return seen.trouble.empty() ? fmt::format("says {}", fmt::join(seen.addresses, ", ")) : "says: " + seen.trouble;
}

/// One name, by this machine's resolver and by the VPC's (null: not asked).
Look compare(const NameSeen& own, const NameSeen* vpc) {
    const std::string told = vpc == nullptr ? std::string() : fmt::format("; {} {}", vpc->server, answer_text(*vpc));
    if (!own.trouble.empty()) {
        const bool known_there = vpc != nullptr && vpc->trouble.empty();
        return {fail, fmt::format("{}: {}{}", own.name, own.trouble, told),
                known_there ? "dns-not-applied" : "cluster-name-unresolved"};
    }
    const std::string text = fmt::format("{} is {}{}", own.name, fmt::join(own.addresses, ", "), told);
    if (vpc == nullptr || !vpc->trouble.empty()) return {pass, text};
    const std::set<std::string> there(vpc->addresses.begin(), vpc->addresses.end());
    if (std::ranges::any_of(own.addresses, [&](const std::string& a) { return there.contains(a); }))
        return {pass, text};
    return {warn, text + ": not the same", "",
            "see which resolver this machine asks: `resolvectl query " + own.name + "`"};
}

}  // namespace

std::optional<Look> look_at_cluster_name(const Scene& scene) {
    std::optional<Look> worst;
    const auto rank = [](const Look& look) { return look.state == fail ? 2 : look.state == warn ? 1 : 0; };
    for (const NameSeen& own : scene.cluster_names) {
        if (!own.server.empty()) continue;
        const auto vpc = std::ranges::find_if(scene.cluster_names, [&](const NameSeen& other) {
            return !other.server.empty() && other.name == own.name;
        });
        Look look = compare(own, vpc == scene.cluster_names.end() ? nullptr : &*vpc);
        if (!worst || rank(look) > rank(*worst)) worst = std::move(look);
    }
    if (!worst && is_proved(scene, Layer::dns)) return Look{pass, "an address: no name to resolve"};
    return worst;
}

std::optional<Look> look_at_port(const Scene& scene) {
    return look_at_stage(scene, Layer::tcp, &control::StagesView::tcp, "accept TCP");
}

std::optional<Look> look_at_tls(const Scene& scene) {
    return look_at_stage(scene, Layer::tls, &control::StagesView::tls,
                         scene.private_ca ? "speak TLS, verified against the profile's CA and their names"
                                          : "speak TLS, verified against the system's CAs and their names");
}

std::optional<Look> look_at_login(const Scene& scene) {
    return look_at_stage(scene, Layer::auth, &control::StagesView::auth, "accept the user");
}

std::optional<Look> look_at_ping(const Scene& scene) {
    if (!scene.ping || scene.ping->empty()) return std::nullopt;
    std::vector<std::int64_t> took;
    std::vector<std::string> silent;
    const PingSeen* slowest = nullptr;
    for (const PingSeen& each : *scene.ping) {
        if (!each.took) {
            silent.push_back(fmt::format("{}: {}", each.node, each.trouble));
            continue;
        }
        took.push_back(each.took->count());
        if (slowest == nullptr || *each.took > *slowest->took) slowest = &each;
    }
    if (took.empty() && scene.view.verdict != health::Verdict::unreachable)
        return Look{fail, fmt::format("no node answers PING: {}", silent.front()), "node-unreachable"};
    if (took.empty()) return std::nullopt;
    if (!silent.empty())
        return Look{fail,
                    fmt::format("{} of {} nodes answer PING, not {}", took.size(), scene.ping->size(), silent.front()),
                    "node-unreachable",
                    {},
                    true};
    return Look{pass, fmt::format("{} of {} nodes answered just now, median {}, slowest {} ({})", took.size(),
                                  took.size(), ms_text(median(took)), ms_text(slowest->took->count()), slowest->node)};
}

std::optional<Look> look_at_latency(const Scene& scene) {
    if (!scene.ping) return std::nullopt;
    std::vector<std::int64_t> took;
    for (const PingSeen& each : *scene.ping)
        if (each.took) took.push_back(each.took->count());
    if (took.empty()) return std::nullopt;
    const std::int64_t present = median(std::move(took));
    if (!scene.usual_ping)
        return Look{pass, fmt::format("median {}; no history to compare with yet", ms_text(present))};
    const std::int64_t usual = scene.usual_ping->count();
    const std::string text = fmt::format("median {}, over the last day {}", ms_text(present), ms_text(usual));
    if (present > 3 * usual && present > usual + 20'000)
        return Look{warn, text, "node-slow", "look for a slow network here, and at EngineCPUUtilization in CloudWatch"};
    return Look{pass, text};
}

std::optional<Look> look_at_cluster(const Scene& scene) {
    if (!is_proved(scene, Layer::cluster)) return std::nullopt;
    std::vector<std::string> each;
    for (const auto& cluster : scene.view.clusters) {
        std::set<std::string> shards, led;
        for (const NodeView& node : cluster.nodes) {
            if (!node.shard) continue;
            shards.insert(*node.shard);
            if (node.role == "primary") led.insert(*node.shard);
        }
        each.push_back(!cluster.slots_covered
                           ? fmt::format("{} node, not in cluster mode", cluster.nodes.size())
                           : fmt::format("{} shards, {} with a primary, {} nodes, {} of 16384 slots", shards.size(),
                                         led.size(), cluster.nodes.size(), *cluster.slots_covered));
    }
    return Look{pass, fmt::format("{}", fmt::join(each, "; "))};
}

}  // namespace memdb::doctor
