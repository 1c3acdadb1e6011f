#include "history/incident_policy.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

namespace memdb::history {
namespace {

using control::IncidentView;
using control::ReachabilityView;
using health::Severity;
using health::Verdict;

/// A finding may have been seen a moment before the verdict that it led to, and be over a moment before its end.
constexpr Duration kSlack = 1s;

using Spans = std::vector<const Span*>;

/// What a verdict means for the profile's history.
enum class Course : std::uint8_t { fine, amiss, lost, connecting, unwatched };

Course course_of(Verdict verdict) noexcept {
    switch (verdict) {
        case Verdict::reachable: return Course::fine;
        case Verdict::degraded: return Course::amiss;
        case Verdict::unreachable: return Course::lost;
        case Verdict::connecting: return Course::connecting;
        case Verdict::stopped: return Course::unwatched;
    }
    return Course::unwatched;
}

/// Of findings that stood during the incident: the most severe, of these the first; root causes come first.
/// @param slack  so much before its begin or after its end counts, too.
const Span* cause_of(const IncidentView& incident, const Spans& findings, Duration slack) {
    const Span* best = nullptr;
    for (const Span* const one : findings) {
        if (one->severity < Severity::warning) continue;
        if (one->began >= incident.ended + slack || one->ended + slack <= incident.began) continue;
        const auto rank = [&](const Span& span) {
            return std::tuple(-static_cast<int>(span.severity), std::max(span.began, incident.began), span.key);
        };
        if (best == nullptr || rank(*one) < rank(*best)) best = one;
    }
    return best;
}

/// The verdicts of one profile, walked through in order of time.
class Walk {
  public:
    Walk(std::string profile, WallTime since, WallTime until) : since_(since), until_(until) {
        reach_.profile = std::move(profile);
    }

    void step(const Span& span) {
        const auto verdict = health::parse_verdict(span.word);
        if (!verdict) return;
        const WallTime began = std::max({span.began, since_, last_end_.value_or(since_)});
        const WallTime ended = std::min(span.ended, until_);
        if (ended < began) return;
        if (last_end_ && began - *last_end_ > kSameIncident) leave();
        Course course = course_of(*verdict);
        // Connecting is part of a failure after something better, else the ordinary beginning.
        if (course == Course::connecting && before_ != Course::unwatched) course = Course::lost;
        if (course == Course::fine || course == Course::unwatched || course != before_) close();
        if (course == Course::amiss || course == Course::lost) extend(course, *verdict, began, ended, span.open);
        count(course, ended - began);
        if (course != Course::connecting) before_ = course;
        last_end_ = ended;
    }

    std::vector<IncidentView> finish() {
        close();
        return std::move(incidents_);
    }
    [[nodiscard]] const ReachabilityView& reachability() const { return reach_; }
    ReachabilityView& reachability() { return reach_; }

  private:
    void leave() {
        close();
        before_ = Course::unwatched;
    }

    void close() {
        if (current_) incidents_.push_back(*std::exchange(current_, std::nullopt));
    }

    void extend(Course course, Verdict verdict, WallTime began, WallTime ended, bool open) {
        if (!current_) current_ = IncidentView{reach_.profile, began, ended, open, verdict, {}, {}, {}};
        if (course == Course::lost && verdict == Verdict::unreachable) current_->worst = verdict;
        current_->ended = ended;
        current_->open = open;
    }

    void count(Course course, Duration lasted) {
        if (course == Course::unwatched || course == Course::connecting) return;
        reach_.observed_ms += lasted.count();
        if (course != Course::lost) reach_.answered_ms += lasted.count();
        if (course == Course::amiss) reach_.degraded_ms += lasted.count();
    }

    WallTime since_, until_;
    ReachabilityView reach_;
    std::optional<IncidentView> current_;
    std::vector<IncidentView> incidents_;
    std::optional<WallTime> last_end_;
    Course before_ = Course::unwatched;
};

/// What the tunnel did meanwhile: the cause of a gap that no finding explains.
std::string phase_cause(const IncidentView& incident, const Spans& phases) {
    for (const Span* const phase : phases)
        if (!phase->detail.empty() && phase->began <= incident.ended && phase->ended >= incident.began &&
            phase->word != "up" && phase->word != "stopped")
            return phase->detail;
    return {};
}

void explain(IncidentView& incident, const Spans& findings, const Spans& phases) {
    // One that only touches it may belong to what came before or after.
    const Span* cause = cause_of(incident, findings, 0ms);
    if (cause == nullptr) cause = cause_of(incident, findings, kSlack);
    if (cause != nullptr) {
        incident.cause = cause->word;
        if (!cause->detail.empty()) incident.summary = cause->detail;
        incident.layer = cause->layer;
    } else if (auto text = phase_cause(incident, phases); !text.empty()) {
        incident.cause = std::move(text);
    }
}

}  // namespace

Incidents incidents_of(std::span<const Span> spans, WallTime since, WallTime until) {
    std::map<std::string_view, std::array<Spans, 3>> by_profile;
    for (const Span& span : spans)
        if (span.ended >= since && span.began <= until && !span.profile.empty())
            by_profile[span.profile][static_cast<std::size_t>(span.kind)].push_back(&span);
    Incidents all;
    for (auto& [profile, kinds] : by_profile) {
        for (Spans& of_kind : kinds)
            std::ranges::sort(of_kind, {}, [](const Span* span) { return std::tuple(span->began, span->key); });
        const auto& [verdicts, phases, findings] = kinds;
        if (verdicts.empty()) continue;
        Walk walk(std::string(profile), since, until);
        for (const Span* const verdict : verdicts) walk.step(*verdict);
        for (IncidentView& incident : walk.finish()) {
            explain(incident, findings, phases);
            const bool is_brief = incident.ended - incident.began < kWorthTelling && !incident.open;
            if (is_brief && incident.worst != Verdict::unreachable) continue;
            if (incident.worst != Verdict::degraded) ++walk.reachability().incidents;
            all.incidents.push_back(std::move(incident));
        }
        all.profiles.push_back(walk.reachability());
    }
    std::ranges::stable_sort(all.incidents, std::ranges::greater{}, &IncidentView::began);
    return all;
}

}  // namespace memdb::history
