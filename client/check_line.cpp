#include "client/check_line.hpp"

#include "client/text.hpp"

#include <algorithm>
#include <cstdio>

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

}  // namespace

CheckLine check_line(const control::ProfileView& profile) {
    std::size_t nodes = 0, ok = 0;
    std::int64_t slowest = -1;
    for (const auto& cluster : profile.clusters)
        for (const auto& node : cluster.nodes) {
            ++nodes;
            if (node.state != control::NodeState::ok) continue;
            ++ok;
            slowest = std::max(slowest, node.ping_us.value_or(-1));
        }
    const auto [exit, word] = state_of(profile.verdict);
    std::string text =
        "MEMDB " + std::string(word) + " - " + profile.name + " " + std::string(to_string(profile.verdict));
    if (!profile.findings.empty())
        text += ": " + profile.findings.front().code + ": " + profile.findings.front().summary;
    if (nodes > 0 && profile.verdict != Verdict::stopped)
        text += ", " + std::to_string(ok) + " of " + count_text(nodes, "node") + " answer";
    // A bar would begin the performance data early.
    std::replace(text.begin(), text.end(), '|', '/');
    text = clean(text, false);
    text += " | nodes_ok=" + std::to_string(ok) + ";;;0;" + std::to_string(nodes);
    if (slowest >= 0) {
        char ms[48];
        std::snprintf(ms, sizeof ms, " ping_max=%.3fms", static_cast<double>(slowest) / 1000.0);
        text += ms;
    }
    if (profile.credential) text += " cert_days=" + std::to_string(profile.credential->days_left);
    return {exit, text + "\n"};
}

}  // namespace memdb::client
