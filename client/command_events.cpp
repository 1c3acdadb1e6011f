// events and ping.
#include "base/clock.hpp"
#include "client/commands.hpp"
#include "client/local_time.hpp"
#include "client/render_event.hpp"

#include <poll.h>

namespace memdb::client {
namespace {

/// Prints one line of the stream. A line that this version cannot read is shown to programs and skipped for people.
void show(const Context& context, const std::string& line, Duration offset) {
    if (context.arguments.json) return print(line + "\n");
    const auto event = control::parse_event(line);
    if (event.has_error()) return;
    if (const auto* taken = std::get_if<control::SnapshotTaken>(&event->change))
        print(render_findings(taken->snapshot, context.terminal.out));
    else
        print(render_event(*event, offset, context.terminal.out));
}

}  // namespace

int run_events(Context& context) {
    auto reader = EventReader::open(context.client.socket());
    if (reader.has_error()) return complain(context, reader.error());
    const Duration offset = zone_offset(wall_now());
    for (;;) {
        const auto line = reader->next_line(context.arguments.follow ? std::nullopt : std::optional(now() + 10s));
        if (line.has_error()) return complain(context, line.error());
        if (!*line) return complain(context, {Exit::timed_out, "the agent did not answer in time"});
        show(context, **line, offset);
        if (!context.arguments.follow) return 0;
    }
}

int run_ping(Context& context) {
    const auto snapshot = get_snapshot(context);
    if (snapshot.has_error()) return complain(context, snapshot.error());
    const auto profile = chosen_profile(context, *snapshot);
    if (profile.has_error()) return complain(context, profile.error());
    const std::string body = control::ping_request_json(context.arguments.node);
    PingSummary summary;
    for (unsigned round = 0; round < context.arguments.count; ++round) {
        const TimePoint next = now() + 1s;
        const auto response = context.client.request("POST", profile_path(*profile, "/ping"), body, 30s);
        if (response.has_error()) return complain(context, response.error());
        const auto report = control::parse_ping_report(response->body);
        if (report.has_error())
            return complain(context, {Exit::failed, "the agent's answer makes no sense: " + report.error().message});
        if (report->nodes.empty())
            return complain(context, {Exit::failed, "no node of " + *profile + " is known yet: see memdbctl status"});
        summary.add(*report);
        print(context.arguments.json ? response->body + "\n" : render_ping_round(*report, context.terminal.out));
        if (round + 1 < context.arguments.count && next > now())
            (void)::poll(nullptr, 0, static_cast<int>((next - now()).count()));
    }
    if (!context.arguments.json) print(summary.text());
    return summary.all_answered() ? 0 : 1;
}

}  // namespace memdb::client
