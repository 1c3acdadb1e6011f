#include "client/check_line.hpp"

#include "client/text.hpp"

#include <algorithm>
#include <cstdio>
#include <tuple>

namespace memdb::client {
namespace {

using health::Verdict;

std::pair<int, std::string_view> state_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::reachable: return {0, "OK"};
        case Verdict::degraded:
        case Verdict::connecting: return {1, "WARNING"};
        case Verdict::unreachable:
        case Verdict::stopped: return {2, "CRITICAL"};
    }
    return {3, "UNKNOWN"};
}

bool is_below(std::int64_t days, const std::optional<unsigned>& limit) { return limit && days < std::int64_t{*limit}; }

/// As a range of the convention: "30:" alerts below 30.
std::string from_text(const std::optional<unsigned>& limit) { return limit ? std::to_string(*limit) + ":" : ""; }

std::string performance_data(std::size_t ok, std::size_t nodes, std::int64_t slowest_us) {
    std::string text = " | nodes_ok=" + std::to_string(ok);
    text += nodes == 0 ? ";;;0" : ";" + std::to_string(nodes) + ":;1:;0;" + std::to_string(nodes);
    if (slowest_us < 0) return text;
    char ms[48];
    std::snprintf(ms, sizeof ms, " ping_max=%.3fms", static_cast<double>(slowest_us) / 1000.0);
    return text + ms;
}

}  // namespace

CheckLine check_line(const control::ProfileView& profile, const CheckLimits& limits) {
    std::size_t nodes = 0, ok = 0;
    std::int64_t slowest = -1;
    for (const auto& cluster : profile.clusters)
        for (const auto& node : cluster.nodes) {
            ++nodes;
            if (node.state != control::NodeState::ok) continue;
            ++ok;
            slowest = std::max(slowest, node.ping_us.value_or(-1));
        }
    auto [exit, word] = state_of(profile.verdict);
    std::string certificate;
    if (profile.credential) {
        const std::int64_t days = profile.credential->days_left;
        if (is_below(days, limits.critical_days))
            std::tie(exit, word) = std::pair(2, "CRITICAL");
        else if (is_below(days, limits.warning_days) && exit == 0)
            std::tie(exit, word) = std::pair(1, "WARNING");
        if (is_below(days, limits.critical_days) || is_below(days, limits.warning_days))
            certificate = ", certificate: " + std::to_string(days) + " days left";
    }
    std::string text =
        "MEMDB " + std::string(word) + " - " + profile.name + " " + std::string(to_string(profile.verdict));
    if (!profile.findings.empty())
        text += ": " + profile.findings.front().code + ": " + profile.findings.front().summary;
    if (nodes > 0 && profile.verdict != Verdict::stopped)
        text += ", " + std::to_string(ok) + " of " + count_text(nodes, "node") + " answer";
    text += certificate;
    // A bar would begin the performance data early.
    std::replace(text.begin(), text.end(), '|', '/');
    text = clean(text, false);
    text += performance_data(ok, nodes, slowest);
    if (profile.credential) {
        text += " cert_days=" + std::to_string(profile.credential->days_left);
        if (limits.warning_days || limits.critical_days)
            text += ";" + from_text(limits.warning_days) + ";" + from_text(limits.critical_days);
    }
    return {exit, text + "\n"};
}

}  // namespace memdb::client
