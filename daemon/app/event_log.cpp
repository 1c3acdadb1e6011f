#include "app/event_log.hpp"

#include "base/overloaded.hpp"

#include <fmt/format.h>

#include <utility>

namespace memdb::app {
namespace {

using health::Severity;
using health::Verdict;

Severity severity_of(Verdict verdict) {
    return verdict == Verdict::unreachable || verdict == Verdict::degraded ? Severity::warning : Severity::info;
}

/// Each step once, in the words of the rotation.
std::optional<LogLine> rotation_line(const std::string& profile, const std::optional<control::RotationView>& rotation) {
    if (!rotation || rotation->steps.empty()) return std::nullopt;
    const std::string& step = rotation->steps.back().step;
    const bool bad = step == "failed" || step == "reverted";
    return LogLine{bad ? Severity::warning : Severity::info,
                   fmt::format("{}: key {} ({}): {}{}{}", profile, rotation->generation, rotation->common_name, step,
                               rotation->message ? ": " : "", rotation->message.value_or(""))};
}

}  // namespace

std::optional<LogLine> EventLog::verdict_line(const std::string& profile, const control::VerdictChanged& change) {
    Verdict& told = told_.try_emplace(profile, change.from).first->second;
    const bool is_looked_for = change.to == Verdict::connecting && told != Verdict::reachable;
    if (is_looked_for || change.to == told) return std::nullopt;
    const Verdict from = std::exchange(told, change.to);
    return LogLine{severity_of(change.to),
                   fmt::format("{}: {} -> {}", profile, health::to_string(from), health::to_string(change.to))};
}

std::optional<LogLine> EventLog::line(const control::Event& event) {
    using Line = std::optional<LogLine>;
    Line line = std::visit(
        Overloaded{
            [&](const control::VerdictChanged& c) -> Line { return verdict_line(event.profile, c); },
            [&](const control::FindingRaised& c) -> Line {
                const std::string_view evidence = c.finding.evidence;
                return LogLine{c.finding.severity,
                               fmt::format("{}: {}: {}{}{}{}", event.profile, c.finding.code, c.finding.summary,
                                           evidence.empty() ? "" : " (", evidence, evidence.empty() ? "" : ")")};
            },
            [&](const control::FindingCleared& c) -> Line {
                return LogLine{Severity::info, fmt::format("{}: {}: over", event.profile, c.code)};
            },
            [&](const control::WantedChanged& c) -> Line {
                return LogLine{Severity::info, fmt::format("{}: wanted {}", event.profile, control::to_string(c.to))};
            },
            [&](const control::ProfileAdded&) -> Line {
                return LogLine{Severity::info, event.profile + ": added"};
            },
            [&](const control::ProfileRemoved&) -> Line {
                told_.erase(event.profile);
                return LogLine{Severity::info, event.profile + ": removed"};
            },
            [](const control::SnapshotTaken&) -> Line { return std::nullopt; },
            [](const control::PhaseChanged&) -> Line { return std::nullopt; },
            [](const control::FindingChanged&) -> Line { return std::nullopt; },
            [](const control::LayerChanged&) -> Line { return std::nullopt; },
            [](const control::NodeChanged&) -> Line { return std::nullopt; },
            [&](const control::RotationChanged& c) -> Line { return rotation_line(event.profile, c.rotation); },
        },
        event.change);
    const bool is_verdict = std::holds_alternative<control::VerdictChanged>(event.change);
    if (!has_started_ && line && !is_verdict && line->severity == Severity::info) return std::nullopt;
    return line;
}

std::string status_line(const control::Snapshot& snapshot) {
    if (snapshot.profiles.empty()) return "no profile yet: memdbctl profile import";
    std::string line;
    for (const control::ProfileView& profile : snapshot.profiles) {
        if (!line.empty()) line += "; ";
        line += fmt::format("{} {}", profile.name, health::to_string(profile.verdict));
        if (!profile.findings.empty()) line += ": " + profile.findings.front().code;
    }
    return line;
}

}  // namespace memdb::app
