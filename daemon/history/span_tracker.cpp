#include "history/span_tracker.hpp"

#include <algorithm>
#include <utility>

namespace memdb::history {
namespace {

/// What a clock is corrected by without being set.
constexpr Duration kDrift = 5s;
/// Written so seldom that more than this has been lost anyway: the disk does not take it.
constexpr std::size_t kEndedLimit = 4096;

Span verdict_of(const control::ProfileView& profile) {
    return {.kind = SpanKind::verdict, .profile = profile.name, .word = std::string(to_string(profile.verdict))};
}

Span phase_of(const control::ProfileView& profile) {
    const control::TunnelView& tunnel = *profile.tunnel;
    const auto& cause = tunnel.blocked_cause ? tunnel.blocked_cause : tunnel.last_restart_cause;
    return {.kind = SpanKind::phase, .profile = profile.name, .word = tunnel.phase, .detail = cause.value_or("")};
}

Span finding_of(const std::string& profile, const health::Finding& finding) {
    return {.kind = SpanKind::finding,
            .profile = profile,
            .word = finding.code,
            .detail = finding.summary,
            .severity = finding.severity,
            .layer = finding.layer};
}

}  // namespace

void SpanTracker::follow_clocks(TimePoint now, WallTime wall) {
    if (seen_) {
        const Duration awake = now - seen_->first;
        const Duration passed = wall - seen_->second;
        if (std::chrono::abs(passed - awake) > kDrift) {
            for (auto& [place, span] : open_) {
                span.ended = std::max(span.began, seen_->second + std::min(awake, std::max(passed, 0ms)));
                span.open = false;
                ended_.push_back(span);
                span.key = ++last_key_;
                span.began = span.ended = wall;
                span.open = true;
            }
        }
    }
    seen_ = {now, wall};
}

/// Takes the span over from `before` when it is the same one, else begins it. Whether it is new.
bool SpanTracker::keep(Span span, std::map<Place, Span>& before) {
    Place place{span.kind, span.profile, {}};
    if (span.kind == SpanKind::finding)
        std::get<2>(place) = span.word + "@" + std::string(health::to_string(span.layer));
    const WallTime wall = seen_->second;
    const auto found = before.find(place);
    const bool same = found != before.end() && found->second.word == span.word &&
                      (span.kind == SpanKind::finding || found->second.detail == span.detail);
    if (same) {
        span.key = found->second.key;
        span.began = found->second.began;
        before.erase(found);
    } else {
        span.key = ++last_key_;
        span.began = wall;
    }
    span.ended = std::max(span.began, wall);
    open_.insert_or_assign(std::move(place), std::move(span));
    return !same;
}

bool SpanTracker::observe(const control::Snapshot& snapshot, TimePoint now, WallTime wall) {
    follow_clocks(now, wall);
    std::map<Place, Span> before = std::exchange(open_, {});
    bool changed = false;
    for (const control::ProfileView& profile : snapshot.profiles) {
        changed |= keep(verdict_of(profile), before);
        if (profile.tunnel) changed |= keep(phase_of(profile), before);
        for (const health::Finding& finding : profile.findings)
            changed |= keep(finding_of(profile.name, finding), before);
    }
    for (const health::Finding& finding : snapshot.findings) changed |= keep(finding_of("", finding), before);
    for (auto& [place, span] : before) {
        span.ended = std::max(span.began, wall);
        span.open = false;
        ended_.push_back(std::move(span));
        changed = true;
    }
    if (ended_.size() > kEndedLimit)
        ended_.erase(ended_.begin(), ended_.begin() + static_cast<std::ptrdiff_t>(ended_.size() - kEndedLimit));
    return changed;
}

void SpanTracker::go_on(TimePoint now, WallTime wall) {
    follow_clocks(now, wall);
    for (auto& [place, span] : open_) span.ended = std::max(span.began, wall);
}

std::vector<Span> SpanTracker::look() const {
    std::vector<Span> all = ended_;
    for (const auto& [place, span] : open_) all.push_back(span);
    return all;
}

std::vector<Span> SpanTracker::take() {
    std::vector<Span> all = look();
    ended_.clear();
    return all;
}

void SpanTracker::end() {
    for (auto& [place, span] : open_) {
        span.open = false;
        ended_.push_back(std::move(span));
    }
    open_.clear();
}

}  // namespace memdb::history
