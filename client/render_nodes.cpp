#include "client/render_nodes.hpp"

#include "base/median.hpp"
#include "client/render.hpp"
#include "client/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace memdb::client {
namespace {

using control::ClusterView;
using control::LayerState;
using control::NodeState;
using control::NodeView;

constexpr std::size_t kNamed = 3;  // of those that have the same trouble

/// "demo-0001-001 primary 0.7 ms" and its width without colours.
struct Cell {
    std::string text;
    std::size_t width;
};

Cell cell_of(const NodeView& node, const ClusterView& cluster, const Brush& brush) {
    std::string text = brush.text(short_node_name(node.name, cluster.endpoint));
    if (node.role) text += " " + brush.text(*node.role);
    std::string state;
    Paint paint = Paint::plain;
    if (node.state == NodeState::failed) {
        state = std::string(brush.symbol(LayerState::failed)) + (node.finding ? " " + brush.text(*node.finding) : "");
        paint = Paint::bad;
    } else if (node.state == NodeState::unknown) {
        state = brush.symbol(LayerState::unknown);
        paint = Paint::dim;
    } else {
        state = node.ping_us ? latency_text(*node.ping_us) : std::string(brush.symbol(LayerState::ok));
    }
    const std::size_t width = columns(text) + 1 + columns(state);
    return {text + " " + brush.paint(state, paint), width};
}

/// Two nodes a line where they fit, shard by shard.
std::string listed(const ClusterView& cluster, const Style& style, const Brush& brush) {
    std::vector<std::pair<std::string, std::vector<Cell>>> shards;
    std::size_t widest = 0, label = 1;
    for (const auto& node : cluster.nodes) {
        const std::string shard = brush.text(node.shard.value_or(""));
        auto at = std::find_if(shards.begin(), shards.end(), [&](const auto& s) { return s.first == shard; });
        if (at == shards.end()) at = shards.insert(shards.end(), {shard, {}});
        at->second.push_back(cell_of(node, cluster, brush));
        // Trouble is longer than a latency, but must not push everybody else out of the second column.
        if (node.state != NodeState::failed) widest = std::max(widest, at->second.back().width);
        label = std::max(label, columns(shard));
    }
    const std::size_t before = 4 + label + 2;
    std::string out;
    for (const auto& [shard, cells] : shards) {
        out += "    " + std::string(label - columns(shard), ' ') + shard + "  ";
        for (std::size_t i = 0; i < cells.size(); ++i) {
            if (i > 0) out += std::string(before, ' ');
            out += cells[i].text;
            const std::size_t second = std::max(widest, cells[i].width) + 4;
            if (i + 1 < cells.size() && before + second + cells[i + 1].width <= style.width) {
                out += std::string(second - cells[i].width, ' ') + cells[i + 1].text;
                ++i;
            }
            out += "\n";
        }
    }
    return out;
}

/// "  x node-unreachable 668 nodes: demo-0001-003, demo-0002-003, demo-0003-003, 665 more".
std::string group_text(LayerState state, const std::string& what, const std::vector<const NodeView*>& nodes,
                       const ClusterView& cluster, const Style& style, const Brush& brush) {
    const std::string symbol(brush.symbol(state));
    std::string text = fmt::format("{} {}: ", what, count_text(nodes.size(), "node"));
    for (std::size_t i = 0; i < std::min(nodes.size(), kNamed); ++i)
        text += (i > 0 ? ", " : "") + brush.text(short_node_name(nodes[i]->name, cluster.endpoint));
    if (nodes.size() > kNamed) text += fmt::format(", {} more", nodes.size() - kNamed);
    const std::size_t indent = 5 + columns(symbol);
    const Paint paint = state == LayerState::failed ? Paint::bad : Paint::dim;
    return "    " + brush.paint(symbol, paint) + " " + wrap(text, style.width, indent, indent + 2) + "\n";
}

std::string answering_text(const std::vector<const NodeView*>& nodes, const ClusterView& cluster, const Brush& brush) {
    const bool is_known =
        std::ranges::any_of(cluster.nodes, [](const NodeView& n) { return n.state != NodeState::unknown; });
    const LayerState state = !nodes.empty() ? LayerState::ok : is_known ? LayerState::failed : LayerState::unknown;
    std::string text =
        fmt::format("    {} {} of {} nodes answer", brush.symbol(state), nodes.size(), cluster.nodes.size());
    std::vector<std::int64_t> pings;
    const NodeView* slowest = nullptr;
    for (const NodeView* node : nodes) {
        if (!node->ping_us) continue;
        pings.push_back(*node->ping_us);
        if (slowest == nullptr || *node->ping_us > *slowest->ping_us) slowest = node;
    }
    if (slowest != nullptr)
        text += fmt::format(": PING {} in the median, {} at most\n", latency_text(median(std::move(pings))),
                            latency_text(*slowest->ping_us));
    else
        text += "\n";
    return text;
}

std::string summarized(const ClusterView& cluster, const Style& style, const Brush& brush) {
    std::vector<const NodeView*> ok, unknown;
    std::map<std::string, std::vector<const NodeView*>> failed;  // by finding
    for (const NodeView& node : cluster.nodes) switch (node.state) {
            case NodeState::ok: ok.push_back(&node); break;
            case NodeState::unknown: unknown.push_back(&node); break;
            case NodeState::failed: failed[node.finding.value_or("failed")].push_back(&node); break;
        }
    std::string out = answering_text(ok, cluster, brush);
    for (const auto& [code, nodes] : failed)
        out += group_text(LayerState::failed, brush.text(code), nodes, cluster, style, brush);
    if (!unknown.empty()) out += group_text(LayerState::unknown, "not known", unknown, cluster, style, brush);
    return out + "      each of them: memdbctl status --json\n";
}

}  // namespace

std::string nodes_text(const ClusterView& cluster, const Style& style, const Brush& brush) {
    return cluster.nodes.size() > kListedNodes ? summarized(cluster, style, brush) : listed(cluster, style, brush);
}

}  // namespace memdb::client
