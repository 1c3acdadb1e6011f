#include "client/render_report.hpp"

#include "client/html_text.hpp"
#include "client/render.hpp"
#include "client/render_history.hpp"
#include "client/render_report_certificates.hpp"
#include "client/render_report_chart.hpp"
#include "client/report_style.hpp"
#include "client/text.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace memdb::client {
namespace {

using control::History;
using control::IncidentView;
using control::NodeHistory;
using control::ProfileView;
using control::ReachabilityView;
using health::Verdict;

constexpr std::size_t kRows = 200;
constexpr std::size_t kPlots = 60;

constexpr std::string_view kHead =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'\">"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
    "<meta name=\"referrer\" content=\"no-referrer\"><meta name=\"color-scheme\" content=\"light dark\">";

std::string fact(const std::string& value, const std::string& name) {
    return "<div><b>" + html(value) + "</b><span>" + html(name) + "</span></div>";
}

std::vector<const NodeHistory*> nodes_of(const History& history, const std::string& profile) {
    std::vector<const NodeHistory*> nodes;
    for (const NodeHistory& node : history.nodes)
        if (node.profile == profile) nodes.push_back(&node);
    return nodes;
}

std::string median_range(const std::vector<const NodeHistory*>& nodes) {
    std::vector<std::int64_t> medians;
    for (const NodeHistory* const node : nodes)
        if (node->total.median_us) medians.push_back(*node->total.median_us);
    if (medians.empty()) return "–";
    std::ranges::sort(medians);
    return latency_text(medians[medians.size() / 2]);
}

std::string facts(const History& history, const ReachabilityView& view) {
    const auto nodes = nodes_of(history, view.profile);
    std::int64_t answered = 0, lost = 0;
    for (const NodeHistory* const node : nodes) {
        answered += node->total.count;
        lost += node->total.lost;
    }
    Duration longest{};
    for (const IncidentView& incident : history.incidents)
        if (incident.profile == view.profile && incident.worst != Verdict::degraded)
            longest = std::max(longest, incident.ended - incident.began);
    std::string out = "<div class=\"card\"><div class=\"facts\">";
    out += fact(percent_text(view.answered_ms, view.observed_ms),
                "reachable, of " + duration_text(Duration(view.observed_ms)) + " watched");
    out += fact(std::to_string(view.incidents),
                longest > 0ms ? "incidents, the longest " + duration_text(longest) : "incidents");
    out += fact(duration_text(Duration(view.degraded_ms)), "degraded");
    out += fact(median_range(nodes), "median PING");
    out += fact(percent_text(answered, answered + lost), "of " + std::to_string(answered + lost) + " PINGs answered");
    return out + "</div></div>";
}

std::string timeline(const History& history, const std::string& profile, const TimeAxis& axis) {
    return "<div class=\"card lanes\"><h3>Timeline</h3>" + verdict_lane(history, profile, axis) +
           finding_lanes(history, profile, axis) + axis.labels() +
           "<div class=\"legend\"><span><i class=\"i-good\"></i>reachable</span><span><i class=\"i-warn\"></i>degraded"
           "</span><span><i class=\"i-bad\"></i>unreachable</span><span><i class=\"i-wait\"></i>connecting</span>"
           "<span><i class=\"i-none\"></i>not watched</span></div></div>";
}

std::string endpoint_of(const ProfileView* profile, const std::string& node) {
    if (profile != nullptr)
        for (const control::ClusterView& cluster : profile->clusters)
            for (const control::NodeView& known : cluster.nodes)
                if (known.name == node) return cluster.endpoint;
    return {};
}

std::string plots(const History& history, const std::string& profile, const ProfileView* now, const TimeAxis& axis) {
    const auto nodes = nodes_of(history, profile);
    if (nodes.empty()) return {};
    const LatencyAxis scale = latency_axis(nodes);
    std::string out = "<div class=\"card\"><h3>PING by node</h3><div class=\"nodes\">";
    for (std::size_t i = 0; i < std::min(nodes.size(), kPlots); ++i) {
        const NodeHistory& node = *nodes[i];
        const std::string endpoint = endpoint_of(now, node.node);
        std::string numbers = node.total.median_us ? "median " + latency_text(*node.total.median_us) + ", p99 up to " +
                                                         latency_text(node.total.p99_us.value_or(0))
                                                   : "no answer";
        if (node.total.lost > 0)
            numbers += ", " + std::to_string(node.total.lost) + " of " +
                       std::to_string(node.total.count + node.total.lost) + " lost";
        const std::string name = endpoint.empty() ? node.node : short_node_name(node.node, endpoint);
        out += "<div class=\"node\"><h4 title=\"" + html(node.node) + "\">" + html(name) + "</h4><p>" + html(numbers) +
               "</p>" + latency_plot(node, history.bucket_s, axis, scale) + "</div>";
    }
    out +=
        "</div><div class=\"legend\"><span><i class=\"i-line\"></i>median</span><span><i class=\"i-band\"></i>fastest "
        "to p99</span><span><i class=\"i-bad\"></i>not answered</span><span>each point is " +
        html(duration_text(std::chrono::seconds(history.bucket_s))) + "</span></div>";
    if (nodes.size() > kPlots)
        out += "<p class=\"note\">and " + count_text(nodes.size() - kPlots, "other node") + "</p>";
    return out + "</div>";
}

std::string incident_row(const IncidentView& incident, LocalTime local) {
    const bool bad = incident.worst == Verdict::unreachable;
    std::string what = incident.cause ? "<code>" + html(*incident.cause) + "</code>" : "no cause was found";
    if (incident.summary) what += "<br>" + html(*incident.summary);
    return "<tr><td class=\"t\"><span class=\"dot " + std::string(bad ? "i-bad" : "i-warn") + "\"></span>" +
           html(moment_text(local(incident.began))) + "</td><td class=\"t\">" +
           html((incident.open ? "since " : "") + duration_text(incident.ended - incident.began)) +
           "</td><td class=\"t\">" + html(health::to_string(incident.worst)) + "</td><td class=\"w\">" + what +
           "</td></tr>";
}

std::string incident_table(const History& history, const std::string& profile, LocalTime local) {
    std::string rows;
    std::size_t count = 0;
    for (const IncidentView& incident : history.incidents) {
        if (incident.profile != profile) continue;
        if (++count <= kRows) rows += incident_row(incident, local);
    }
    std::string out = "<div class=\"card\"><h3>Incidents</h3>";
    if (count == 0) return out + "<p>None in this time.</p></div>";
    out += "<table><thead><tr><th>Began</th><th>Lasted</th><th>Profile was</th><th>Cause</th></tr></thead><tbody>" +
           rows + "</tbody></table>";
    if (count > kRows) out += "<p class=\"note\">and " + count_text(count - kRows, "earlier one") + "</p>";
    return out + "</div>";
}

std::string section(const Report& report, const ReachabilityView& view, const TimeAxis& axis) {
    const ProfileView* const now = find_profile(report.snapshot, view.profile);
    std::string out = "<section><h2>" + html(view.profile);
    if (now != nullptr) {
        const std::string word(health::to_string(now->verdict));
        out += "<span class=\"word " + word + "\">" + word + " now</span>";
    }
    out += "</h2>" + facts(report.history, view) + timeline(report.history, view.profile, axis) +
           incident_table(report.history, view.profile, axis.local) + plots(report.history, view.profile, now, axis);
    if (now != nullptr && now->credential) out += certificate_calendar(*now, report.made_at, axis.local);
    return out + "</section>";
}

/// What there is a section for: what has a history, and what has only certificates so far.
std::vector<ReachabilityView> sections(const Report& report) {
    std::vector<ReachabilityView> all = report.history.profiles;
    for (const ProfileView& profile : report.snapshot.profiles)
        if (std::ranges::find(all, profile.name, &ReachabilityView::profile) == all.end())
            all.push_back({profile.name, 0, 0, 0, 0});
    if (report.only) std::erase_if(all, [&](const ReachabilityView& view) { return view.profile != *report.only; });
    return all;
}

}  // namespace

std::string render_report(const Report& report, LocalTime local) {
    const History& history = report.history;
    const TimeAxis axis{history.since, history.until, local};
    const std::string title = report.only ? "memdbd: " + *report.only : "memdbd: how reachable MemoryDB was";
    const std::string span = minute_text(local(history.since)) + " to " + minute_text(local(history.until));
    std::string out = std::string(kHead) + "<title>" + html(title) + "</title><style>" + std::string(kReportStyle) +
                      "</style></head><body><main><header><h1>" + html(title) + "</h1><p class=\"sub\">" + html(span) +
                      " (" + html(zone_text(local(history.until))) + ")</p></header>";
    const auto all = sections(report);
    for (const ReachabilityView& view : all) out += section(report, view, axis);
    if (all.empty()) out += "<p class=\"card\">There is no profile, and no history of one.</p>";
    if (history.oldest && *history.oldest > history.since + 1min)
        out += "<p class=\"note\">Records begin at " + html(minute_text(local(*history.oldest))) + ".</p>";
    if (history.cut) out += "<p class=\"note\">There was more than one answer may hold: the oldest is left out.</p>";
    out +=
        "<footer>Reachable means that a PING was answered over TLS. Time in which nobody wanted the profile, the "
        "machine slept or the agent did not run does not count, either way.<br>Made " +
        html(moment_text(local(report.made_at))) + " by memdbctl " + html(report.version) + ", memdbd " +
        html(report.snapshot.agent.version) + ".</footer></main></body></html>\n";
    return out;
}

}  // namespace memdb::client
