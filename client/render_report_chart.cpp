#include "client/render_report_chart.hpp"

#include "client/html_text.hpp"
#include "client/text.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <map>

namespace memdb::client {
namespace {

using control::History;
using control::NodeHistory;
using control::PingPoint;

constexpr double kWidth = 1000;
constexpr double kLaneHeight = 10;
constexpr double kPlotHeight = 100;
constexpr double kThinnest = 2.5;  ///< what is shorter must still be seen
constexpr std::size_t kLanes = 8;

std::string svg(std::string_view kind, double height, const std::string& label, const std::string& inside) {
    return "<svg class=\"" + std::string(kind) + "\" viewBox=\"0 0 1000 " + number_text(height) +
           "\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"" + html(label) + "\">" + inside + "</svg>";
}

/// A bar of a lane, with what it says to whoever points at it.
std::string bar(std::string_view kind, WallTime began, WallTime ended, const TimeAxis& axis, const std::string& title,
                bool must_show) {
    double from = axis.place(began), to = axis.place(ended);
    if (must_show && to - from < kThinnest) {
        from = std::clamp((from + to - kThinnest) / 2, 0.0, kWidth - kThinnest);
        to = from + kThinnest;
    }
    return "<rect class=\"" + std::string(kind) + "\" x=\"" + number_text(from) + "\" y=\"0\" width=\"" +
           number_text(std::max(to - from, 0.1)) + "\" height=\"" + number_text(kLaneHeight) + "\"><title>" +
           html(title) + "</title></rect>";
}

std::string span_title(std::string_view word, WallTime began, WallTime ended, const TimeAxis& axis) {
    return std::string(word) + ", " + moment_text(axis.local(began)) + ", " + duration_text(ended - began);
}

std::string point_text(double x, double y) { return number_text(x) + "," + number_text(y) + " "; }

/// Latencies of one stretch without a gap.
struct Stretch {
    std::string median, upper;
    std::vector<std::pair<double, double>> lower;
    [[nodiscard]] std::string draw() const {
        if (median.empty()) return {};
        std::string band = upper;
        for (auto at = lower.rbegin(); at != lower.rend(); ++at) band += point_text(at->first, at->second);
        return "<polygon class=\"band\" points=\"" + band + "\"/><polyline class=\"median\" points=\"" + median +
               "\"/>";
    }
};

std::string short_latency(double microseconds) {
    if (microseconds < 1000) return number_text(microseconds) + " µs";
    if (microseconds < 1e6) return number_text(microseconds / 1000) + " ms";
    return number_text(microseconds / 1e6) + " s";
}

std::string grid(const LatencyAxis& scale) {
    std::string out;
    for (const double tick : scale.ticks()) {
        const std::string y = number_text(scale.place(tick, kPlotHeight));
        out += fmt::format(R"(<line class="grid" x1="0" x2="1000" y1="{0}" y2="{0}"/>)", y);
    }
    return out;
}

std::string curves(const NodeHistory& node, std::int64_t bucket_s, const TimeAxis& axis, const LatencyAxis& scale) {
    const Duration bucket = std::chrono::seconds(bucket_s);
    std::string out, marks;
    Stretch stretch;
    WallTime last_end{};
    for (const PingPoint& point : node.points) {
        const double from = axis.place(point.at), to = axis.place(point.at + bucket);
        if (point.lost > 0)
            marks += "<rect class=\"loss\" x=\"" + number_text(from) + "\" y=\"95\" width=\"" +
                     number_text(std::max(to - from, kThinnest)) + "\" height=\"5\"><title>" +
                     html(moment_text(axis.local(point.at)) + ": " + std::to_string(point.lost) + " not answered") +
                     "</title></rect>";
        if (!point.median_us || !point.min_us || !point.p99_us) continue;
        if (point.at - last_end > bucket / 2) {
            out += stretch.draw();
            stretch = {};
        }
        last_end = point.at + bucket;
        // Both edges of the bucket: a single minute is seen, too.
        for (const double x : {from, to}) {
            stretch.median += point_text(x, scale.place(static_cast<double>(*point.median_us), kPlotHeight));
            stretch.upper += point_text(x, scale.place(static_cast<double>(*point.p99_us), kPlotHeight));
            stretch.lower.emplace_back(x, scale.place(static_cast<double>(*point.min_us), kPlotHeight));
        }
    }
    return out + stretch.draw() + marks;
}

}  // namespace

double TimeAxis::place(WallTime time) const {
    const double whole = static_cast<double>(std::max<std::int64_t>((end - begin).count(), 1));
    return std::clamp(static_cast<double>((time - begin).count()) / whole, 0.0, 1.0) * kWidth;
}

std::vector<WallTime> TimeAxis::ticks() const {
    constexpr std::array<Duration, 13> steps = {1min, 5min, 15min, 30min, 1h,       3h,      6h,
                                                12h,  24h,  48h,   168h,  24h * 30, 24h * 90};
    Duration step = steps.back();
    for (const Duration candidate : steps)
        if ((end - begin) / candidate <= 6) {
            step = candidate;
            break;
        }
    const Duration zone = std::chrono::seconds(local(begin).tm_gmtoff);
    std::vector<WallTime> all;
    const Duration since_epoch = begin.time_since_epoch() + zone;
    for (WallTime at = WallTime((since_epoch / step + 1) * step - zone); at <= end; at += step) all.push_back(at);
    return all;
}

std::string TimeAxis::labels() const {
    const bool days = end - begin > 36h;
    std::string out = "<div class=\"axis\" aria-hidden=\"true\">";
    for (const WallTime tick : ticks()) {
        const double percent = place(tick) / 10;
        if (percent < 3 || percent > 97) continue;  // it would stand out at the edge
        const std::tm time = local(tick);
        const bool midnight = time.tm_hour == 0 && time.tm_min == 0;
        const std::string text = days && midnight ? day_text(time).substr(5) : minute_text(time).substr(11);
        out += "<span style=\"left:" + number_text(percent) + "%\">" + html(text) + "</span>";
    }
    return out + "</div>";
}

std::string TimeAxis::lines(double height) const {
    std::string out;
    for (const WallTime tick : ticks()) {
        const std::string x = number_text(place(tick));
        out += fmt::format(R"(<line class="grid" y1="0" y2="{0}" x1="{1}" x2="{1}"/>)", number_text(height), x);
    }
    return out;
}

double LatencyAxis::place(double microseconds, double height) const {
    const double share = std::log(std::clamp(microseconds, low, high) / low) / std::log(high / low);
    return (1 - share) * height;
}

std::vector<double> LatencyAxis::ticks() const {
    std::vector<double> all;
    const bool fine = high / low <= 100;
    for (double decade = 1; decade <= high; decade *= 10)
        for (const double digit : {1.0, 2.0, 5.0}) {
            const double tick = decade * digit;
            if (tick > low * 1.01 && tick < high * 0.99 && (fine || digit == 1.0)) all.push_back(tick);
        }
    return all;
}

LatencyAxis latency_axis(const std::vector<const NodeHistory*>& nodes) {
    double low = 1e9, high = 0;
    for (const NodeHistory* const node : nodes) {
        if (node->total.min_us) low = std::min(low, static_cast<double>(*node->total.min_us));
        if (node->total.p99_us) high = std::max(high, static_cast<double>(*node->total.p99_us));
    }
    if (high <= 0) return {};
    const auto step = [](double value, bool up) {
        const double decade = std::pow(10, std::floor(std::log10(value)));
        for (const double digit : {1.0, 2.0, 5.0, 10.0}) {
            if (up && decade * digit >= value) return decade * digit;
        }
        for (const double digit : {5.0, 2.0, 1.0})
            if (decade * digit <= value) return decade * digit;
        return decade;
    };
    LatencyAxis axis{step(std::max(low, 1.0), false), step(std::max(high, 1.0), true)};
    if (axis.high / axis.low < 10) axis.high = axis.low * 10;
    return axis;
}

std::string verdict_lane(const History& history, std::string_view profile, const TimeAxis& axis) {
    std::string good, bad;  // what went wrong is drawn last, on top
    for (const control::VerdictSpan& span : history.verdicts) {
        if (span.profile != profile || span.verdict == health::Verdict::stopped) continue;
        const bool fine = span.verdict == health::Verdict::reachable || span.verdict == health::Verdict::connecting;
        const std::string_view word = health::to_string(span.verdict);
        (fine ? good : bad) +=
            bar(word, span.began, span.ended, axis, span_title(word, span.began, span.ended, axis), !fine);
    }
    return "<div class=\"lane\"><span class=\"name\">verdict</span>" +
           svg("bars tall", kLaneHeight, "verdicts over time", axis.lines(kLaneHeight) + good + bad) + "</div>";
}

std::string finding_lanes(const History& history, std::string_view profile, const TimeAxis& axis) {
    struct Lane {
        std::string bars;
        Duration lasted{};
    };
    std::map<std::string, Lane> lanes;
    for (const control::FindingSpan& span : history.findings) {
        if (span.profile != profile || span.severity == health::Severity::info) continue;
        Lane& lane = lanes[span.code];
        lane.lasted += span.ended - span.began;
        lane.bars += bar(span.severity == health::Severity::error ? "unreachable" : "degraded", span.began, span.ended,
                         axis, span_title(span.summary, span.began, span.ended, axis), true);
    }
    std::vector<std::pair<std::string, Lane>> sorted(lanes.begin(), lanes.end());
    std::ranges::stable_sort(sorted, std::ranges::greater{}, [](const auto& lane) { return lane.second.lasted; });
    std::string out;
    for (std::size_t i = 0; i < std::min(sorted.size(), kLanes); ++i)
        out += "<div class=\"lane\"><span class=\"name\">" + html(sorted[i].first) + "</span>" +
               svg("bars", kLaneHeight, sorted[i].first, axis.lines(kLaneHeight) + sorted[i].second.bars) + "</div>";
    if (sorted.size() > kLanes) out += "<p class=\"note\">and " + count_text(sorted.size() - kLanes, "other") + "</p>";
    return out;
}

std::string latency_plot(const NodeHistory& node, std::int64_t bucket_s, const TimeAxis& axis,
                         const LatencyAxis& scale) {
    std::string words;
    for (const double tick : scale.ticks())
        words += "<span style=\"top:" + number_text(scale.place(tick, 100)) + "%\">" + short_latency(tick) + "</span>";
    return "<div class=\"plot\"><div class=\"scale\" aria-hidden=\"true\">" + words + "</div>" +
           svg("curve", kPlotHeight, "PING of " + node.node,
               axis.lines(kPlotHeight) + grid(scale) + curves(node, bucket_s, axis, scale)) +
           axis.labels() + "</div>";
}

}  // namespace memdb::client
