#include "client/render_history.hpp"

#include "client/brush.hpp"
#include "client/render_parts.hpp"
#include "client/text.hpp"

#include <algorithm>
#include <cstdio>

namespace memdb::client {
namespace {

using control::History;
using control::IncidentView;
using control::NodeHistory;
using control::ReachabilityView;
using health::Verdict;

constexpr std::size_t kDurationWidth = 16;

std::string cut(const std::string& text, std::size_t width, const Style& style) {
    if (columns(text) <= width) return text;
    const std::string_view dots = style.utf8 ? "…" : "...";
    std::string out;
    std::size_t used = columns(dots);
    for (std::size_t i = 0; i < text.size();) {
        std::size_t next = i + 1;
        while (next < text.size() && (static_cast<unsigned char>(text[next]) & 0xc0u) == 0x80u) ++next;
        if (++used > width) break;
        out += text.substr(i, next - i);
        i = next;
    }
    return out + std::string(dots);
}

/// Less than a second is worth a digit here: restarts take some ms.
std::string lasted(Duration duration) {
    if (duration >= 10s) return duration_text(duration);
    char text[32];
    std::snprintf(text, sizeof text, "%.1f s", static_cast<double>(duration.count()) / 1000.0);
    return text;
}

std::string incident_line(const IncidentView& incident, const Style& style, LocalTime local) {
    const Brush brush(style);
    const std::string_view mark =
        brush.symbol(incident.worst == Verdict::unreachable ? health::Severity::error : health::Severity::warning);
    const std::string begin =
        "  " + moment_text(local(incident.began)) + "  " +
        pad((incident.open ? "for " : "") + lasted(incident.ended - incident.began), kDurationWidth);
    std::string what = std::string(mark) + " ";
    if (incident.worst != Verdict::unreachable) what += incident.worst == Verdict::degraded ? "degraded, " : "a gap, ";
    what += incident.cause ? brush.text(*incident.cause) : "no cause was found";
    if (incident.summary) what += ": " + brush.text(*incident.summary);
    const std::size_t room = std::max<std::size_t>(style.width, columns(begin) + 12) - columns(begin);
    return begin + brush.paint(cut(what, room, style), paint_of(incident.worst)) + "\n";
}

std::string ping_line(const History& history, const std::string& profile) {
    std::int64_t count = 0, lost = 0, low = 0, high = 0, p99 = 0;
    for (const NodeHistory& node : history.nodes) {
        if (node.profile != profile) continue;
        count += node.total.count;
        lost += node.total.lost;
        if (!node.total.median_us) continue;
        low = low == 0 ? *node.total.median_us : std::min(low, *node.total.median_us);
        high = std::max(high, *node.total.median_us);
        p99 = std::max(p99, node.total.p99_us.value_or(0));
    }
    if (count + lost == 0) return {};
    std::string line = "  PING: ";
    if (count > 0) {
        line += "median " + latency_text(low);
        if (latency_text(high) != latency_text(low)) line += " to " + latency_text(high) + " by node";
        line += ", p99 up to " + latency_text(p99) + "; ";
    }
    return line + std::to_string(lost) + " of " + std::to_string(count + lost) + " not answered\n";
}

std::string profile_block(const History& history, const ReachabilityView& view, const Style& style, LocalTime local) {
    const Brush brush(style);
    const Duration asked = history.until - history.since, watched(view.observed_ms);
    const std::string name = brush.text(view.profile);
    if (view.observed_ms == 0)
        return name + "  was not watched in this time: nobody wanted it, or the agent did not run\n";
    const bool fine = view.answered_ms == view.observed_ms;
    std::string out = name + "  reachable " +
                      brush.paint(percent_text(view.answered_ms, view.observed_ms), fine ? Paint::good : Paint::warn) +
                      " of the " + duration_text(watched) + " it was watched";
    if (view.degraded_ms > 0) out += ", degraded " + duration_text(Duration(view.degraded_ms));
    out += "\n";
    if (asked - watched > 1min)
        out += "  the other " + duration_text(asked - watched) + " do not count: not wanted, asleep, or no agent\n";
    out += ping_line(history, view.profile);
    bool any = false;
    for (const IncidentView& incident : history.incidents) {
        if (incident.profile != view.profile) continue;
        any = true;
        out += incident_line(incident, style, local);
    }
    return any ? out : out + "  no incidents\n";
}

}  // namespace

std::string percent_text(std::int64_t part, std::int64_t whole) {
    if (whole <= 0) return "-";
    if (part >= whole) return "100 %";
    char text[32];
    // Rounded down: 99.999 % with a failure in it must not read as 100.
    const double hundredths = static_cast<double>(part) / static_cast<double>(whole) * 10000.0;
    std::snprintf(text, sizeof text, "%.2f %%", static_cast<double>(static_cast<std::int64_t>(hundredths)) / 100.0);
    return text;
}

std::string render_history(const History& history, const Style& style, LocalTime local) {
    const Brush brush(style);
    if (history.state != control::HistoryState::on)
        return "the history is " + std::string(history.state == control::HistoryState::off ? "off" : "not available") +
               (history.message ? ": " + brush.text(*history.message) : "") + "\n";
    std::string out;
    if (history.profiles.empty()) out = "nothing is recorded since " + minute_text(local(history.since)) + "\n";
    for (const ReachabilityView& view : history.profiles) {
        if (!out.empty()) out += "\n";
        out += profile_block(history, view, style, local);
    }
    if (history.oldest && *history.oldest > history.since + 1min)
        out += "\nrecords begin at " + minute_text(local(*history.oldest)) + "\n";
    if (history.cut) out += "\nthere is more than one answer may hold: ask with a shorter --since\n";
    if (history.dropped > 0)
        out += "\n" + std::to_string(history.dropped) + " records could not be written: see memdbctl events\n";
    return out;
}

}  // namespace memdb::client
