#include "client/render_watch.hpp"

#include "client/render_parts.hpp"
#include "client/text.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace memdb::client {
namespace {

using control::ProfileView;

constexpr std::array<std::string_view, 8> kBlocks = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::array<std::string_view, 8> kAscii = {"_", ".", ":", "-", "=", "+", "*", "#"};
constexpr std::int64_t kLeastScale = 1000;  ///< microseconds: under a millisecond differences are nobody's trouble

ScreenLines lines_of(std::string_view text) {
    ScreenLines lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

void append(ScreenLines& to, ScreenLines more) {
    to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

/// "✓✓✓✓✓✗–––– tcp": for a screen that has no room for all the names.
std::string short_ladder(const ProfileView& profile, const Brush& brush) {
    std::string line = "  ", failed;
    for (const auto& layer : profile.layers) {
        line += brush.paint(brush.symbol(layer.state), paint_of(layer.state));
        if (layer.state == control::LayerState::failed && failed.empty()) failed = to_string(layer.layer);
    }
    return failed.empty() ? line : line + " " + failed;
}

/// " demo  other ": all profiles in the colour of their verdict, the chosen one in brackets.
std::string tabs(const WatchModel& model, const Brush& brush) {
    std::string line;
    for (const auto& profile : model.snapshot().profiles) {
        const bool chosen = profile.name == model.selected();
        line += (chosen ? "[" : " ") + brush.paint(brush.text(profile.name), paint_of(profile.verdict)) +
                (chosen ? "]" : " ");
    }
    return line;
}

std::int64_t greatest(const WatchModel& model, const ProfileView& profile, std::size_t width) {
    std::int64_t most = kLeastScale;
    for (const auto& cluster : profile.clusters)
        for (const auto& node : cluster.nodes) {
            const auto& samples = model.samples(node.name);
            const std::size_t shown = std::min(width, samples.size());
            for (auto at = samples.end() - static_cast<std::ptrdiff_t>(shown); at != samples.end(); ++at)
                most = std::max(most, at->value_or(0));
        }
    return most;
}

std::string state_text(const control::NodeView& node, const Brush& brush) {
    switch (node.state) {
        case control::NodeState::failed:
            return std::string(brush.symbol(control::LayerState::failed)) +
                   (node.finding ? " " + brush.text(*node.finding) : "");
        case control::NodeState::unknown: return std::string(brush.symbol(control::LayerState::unknown));
        case control::NodeState::ok:
            return node.ping_us ? latency_text(*node.ping_us) : std::string(brush.symbol(control::LayerState::ok));
    }
    return "?";
}

struct Widths {
    std::size_t name = 0, state = 7;
    std::size_t shard = 1;
    bool roles = true;
    [[nodiscard]] std::size_t before_spark() const { return 2 + shard + 2 + name + 2 + (roles ? 9 : 0) + state + 2; }
};

Widths widths_of(const ProfileView& profile, std::size_t columns, const Brush& brush) {
    Widths widths;
    widths.roles = columns >= 60;
    for (const auto& cluster : profile.clusters)
        for (const auto& node : cluster.nodes) {
            widths.name =
                std::max(widths.name, client::columns(brush.text(short_node_name(node.name, cluster.endpoint))));
            widths.state = std::max(widths.state, client::columns(state_text(node, brush)));
            widths.shard = std::max(widths.shard, node.shard ? client::columns(brush.text(*node.shard)) : 1);
        }
    widths.name = std::min(widths.name, columns / 3);
    widths.state = std::min<std::size_t>(widths.state, 18);
    return widths;
}

ScreenLines node_lines(const WatchModel& model, const ProfileView& profile, ScreenSize size, const Style& style) {
    const Brush brush(style);
    const Widths widths = widths_of(profile, size.columns, brush);
    const std::size_t room = size.columns > widths.before_spark() ? size.columns - widths.before_spark() : 0;
    const std::int64_t most = greatest(model, profile, room);
    ScreenLines lines;
    for (const auto& cluster : profile.clusters)
        for (const auto& node : cluster.nodes) {
            const std::string name = fit(brush.text(short_node_name(node.name, cluster.endpoint)), widths.name);
            const std::string state = fit(state_text(node, brush), widths.state);
            std::string line = "  " + pad(node.shard ? brush.text(*node.shard) : "", widths.shard) + "  ";
            line += pad(name, widths.name) + "  ";
            if (widths.roles) line += pad(fit(brush.text(node.role.value_or("")), 7), 9);
            const bool failed = node.state == control::NodeState::failed;
            line += failed ? brush.paint(pad(state, widths.state), Paint::bad) : pad(state, widths.state);
            lines.push_back(line + "  " + sparkline(model.samples(node.name), room, most, style));
        }
    return lines;
}

/// As many of `all` as fit into `room`, from the model's place on; the last line tells how many are not shown.
ScreenLines scrolled(ScreenLines all, std::size_t room, std::size_t from) {
    if (all.size() <= room) return all;
    if (room == 0) return {};
    const std::size_t shown = room - 1;
    const std::size_t begin = std::min(from, all.size() - shown);
    ScreenLines part(all.begin() + static_cast<std::ptrdiff_t>(begin),
                     all.begin() + static_cast<std::ptrdiff_t>(begin + shown));
    part.push_back("    nodes " + std::to_string(begin + 1) + " to " + std::to_string(begin + shown) + " of " +
                   std::to_string(all.size()) + ": j and k scroll");
    return part;
}

ScreenLines help_lines() {
    return lines_of(
        "memdbctl watch\n"
        "\n"
        "  r                    reconnect: restart the tunnel now\n"
        "  d                    doctor: look for the cause, then back here\n"
        "  j k, up down         scroll the nodes; page up, page down\n"
        "  n p, left right      the next profile, the one before\n"
        "  ?                    this help\n"
        "  q, Ctrl-C            quit\n"
        "\n"
        "  Each column of a node's line is one PING: the taller, the slower; a cross is\n"
        "  one that was not answered.\n"
        "\n"
        "  any key: back\n");
}

std::string bottom_line(const WatchModel& model, WallTime now, const Brush& brush) {
    if (model.lost())
        return brush.paint("no answer for " + duration_text(now - model.lost()->second) +
                               ", trying again: " + brush.text(model.lost()->first),
                           Paint::bad);
    if (const std::string told = model.told(now); !told.empty()) return brush.paint(brush.text(told), Paint::warn);
    return brush.paint("q quit  r reconnect  d doctor  j/k scroll  n/p profile  ? help", Paint::dim);
}

/// What stays, however small the screen is: verdict, ladder, first findings, tunnel.
ScreenLines top_lines(const ProfileView& profile, ScreenSize size, WallTime now, const Style& style) {
    const Brush brush(style);
    const bool small = size.rows < 14 || size.columns < 60;
    ProfileView headed = profile;
    if (small) headed.credential.reset();  // its days would be cut in two
    ScreenLines lines = lines_of(head_line(headed, now, style, brush));
    append(lines, small ? ScreenLines{short_ladder(profile, brush)} : lines_of(layers_line(profile, style, brush)));
    ScreenLines findings;
    for (const auto& finding : profile.findings) append(findings, lines_of(render_finding(finding, style)));
    const std::size_t room = std::max<std::size_t>(size.rows / 3, 2);
    if (findings.size() > room) {
        findings.resize(room - 1);
        findings.emplace_back("  more: memdbctl status");
    }
    append(lines, std::move(findings));
    if (small) return lines;
    if (profile.tunnel) lines.push_back("  tunnel   " + tunnel_text(*profile.tunnel, now, brush));
    for (const auto& cluster : profile.clusters) lines.push_back("  cluster  " + cluster_text(cluster, brush));
    return lines;
}

ScreenLines log_lines(const WatchModel& model, std::size_t room, const Brush& brush) {
    if (room < 2) return {};
    ScreenLines lines = {brush.paint("events", Paint::dim)};
    const std::size_t shown = std::min(room - 1, model.log().size());
    lines.insert(lines.end(), model.log().end() - static_cast<std::ptrdiff_t>(shown), model.log().end());
    return lines;
}

}  // namespace

std::string sparkline(const std::deque<Sample>& samples, std::size_t width, std::int64_t most, const Style& style) {
    const Brush brush(style);
    const auto& blocks = style.utf8 ? kBlocks : kAscii;
    const std::size_t shown = std::min(width, samples.size());
    std::string line;
    for (auto at = samples.end() - static_cast<std::ptrdiff_t>(shown); at != samples.end(); ++at) {
        if (!*at) {
            line += brush.paint(style.utf8 ? "×" : "x", Paint::bad);
            continue;
        }
        const std::int64_t level = std::clamp<std::int64_t>(**at, 0, most) * 7 / std::max<std::int64_t>(most, 1);
        line += blocks[static_cast<std::size_t>(level)];
    }
    return line;
}

ScreenLines render_watch(const WatchModel& model, ScreenSize size, WallTime now, const Style& wanted) {
    Style style = wanted;
    style.width = style.screen.emplace(size.columns);
    const Brush brush(style);
    ScreenLines lines;
    const ProfileView* const profile = model.profile();
    if (model.helps()) {
        lines = help_lines();
    } else if (profile == nullptr) {
        lines.emplace_back("no profile yet: memdbctl profile import --help");
    } else {
        if (model.snapshot().profiles.size() > 1) lines.push_back(tabs(model, brush));
        append(lines, top_lines(*profile, size, now, style));
        const std::size_t left = size.rows > lines.size() + 1 ? size.rows - lines.size() - 1 : 0;
        const std::size_t for_log = size.rows >= 20 ? 5 : size.rows >= 14 ? 3 : 0;
        const std::size_t for_nodes = left > for_log ? left - for_log : std::min<std::size_t>(left, 1);
        append(lines, scrolled(node_lines(model, *profile, size, style), for_nodes, model.scroll()));
        append(lines, log_lines(model, size.rows > lines.size() + 1 ? size.rows - lines.size() - 1 : 0, brush));
    }
    lines.resize(size.rows > 0 ? size.rows - 1 : 0);
    if (size.rows > 0) lines.push_back(bottom_line(model, now, brush));
    for (std::string& line : lines) line = fit(line, size.columns);
    return lines;
}

}  // namespace memdb::client
