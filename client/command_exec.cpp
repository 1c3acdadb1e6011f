// exec: a command that starts when its cluster answers, and that finds its way there in its environment.
//
// memdbctl becomes the command: signals, the terminal and the exit status are its own from then on.
#include "base/clock.hpp"
#include "client/ca_file.hpp"
#include "client/commands.hpp"
#include "client/core_files.hpp"
#include "client/exec_plan.hpp"
#include "client/import_files.hpp"
#include "client/progress_line.hpp"
#include "client/text.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace memdb::client {
namespace {

// As env(1), nohup(1) and timeout(1) have it: these are never the command's own by accident.
constexpr int kOurFailure = 125;
constexpr int kNotExecutable = 126;
constexpr int kNotFound = 127;

constexpr Duration kSettle = 2s;  ///< some nodes answer, others not: after so long it is as good as it gets
constexpr Duration kLook = 1s;    ///< at the latest, whatever the events say

struct Ready {
    control::ProfileView profile;
    control::ClusterView cluster;
};

Outcome<control::ProfileView> get_profile(const Context& context, const std::string& name) {
    const auto response = context.client.request("GET", profile_path(name));
    if (response.has_error()) return response.error();
    auto profile = control::parse_profile(response->body);
    if (profile.has_error())
        return Problem{Exit::failed, "the agent's answer makes no sense: " + profile.error().message};
    return std::move(*profile);
}

std::string cause_of(const control::ProfileView& profile) {
    if (!profile.findings.empty()) {
        const auto& finding = profile.findings.front();
        return finding.code + ": " + finding.summary + (finding.advice.empty() ? "" : "; " + finding.advice);
    }
    if (profile.wanted == control::Wanted::disconnected) return "nobody wants it: memdbctl connect " + profile.name;
    return "see memdbctl status";
}

std::string state_of(const control::ProfileView& profile) {
    const std::string phase = profile.tunnel && profile.tunnel->phase != "up" ? ", " + profile.tunnel->phase : "";
    return std::string(to_string(profile.verdict)) + phase;
}

/// Events only wake it; what is asked after each is the whole truth, that of the one cluster too.
Outcome<Ready> wait_until_ready(const Context& context, const std::string& name) {
    const TimePoint end = now() + context.arguments.timeout;
    const std::string wanted = context.arguments.clusters.empty() ? "" : context.arguments.clusters.front();
    std::optional<EventReader> reader;
    std::optional<TimePoint> settled;
    ProgressLine line(context);
    for (;;) {
        auto profile = get_profile(context, name);
        if (profile.has_error()) return profile.error();
        const auto cluster = choose_cluster(*profile, wanted);
        if (cluster.has_error()) return cluster.error();
        const Readiness readiness = readiness_of(*profile, **cluster);
        const TimePoint at = now();
        if (readiness == Readiness::settling) settled = settled.value_or(at + kSettle);
        if (readiness == Readiness::waiting) settled.reset();
        if (readiness == Readiness::ready || (settled && at >= *settled)) return Ready{*profile, **cluster};
        if (readiness == Readiness::futile && !profile->findings.empty())
            return Problem{Exit::failed, name + " cannot connect: " + cause_of(*profile)};
        if (at >= end)
            return Problem{Exit::timed_out, (*cluster)->endpoint + " is not reachable after " +
                                                duration_text(context.arguments.timeout) + " (" + state_of(*profile) +
                                                "): " + cause_of(*profile)};
        line.show("waiting for " + name + ": " + state_of(*profile));
        if (!reader) {
            auto opened = EventReader::open(context.client.socket());
            if (opened.has_error()) return opened.error();
            reader = std::move(*opened);
        }
        const auto event = read_event(*reader, std::min({end, at + kLook, settled.value_or(end)}));
        if (event.has_error() && event.error().exit != Exit::timed_out) return event.error();
    }
}

Outcome<ExecTarget> target_of(const Context& context, const Ready& ready) {
    ExecTarget target = exec_target(ready.cluster);
    if (!ready.cluster.private_ca || !target.tls) return target;
    const auto pem = context.client.request("GET", profile_path(ready.profile.name, "/ca"));
    if (pem.has_error()) return pem.error();
    auto path = place_ca(pem->body);
    if (path.has_error()) return path.error();
    target.ca_path = std::move(*path);
    return target;
}

void set_variables(const Variables& variables) {
    for (const auto& [name, value] : variables) {
        if (value)
            ::setenv(name.c_str(), value->c_str(), 1);
        else
            ::unsetenv(name.c_str());
    }
}

/// Returns only when there is nothing to become.
int become(const Context& context, std::vector<std::string> words) {
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    restore_core_files();
    ::execvp(argv.front(), argv.data());
    const int error = errno;
    complain(context, {Exit::failed, error == ENOENT ? words.front() + ": no such command"
                                                     : system_failure(words.front(), error).message});
    return error == ENOENT ? kNotFound : kNotExecutable;
}

}  // namespace

int run_exec(Context& context) {
    const auto failed = [&](const Problem& problem) {
        complain(context, problem);
        return kOurFailure;
    };
    if (context.arguments.run.empty())
        return failed({Exit::usage, "which command? memdbctl exec [PROFILE] -- COMMAND...; see memdbctl exec --help"});
    Secret<> password;
    if (!context.arguments.password_file.empty()) {
        auto read = read_guarded_password(context.arguments.password_file);
        if (read.has_error()) return failed(read.error());
        password = std::move(*read);
    }
    const auto snapshot = get_snapshot(context);
    if (snapshot.has_error()) return failed(snapshot.error());
    const auto profile = chosen_profile(context, *snapshot);
    if (profile.has_error()) return failed(profile.error());
    const auto ready = wait_until_ready(context, *profile);
    if (ready.has_error()) return failed(ready.error());
    if (ready->cluster.verdict != health::Verdict::reachable) warn(context, cause_of(ready->profile));
    const auto target = target_of(context, *ready);
    if (target.has_error()) return failed(target.error());
    set_variables(exec_environment(*target));
    if (!password.empty()) ::setenv("REDISCLI_AUTH", password.reveal().c_str(), 1);
    return become(context, exec_arguments(context.arguments.run, *target));
}

}  // namespace memdb::client
