#include "client/wait_tracker.hpp"

#include "base/overloaded.hpp"
#include "health/finding_catalog.hpp"

#include <algorithm>

namespace memdb::client {

using control::ProfileView;
using health::Verdict;

WaitTracker::WaitTracker(ProfileView profile, Goal goal, bool anew)
    : profile_(std::move(profile)), goal_(goal), anew_(anew && profile_.tunnel.has_value()) {}

void WaitTracker::apply(const control::Event& event) {
    if (const auto* taken = std::get_if<control::SnapshotTaken>(&event.change)) {
        if (const ProfileView* found = find_profile(taken->snapshot, profile_.name)) profile_ = *found;
        return;
    }
    if (event.profile != profile_.name) return;
    std::visit(Overloaded{
                   [](const control::SnapshotTaken&) {},
                   [&](const control::ProfileAdded&) { gone_ = false; },
                   [&](const control::ProfileRemoved&) { gone_ = true; },
                   [&](const control::WantedChanged& c) { profile_.wanted = c.to; },
                   [&](const control::VerdictChanged& c) { profile_.verdict = c.to; },
                   [&](const control::PhaseChanged& c) {
                       anew_ = false;
                       if (!profile_.tunnel) profile_.tunnel.emplace();
                       profile_.tunnel->phase = c.to;
                       profile_.tunnel->attempt = c.attempt;
                       profile_.tunnel->blocked_cause = c.to == "blocked" ? c.cause : std::nullopt;
                   },
                   [](const control::LayerChanged&) {},
                   [](const control::NodeChanged&) {},
                   [](const control::RotationChanged&) {},
                   [&](const control::FindingRaised& c) { profile_.findings.push_back(c.finding); },
                   [&](const control::FindingChanged& c) {
                       for (auto& finding : profile_.findings)
                           if (finding.code == c.finding.code && finding.layer == c.finding.layer) finding = c.finding;
                   },
                   [&](const control::FindingCleared& c) {
                       std::erase_if(profile_.findings,
                                     [&](const auto& f) { return f.code == c.code && f.layer == c.layer; });
                   },
               },
               event.change);
}

Progress WaitTracker::progress() const {
    if (gone_) return Progress::gone;
    if (goal_ == Goal::stopped)
        return profile_.verdict == Verdict::stopped && (!profile_.tunnel || phase_is("stopped")) ? Progress::reached
                                                                                                 : Progress::waiting;
    if (phase_is("blocked")) return anew_ ? Progress::waiting : Progress::futile;
    const bool up = !profile_.tunnel || phase_is("up");
    if (anew_ || !up) return Progress::waiting;
    if (goal_ == Goal::up) return Progress::reached;
    if (profile_.verdict == Verdict::reachable) return Progress::reached;
    // Some stand for weeks, however urgent (a certificate that ends soon); others mean that a part does not answer.
    const bool all_answer = std::none_of(profile_.findings.begin(), profile_.findings.end(), health::breaks_the_way);
    return profile_.verdict == Verdict::degraded && all_answer ? Progress::settling : Progress::waiting;
}

std::string WaitTracker::text() const {
    if (!profile_.tunnel) return std::string(to_string(profile_.verdict));
    std::string text = profile_.tunnel->phase;
    if (profile_.tunnel->attempt > 0) text += ", attempt " + std::to_string(profile_.tunnel->attempt);
    if (phase_is("up") && profile_.verdict != Verdict::reachable) text += ", not reachable yet";
    return text;
}

std::string WaitTracker::cause() const {
    if (profile_.findings.empty()) return profile_.tunnel ? profile_.tunnel->blocked_cause.value_or("") : "";
    const auto& finding = profile_.findings.front();
    return finding.code + ": " + finding.summary + (finding.advice.empty() ? "" : "; " + finding.advice);
}

std::optional<Goal> parse_goal(std::string_view word) noexcept {
    for (const Goal goal : {Goal::reachable, Goal::up, Goal::stopped})
        if (to_string(goal) == word) return goal;
    return std::nullopt;
}

std::string_view to_string(Goal goal) noexcept {
    switch (goal) {
        case Goal::reachable: return "reachable";
        case Goal::up: return "up";
        case Goal::stopped: return "stopped";
    }
    return "?";
}

}  // namespace memdb::client
