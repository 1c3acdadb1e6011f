#include "history/history_map.hpp"

#include "history/incident_policy.hpp"

#include <algorithm>
#include <iterator>

namespace memdb::history {
namespace {

using control::PingPoint;

constexpr std::size_t kPointsOfNode = 360;
constexpr std::size_t kFewest = 12;

std::optional<std::string> text_of(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(text);
}

template <class T>
void keep_newest(std::vector<T>& list, bool& cut) {
    if (list.size() <= kSpanLimit) return;
    cut = true;
    list.erase(list.begin(), list.end() - static_cast<std::ptrdiff_t>(kSpanLimit));
}

}  // namespace

Duration bucket_for(Duration asked, std::size_t nodes) noexcept {
    const std::size_t points = std::clamp(kPointLimit / std::max<std::size_t>(nodes, 1), kFewest, kPointsOfNode);
    const auto minutes = std::chrono::ceil<std::chrono::minutes>(asked / static_cast<std::int64_t>(points));
    return std::max<Duration>(minutes, 1min);
}

void SeriesMaker::Sum::add(const PingMinute& minute) {
    point.count += minute.count;
    point.lost += minute.lost;
    if (minute.median_us) medians.add(*minute.median_us, minute.count);
    if (minute.min_us) point.min_us = std::min(point.min_us.value_or(*minute.min_us), *minute.min_us);
    if (minute.p99_us) point.p99_us = std::max(point.p99_us.value_or(0), *minute.p99_us);
}

PingPoint SeriesMaker::Sum::result() const {
    PingPoint done = point;
    done.median_us = medians.quantile(0.5);
    return done;
}

void SeriesMaker::add(const PingMinute& minute) {
    Series& series = series_[{minute.profile, minute.node}];
    if (series.total.point.count + series.total.point.lost == 0) series.total.point.at = since_;
    series.total.add(minute);
    const Duration into = std::max(minute.minute - since_, Duration(0));
    const WallTime at = since_ + into / bucket_ * bucket_;
    if (series.current.point.count + series.current.point.lost > 0 && series.current.point.at != at) {
        series.points.push_back(series.current.result());
        series.current = {};
    }
    series.current.point.at = at;
    series.current.add(minute);
}

std::vector<control::NodeHistory> SeriesMaker::finish() {
    std::vector<control::NodeHistory> all;
    for (auto& [who, series] : series_) {
        if (series.current.point.count + series.current.point.lost > 0)
            series.points.push_back(series.current.result());
        all.push_back({who.first, who.second, series.total.result(), std::move(series.points)});
    }
    return all;
}

void add_spans(control::History& history, std::vector<Span> spans) {
    Incidents found = incidents_of(spans, history.since, history.until);
    if (found.incidents.size() > kIncidentLimit) {
        found.incidents.resize(kIncidentLimit);
        history.cut = true;
    }
    history.incidents = std::move(found.incidents);
    history.profiles = std::move(found.profiles);
    std::ranges::sort(spans, {}, [](const Span& span) { return std::pair(span.began, span.key); });
    for (const Span& span : spans) {
        if (span.ended < history.since || span.began > history.until) continue;
        switch (span.kind) {
            case SpanKind::verdict:
                if (const auto verdict = health::parse_verdict(span.word))
                    history.verdicts.push_back({span.profile, *verdict, span.began, span.ended, span.open});
                break;
            case SpanKind::phase:
                history.phases.push_back(
                    {span.profile, span.word, text_of(span.detail), span.began, span.ended, span.open});
                break;
            case SpanKind::finding:
                history.findings.push_back({span.profile, span.word, span.severity, span.layer, span.detail, span.began,
                                            span.ended, span.open});
                break;
        }
    }
    keep_newest(history.verdicts, history.cut);
    keep_newest(history.phases, history.cut);
    keep_newest(history.findings, history.cut);
}

WallTime begin_of(const control::HistorySince& since, WallTime now) noexcept {
    if (const auto* const moment = std::get_if<WallTime>(&since)) return std::min(*moment, now);
    return now - std::get<Duration>(since);
}

}  // namespace memdb::history
