// connect, disconnect, reconnect, wait.
#include "base/clock.hpp"
#include "client/commands.hpp"
#include "client/progress_line.hpp"
#include "client/text.hpp"

#include <algorithm>
#include <cstdio>

namespace memdb::client {
namespace {

constexpr Duration kSettle = 2s;      ///< `degraded` for so long is as good as it gets
constexpr Duration kExplain = 500ms;  ///< the finding that explains `blocked` may come a moment later

std::string report(const WaitTracker& tracker, Goal goal) {
    const auto& profile = tracker.profile();
    return profile.name + " is " + std::string(goal == Goal::up && profile.tunnel ? "up" : to_string(profile.verdict));
}

Problem gave_up(const WaitTracker& tracker, Goal goal, Duration timeout) {
    const std::string cause = tracker.cause();
    return {Exit::timed_out, tracker.profile().name + " is not " + std::string(to_string(goal)) + " after " +
                                 (timeout < 1s ? std::to_string(timeout.count()) + " ms" : duration_text(timeout)) +
                                 " (" + tracker.text() + ")" +
                                 (cause.empty() ? "; see memdbctl status" : ": " + cause)};
}

/// Reads events until the goal is reached. Returns the exit code.
int follow(Context& context, EventReader& reader, WaitTracker tracker, Goal goal) {
    const Duration timeout = context.arguments.timeout;
    const TimePoint end = now() + timeout;
    std::optional<TimePoint> settled, explained;
    std::optional<Problem> problem;
    {
        ProgressLine line(context);
        for (;;) {
            const Progress progress = tracker.progress();
            const TimePoint at = now();
            if (progress == Progress::reached) break;
            if (progress == Progress::settling && at >= settled.emplace(settled.value_or(at + kSettle))) break;
            if (progress != Progress::settling) settled.reset();
            if (progress == Progress::gone)
                problem = Problem{Exit::failed, tracker.profile().name + " was removed meanwhile"};
            if (progress == Progress::futile &&
                (at >= explained.emplace(explained.value_or(at + kExplain)) || !tracker.profile().findings.empty()))
                problem = Problem{Exit::failed, tracker.profile().name + " cannot connect: " + tracker.cause()};
            if (!problem && at >= end) problem = gave_up(tracker, goal, timeout);
            if (problem) break;
            line.show("waiting: " + tracker.text());
            TimePoint until = std::min(end, settled.value_or(end));
            if (progress == Progress::futile) until = std::min(until, *explained);
            if (context.terminal.err_is_one) until = std::min(until, line.next());
            const auto event = read_event(reader, until);
            if (event.has_value())
                tracker.apply(*event);
            else if (event.error().exit != Exit::timed_out)
                problem = event.error();
        }
    }
    if (problem) return complain(context, *problem);
    print(clean(report(tracker, goal), !context.terminal.out.utf8) + "\n");
    if (tracker.profile().verdict == health::Verdict::degraded && goal == Goal::reachable)
        warn(context, tracker.cause());
    return 0;
}

/// As the agent judges it before any attempt.
bool has_usable_certificate(const control::ProfileView& view) {
    if (!view.tunnel) return true;
    if (!view.credential || (view.credential->crl && view.credential->crl->revoked)) return false;
    return view.credential->state == "valid" || view.credential->state == "expiring";
}

/// The wish goes out when the events are already being read: nothing that it causes can be missed.
int wish(Context& context, std::string_view word, Goal goal) {
    auto reader = std::optional<EventReader>();
    control::Snapshot snapshot;
    if (context.arguments.wait) {
        auto opened = EventReader::open(context.client.socket());
        if (opened.has_error()) return complain(context, opened.error());
        reader = std::move(*opened);
        auto first = read_event(*reader, now() + 10s);
        if (first.has_error()) return complain(context, first.error());
        if (auto* taken = std::get_if<control::SnapshotTaken>(&first->change)) snapshot = std::move(taken->snapshot);
    } else {
        auto got = get_snapshot(context);
        if (got.has_error()) return complain(context, got.error());
        snapshot = std::move(*got);
    }
    const auto profile = chosen_profile(context, snapshot);
    if (profile.has_error()) return complain(context, profile.error());
    const auto response = context.client.request("POST", profile_path(*profile, "/" + std::string(word)));
    if (response.has_error()) return complain(context, response.error());
    if (!reader) return 0;
    const control::ProfileView before = *find_profile(snapshot, *profile);
    // What blocked the tunnel before the wish does not count: the wish makes it try again. Unless the certificate
    // cannot be used: then nothing is tried.
    const auto is_blocked = [](const control::ProfileView& view) {
        return view.tunnel && view.tunnel->phase == "blocked";
    };
    const auto after = control::parse_profile(response->body);
    const bool tries = !after.has_value() || has_usable_certificate(*after);
    const bool anew = tries && (word == "reconnect" || (word == "connect" && is_blocked(before)));
    return follow(context, *reader, WaitTracker(before, goal, anew), goal);
}

}  // namespace

int run_connect(Context& context) { return wish(context, "connect", Goal::reachable); }
int run_disconnect(Context& context) { return wish(context, "disconnect", Goal::stopped); }
int run_reconnect(Context& context) { return wish(context, "reconnect", Goal::reachable); }

int run_wait(Context& context) {
    auto reader = EventReader::open(context.client.socket(), std::min<Duration>(context.arguments.timeout, 10s));
    if (reader.has_error()) return complain(context, reader.error());
    const auto first = read_event(*reader, now() + 10s);
    if (first.has_error()) return complain(context, first.error());
    const auto* taken = std::get_if<control::SnapshotTaken>(&first->change);
    if (taken == nullptr) return complain(context, {Exit::failed, "the agent's events do not begin with a snapshot"});
    const auto profile = chosen_profile(context, taken->snapshot);
    if (profile.has_error()) return complain(context, profile.error());
    const Goal goal = context.arguments.goal;
    return follow(context, *reader, WaitTracker(*find_profile(taken->snapshot, *profile), goal, false), goal);
}

}  // namespace memdb::client
