// key request, key install, key rollback; and following a rotation to its end.
#include "base/clock.hpp"
#include "client/command_rotate.hpp"
#include "client/import_files.hpp"
#include "client/local_files.hpp"
#include "client/progress_line.hpp"
#include "client/rotation_tracker.hpp"
#include "client/text.hpp"

#include <poll.h>

#include <algorithm>

namespace memdb::client {
namespace {

constexpr Duration kCallLimit = 30s;
constexpr Duration kAgainPause = 300ms;  ///< between tries to reach an agent that restarts

/// A new stream after the agent went away; nothing when it is not there yet.
std::optional<EventReader> open_again(const Context& context, TimePoint deadline) {
    auto reader = EventReader::open(context.client.socket(), std::clamp<Duration>(deadline - now(), 1ms, 5s));
    if (reader.has_value()) return std::move(*reader);
    (void)::poll(nullptr, 0, static_cast<int>(kAgainPause.count()));
    return std::nullopt;
}

Outcome<void> report_end(const Context& context, const std::string& profile, const RotationTracker& tracker,
                         bool* awaiting) {
    const auto& view = tracker.view();
    const std::string why = view.message ? ": " + *view.message : "";
    const std::string what = "generation " + std::to_string(view.generation) + " (" + view.common_name + ")";
    const bool ascii = !context.terminal.out.utf8;
    switch (tracker.end()) {
        case RotationEnd::confirmed:
            print(clean(profile + " uses " + what, ascii) + "\n");
            return boost::system::in_place_value;
        case RotationEnd::awaiting:
            *awaiting = true;
            print(clean(profile + " is disconnected: " + what + " is in force, and confirmed at the next connect",
                        ascii) +
                  "\n");
            return boost::system::in_place_value;
        case RotationEnd::failed: return Problem{Exit::failed, profile + " keeps its key" + why};
        case RotationEnd::reverted: return Problem{Exit::failed, profile + " went back to the key before" + why};
        case RotationEnd::gone: return Problem{Exit::failed, profile + " was removed meanwhile"};
        case RotationEnd::replaced:
            return Problem{Exit::failed, "another rotation of " + profile + " began meanwhile: see memdbctl key show"};
        case RotationEnd::under_way: break;
    }
    return Problem{Exit::timed_out, "the rotation of " + profile + " is not over yet (" + view.phase +
                                        "); the agent goes on, see memdbctl key show " + profile};
}

Outcome<void> request_key(const Context& context) {
    const auto& arguments = context.arguments.keys;
    if (!arguments.out.empty() && exists(arguments.out))
        return Problem{Exit::failed, arguments.out + " is there already: choose another name for the request"};
    const auto snapshot = get_snapshot(context);
    if (snapshot.has_error()) return snapshot.error();
    const auto profile = chosen_profile(context, *snapshot);
    if (profile.has_error()) return profile.error();
    const auto csr = ask_for_request(context, *profile);
    if (csr.has_error()) return csr.error();
    if (arguments.out.empty()) {
        print(csr->pem);
        return boost::system::in_place_value;
    }
    if (const auto written = write_new(arguments.out, csr->pem, 0644); written.has_error()) return written.error();
    print("request for " + csr->common_name + " in " + clean(arguments.out, !context.terminal.out.utf8) +
          "; once it is signed: memdbctl key install CERTFILE " + *profile + "\n");
    return boost::system::in_place_value;
}

Outcome<void> follow_action(const Context& context, const std::string& action, const std::string& body) {
    const TimePoint deadline = now() + context.arguments.keys.timeout;
    auto watch = open_watch(context);
    if (watch.has_error()) return watch.error();
    const auto profile = chosen_profile(context, watch->snapshot);
    if (profile.has_error()) return profile.error();
    bool awaiting = false;
    return follow_rotation(context, std::move(*watch), *profile, action, body, deadline, &awaiting);
}

int finish(const Context& context, const Outcome<void>& done) {
    return done.has_error() ? complain(context, done.error()) : 0;
}

}  // namespace

Outcome<Watch> open_watch(const Context& context) {
    auto reader = EventReader::open(context.client.socket());
    if (reader.has_error()) return reader.error();
    auto first = read_event(*reader, now() + 10s);
    if (first.has_error())
        return first.error().exit == Exit::timed_out ? Problem{Exit::timed_out, "the agent did not answer in time"}
                                                     : first.error();
    auto* taken = std::get_if<control::SnapshotTaken>(&first->change);
    if (taken == nullptr) return Problem{Exit::failed, "the agent's events do not begin with a snapshot"};
    return Watch{std::move(*reader), std::move(taken->snapshot)};
}

Outcome<signers::Csr> ask_for_request(const Context& context, const std::string& profile) {
    const auto& arguments = context.arguments.keys;
    const auto response =
        context.client.request("POST", profile_path(profile, "/key/request"),
                               control::to_json(control::KeyRequest{arguments.reason, arguments.fresh}), kCallLimit);
    if (response.has_error()) return response.error();
    const auto report = control::parse_key_request_report(response->body);
    if (report.has_error())
        return Problem{Exit::failed, "the agent's answer makes no sense: " + report.error().message};
    auto csr = signers::check_csr(report->csr_pem);
    if (csr.has_error()) return Problem{Exit::failed, csr.error().message};
    return std::move(*csr);
}

Outcome<void> follow_rotation(const Context& context, Watch watch, const std::string& profile,
                              const std::string& action, const std::string& body, TimePoint deadline, bool* awaiting) {
    const auto response = context.client.request("POST", profile_path(profile, "/key/" + action), body, kCallLimit);
    if (response.has_error()) return response.error();
    const auto view = control::parse_profile(response->body);
    if (view.has_error() || !view->rotation)
        return Problem{Exit::failed, "the agent's answer makes no sense: " +
                                         (view.has_error() ? view.error().message : "no rotation in it")};
    RotationTracker tracker(profile, *view->rotation);
    std::optional<EventReader> reader = std::move(watch.reader);
    {
        ProgressLine line(context);
        for (;;) {
            for (const auto& step : tracker.take_steps()) {
                if (step.step == "requested") continue;  // was said when it was done
                line.clear();
                print(rotation_step_text(step, !context.terminal.out.utf8));
            }
            if (tracker.end() != RotationEnd::under_way || now() >= deadline) break;
            line.show(profile + ": " + tracker.view().phase);
            if (!reader) reader = open_again(context, deadline);
            if (!reader) continue;
            const auto event =
                read_event(*reader, context.terminal.err_is_one ? std::min(deadline, line.next()) : deadline);
            if (event.has_value())
                tracker.apply(*event);
            else if (event.error().exit == Exit::no_agent)
                reader.reset();  // it restarts, and goes on with the rotation
            else if (event.error().exit != Exit::timed_out)
                return event.error();
        }
    }
    return report_end(context, profile, tracker, awaiting);
}

int run_key_request(Context& context) { return finish(context, request_key(context)); }

int run_key_install(Context& context) {
    Arguments arguments = context.arguments;
    const auto& keys = arguments.keys;
    control::KeyInstall install;
    if (keys.retry) {
        if (keys.second)
            return complain(context, {Exit::usage, "key install --retry takes no certificate: the agent has it"});
        arguments.profile = keys.first;
    } else {
        if (!keys.first) return complain(context, {Exit::usage, "key install needs CERTFILE, or --retry"});
        auto text = read_file(*keys.first);
        if (text.has_error()) return complain(context, text.error());
        install.certificate_pem = std::move(*text);
        arguments.profile = keys.second;
    }
    const Context inner{arguments, context.terminal, context.client};
    return finish(context, follow_action(inner, "install", control::to_json(install)));
}

int run_key_rollback(Context& context) { return finish(context, follow_action(context, "rollback", "{}")); }

}  // namespace memdb::client
