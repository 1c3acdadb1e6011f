// From the tunnel to the cluster.
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

std::int64_t median(std::vector<std::int64_t> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
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

std::optional<Look> look_at_routes(const Scene& scene) {
    std::vector<std::string> astray;
    for (const RouteSeen& route : scene.routes)
        if (!route.good) astray.push_back(fmt::format("{} ({}): {}", route.node, route.address, route.evidence));
    if (!astray.empty())
        return Look{fail,
                    fmt::format("{} of {} nodes astray: {}", astray.size(), scene.routes.size(), astray.front()),
                    "route-missing",
                    {},
                    astray.size() < scene.routes.size()};
    if (!scene.routes.empty())
        return Look{pass, fmt::format("{} of {} nodes through the tunnel", scene.routes.size(), scene.routes.size())};
    if (is_proved(scene, Layer::route)) return Look{pass, "the way to the nodes is right"};
    return std::nullopt;
}

std::optional<Look> look_at_cluster_name(const Scene& scene) {
    const NameSeen* own = nullptr;
    const NameSeen* vpc = nullptr;
    for (const NameSeen& seen : scene.cluster_names) {
        const NameSeen*& place = seen.server.empty() ? own : vpc;
        if (place == nullptr || (place->trouble.empty() && !seen.trouble.empty())) place = &seen;
    }
    if (own == nullptr) return std::nullopt;
    const std::string told = vpc == nullptr ? std::string()
                             : vpc->trouble.empty()
                                 ? fmt::format("; {} says {}", vpc->server, fmt::join(vpc->addresses, ", "))
                                 : fmt::format("; {}: {}", vpc->server, vpc->trouble);
    if (!own->trouble.empty()) {
        const bool known_there = vpc != nullptr && vpc->trouble.empty();
        return Look{fail, fmt::format("{}: {}{}", own->name, own->trouble, told),
                    known_there ? "dns-not-applied" : "cluster-name-unresolved"};
    }
    const std::string text = fmt::format("{} is {}{}", own->name, fmt::join(own->addresses, ", "), told);
    if (vpc != nullptr && vpc->trouble.empty()) {
        const std::set<std::string> there(vpc->addresses.begin(), vpc->addresses.end());
        if (std::ranges::none_of(own->addresses, [&](const std::string& a) { return there.contains(a); }))
            return Look{warn, text + ": not the same", "cluster-address-outside-routes"};
    }
    return Look{pass, text};
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
