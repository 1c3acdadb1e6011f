#include "client/render_event.hpp"

#include "base/overloaded.hpp"
#include "client/text.hpp"

#include <algorithm>
#include <cstdio>

namespace memdb::client {
namespace {

std::string moved(std::string_view from, std::string_view to, const Style& style) {
    if (from.empty()) return std::string(to);
    return std::string(from) + (style.utf8 ? " → " : " -> ") + std::string(to);
}

std::string phase_text(const control::PhaseChanged& c, const Style& style) {
    std::string text = moved(c.from, c.to, style);
    if (c.attempt > 0) text += ", attempt " + std::to_string(c.attempt);
    if (c.cause && c.to != "up" && c.to != "stopped") text += " (" + *c.cause + ")";
    return text;
}

std::string what(const control::Change& change, const Style& style) {
    return std::visit(
        Overloaded{
            [](const control::SnapshotTaken& c) {
                return "snapshot  " + count_text(c.snapshot.profiles.size(), "profile");
            },
            [](const control::ProfileAdded&) { return std::string("profile   added"); },
            [](const control::ProfileRemoved&) { return std::string("profile   removed"); },
            [](const control::WantedChanged& c) { return "wanted    " + std::string(to_string(c.to)); },
            [&](const control::VerdictChanged& c) {
                return "verdict   " + moved(to_string(c.from), to_string(c.to), style);
            },
            [&](const control::PhaseChanged& c) { return "tunnel    " + phase_text(c, style); },
            [&](const control::LayerChanged& c) {
                return "layer     " + std::string(to_string(c.layer)) + " " +
                       moved(to_string(c.from), to_string(c.to), style);
            },
            [&](const control::NodeChanged& c) {
                return "node      " + short_node_name(c.node, c.cluster) + " " +
                       moved(c.from ? to_string(*c.from) : "", c.to ? to_string(*c.to) : "gone", style) +
                       (c.finding ? " (" + *c.finding + ")" : "");
            },
            [](const control::RotationChanged& c) {
                if (!c.rotation) return std::string("key       nothing is on its way");
                std::string text = "key       " + std::to_string(c.rotation->generation) + " " + c.rotation->phase;
                return c.rotation->message ? text + ": " + *c.rotation->message : text;
            },
            [](const control::FindingRaised& c) { return "finding   " + c.finding.code + ": " + c.finding.summary; },
            [](const control::FindingChanged& c) { return "finding   " + c.finding.code + ": " + c.finding.summary; },
            [](const control::FindingCleared& c) { return "cleared   " + c.code; },
        },
        change);
}

}  // namespace

std::string clock_text(WallTime at, Duration offset) {
    const WallTime local = at + offset;
    const std::chrono::hh_mm_ss clock{local - std::chrono::floor<std::chrono::days>(local)};
    char text[32];
    std::snprintf(text, sizeof text, "%02d:%02d:%02d", static_cast<int>(clock.hours().count()),
                  static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
    return text;
}

std::string render_event(const control::Event& event, Duration offset, const Style& style) {
    const std::string who = event.profile.empty() ? "agent" : event.profile;
    return clock_text(event.at, offset) + "  " + clean(who + "  " + what(event.change, style), !style.utf8) + "\n";
}

std::string render_findings(const control::Snapshot& snapshot, const Style& style) {
    std::string out;
    const auto add = [&](const std::string& who, const std::vector<health::Finding>& findings) {
        if (findings.empty()) return;
        out += clean(who, !style.utf8) + "\n";
        for (const auto& finding : findings) out += render_finding(finding, style);
    };
    for (const auto& profile : snapshot.profiles) add(profile.name, profile.findings);
    add("agent", snapshot.findings);
    return out.empty() ? "no findings; memdbctl events --follow shows changes as they happen\n" : out;
}

std::string render_ping_round(const control::PingReport& report, const Style& style) {
    std::vector<std::string> names;
    std::size_t widest = 0;
    for (const auto& node : report.nodes) {
        std::string name = clean(node.name, !style.utf8);
        if (node.role) name += " " + clean(*node.role, !style.utf8);
        widest = std::max(widest, columns(name));
        names.push_back(std::move(name));
    }
    std::string out;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto& node = report.nodes[i];
        const std::string result =
            node.ping_us ? latency_text(*node.ping_us)
                         : std::string(style.utf8 ? "✗ " : "x ") + clean(node.error.value_or("no answer"), !style.utf8);
        out += pad(names[i], widest) + "  " + result + "\n";
    }
    return out;
}

void PingSummary::add(const control::PingReport& report) {
    for (const auto& node : report.nodes) {
        ++sent_;
        if (!node.ping_us) continue;
        min_us_ = answered_ == 0 ? *node.ping_us : std::min(min_us_, *node.ping_us);
        max_us_ = std::max(max_us_, *node.ping_us);
        sum_us_ += std::clamp<std::int64_t>(*node.ping_us, 0, 1'000'000'000);
        ++answered_;
    }
}

std::string PingSummary::text() const {
    std::string text = std::to_string(sent_) + " sent, " + std::to_string(answered_) + " answered";
    if (answered_ > 0)
        text += "; min " + latency_text(min_us_) + ", avg " +
                latency_text(sum_us_ / static_cast<std::int64_t>(answered_)) + ", max " + latency_text(max_us_);
    return text + "\n";
}

}  // namespace memdb::client
