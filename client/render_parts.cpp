#include "client/render_parts.hpp"

#include "client/text.hpp"

#include <algorithm>
#include <set>
#include <string_view>
#include <vector>

namespace memdb::client {

using control::ClusterView;
using control::LayerState;
using control::ProfileView;
using control::TunnelView;
using health::Severity;
using health::Verdict;

Paint paint_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::reachable: return Paint::good;
        case Verdict::degraded:
        case Verdict::connecting: return Paint::warn;
        case Verdict::unreachable: return Paint::bad;
        case Verdict::stopped: return Paint::dim;
    }
    return Paint::plain;
}

Paint paint_of(LayerState state) {
    switch (state) {
        case LayerState::ok: return Paint::good;
        case LayerState::failed: return Paint::bad;
        case LayerState::unknown:
        case LayerState::skipped: return Paint::dim;
    }
    return Paint::plain;
}

Paint paint_of(Severity severity) {
    switch (severity) {
        case Severity::info: return Paint::dim;
        case Severity::warning: return Paint::warn;
        case Severity::error: return Paint::bad;
    }
    return Paint::plain;
}

std::string word_of(Verdict verdict) {
    std::string word(to_string(verdict));
    if (verdict == Verdict::degraded || verdict == Verdict::unreachable)
        std::transform(word.begin(), word.end(), word.begin(), [](char c) { return static_cast<char>(c - 'a' + 'A'); });
    return word;
}

std::string certificate_text(const control::CredentialView& credential, const Brush& brush) {
    if (credential.state == "not-yet-valid") return "certificate: not valid yet";
    if (credential.state == "unusable") return "certificate: unusable";
    if (credential.state == "expired" || credential.days_left < 0)
        return "certificate: expired " +
               count_text(static_cast<std::size_t>(std::max<std::int64_t>(-credential.days_left, 0)), "day") + " ago";
    if (credential.state != "valid" && credential.state != "expiring")
        return "certificate: " + brush.text(credential.state);
    return "certificate: " + count_text(static_cast<std::size_t>(credential.days_left), "day") + " left";
}

std::string head_line(const ProfileView& profile, WallTime now, const Style& style, const Brush& brush) {
    const std::string name = brush.text(profile.name), word = word_of(profile.verdict);
    const std::string since = "for " + duration_text(now - profile.since);
    std::string line = name + "  " + brush.paint(word, paint_of(profile.verdict)) + "  " + since;
    if (profile.credential) {
        const std::string right = certificate_text(*profile.credential, brush);
        const std::size_t used = columns(name) + columns(word) + columns(since) + 4 + columns(right);
        line.append(used + 2 < style.width ? style.width - used : 2, ' ');
        line += profile.credential->state == "valid" ? right : brush.paint(right, Paint::warn);
    }
    return line + "\n";
}

std::string layers_line(const ProfileView& profile, const Style& style, const Brush& brush) {
    const auto width_with = [&](std::size_t gap) {
        std::size_t width = 1;
        for (const auto& layer : profile.layers)
            width += 1 + to_string(layer.layer).size() + gap + columns(brush.symbol(layer.state));
        return width;
    };
    const std::size_t limit = style.screen.value_or(1000);
    const std::string_view gap = width_with(1) > limit && style.utf8 ? "" : " ";
    std::string line = " ";
    std::size_t column = 1;
    for (const auto& layer : profile.layers) {
        const std::size_t width = 1 + to_string(layer.layer).size() + gap.size() + columns(brush.symbol(layer.state));
        if (column + width > limit && column > 1) {
            line += "\n ";
            column = 1;
        }
        line += " " + std::string(to_string(layer.layer)) + std::string(gap) +
                brush.paint(brush.symbol(layer.state), paint_of(layer.state));
        column += width;
    }
    return line + "\n";
}

namespace {

std::string attempt_text(const TunnelView& tunnel) {
    return tunnel.attempt > 0 ? ", attempt " + std::to_string(tunnel.attempt) : "";
}

}  // namespace

std::string tunnel_text(const TunnelView& tunnel, WallTime now, const Brush& brush) {
    const std::string phase = brush.text(tunnel.phase);
    if (phase == "up") {
        std::string text = tunnel.address ? brush.text(*tunnel.address) : "up";
        if (tunnel.device) text += " on " + brush.text(*tunnel.device);
        if (tunnel.server) text += " via " + brush.text(*tunnel.server);
        if (tunnel.session_ends_at) text += ", session ends in " + duration_text(*tunnel.session_ends_at - now);
        return text;
    }
    std::string text = phase;
    if (tunnel.blocked_cause) text += ": " + brush.text(*tunnel.blocked_cause);
    if (tunnel.server && phase == "handshaking") text += " with " + brush.text(*tunnel.server);
    text += attempt_text(tunnel);
    if (tunnel.retry_at) text += ", next try in " + duration_text(*tunnel.retry_at - now + 999ms);
    if (tunnel.last_restart_cause && phase == "waiting") text += ", last: " + brush.text(*tunnel.last_restart_cause);
    return text;
}

std::string cluster_text(const ClusterView& cluster, const Brush& brush) {
    std::string text = brush.text(cluster.endpoint);
    std::set<std::string_view> shards;
    for (const auto& node : cluster.nodes)
        if (node.shard) shards.insert(*node.shard);
    if (!shards.empty()) text += ", " + count_text(shards.size(), "shard");
    text += cluster.nodes.empty() ? ", nodes not known yet" : ", " + count_text(cluster.nodes.size(), "node");
    if (cluster.slots_covered)
        text += *cluster.slots_covered >= 16384 ? ", all slots"
                                                : ", " + std::to_string(*cluster.slots_covered) + " of 16384 slots";
    return text;
}

}  // namespace memdb::client
