// doctor: asks the agent to examine a profile, and shows what it found.
#include "base/clock.hpp"
#include "client/child_process.hpp"
#include "client/command_aws.hpp"
#include "client/commands.hpp"
#include "client/doctor/aws_facts.hpp"
#include "client/doctor/aws_opinion.hpp"
#include "client/offline_exam.hpp"
#include "client/progress_line.hpp"
#include "client/render_doctor.hpp"
#include "control/api_doctor.hpp"
#include "doctor/suspect_catalog.hpp"

#include <sys/stat.h>

#include <cstdlib>

namespace memdb::client {
namespace {

constexpr Duration kLimit = 25s;  // the doctor itself takes 15 s at most
// A dozen questions, each a start of the aws program. Whoever has no patience for them says --no-aws.
constexpr Duration kAwsCallLimit = 10s;
constexpr Duration kAwsLimit = 40s;

Problem no_sense(const Failure& failure) {
    return {Exit::failed, "the agent's answer makes no sense: " + failure.message};
}

/// Follows the checks as they are done, and returns the report.
Outcome<health::DoctorReport> examine(const Context& context, const std::string& profile) {
    ProgressLine progress(context);
    progress.show_now("examining " + profile);
    const TimePoint until = now() + kLimit;
    auto reader = EventReader::open(context.client.socket(), kLimit, "POST", profile_path(profile, "/diagnose"));
    if (reader.has_error()) return reader.error();
    for (;;) {
        const auto line = reader->next_line(until);
        if (line.has_error()) return line.error();
        if (!*line) return Problem{Exit::timed_out, "the doctor did not finish in time: see memdbctl status"};
        auto told = control::parse_doctor_line(**line);
        if (told.has_error() && told.error().code == Errc::bad_input)
            return Problem{Exit::failed, told.error().message};
        if (told.has_error()) return no_sense(told.error());
        if (auto* report = std::get_if<health::DoctorReport>(&*told)) return std::move(*report);
        const auto& check = std::get<health::Check>(*told);
        progress.show_now(check.title + ": " + std::string(to_string(check.state)));
    }
}

/// Whether the user has set anything up that could ask AWS.
bool can_ask_aws(const AwsChoice& wanted) {
    if (!wanted.profile.empty() || !wanted.region.empty()) return true;  // somebody who says so hears why not
    if (find_program("aws").empty()) return false;
    for (const char* name : {"AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_CONFIG_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE"})
        if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return true;
    const char* home = std::getenv("HOME");
    struct stat there {};
    return home != nullptr && ::stat((std::string(home) + "/.aws").c_str(), &there) == 0;
}

/// Where the wire cannot tell causes apart, AWS often can. What it does not tell changes nothing.
void ask_aws_too(const Context& context, const control::ProfileView& profile, health::DoctorReport& report) {
    const doctor::AwsNames names = doctor::aws_names_of(profile);
    if (report.diagnosis.suspects.empty() || names.endpoint_id.empty()) return;
    AwsChoice choice = aws_choice(context.arguments);
    if (!can_ask_aws(choice)) return;
    if (choice.region.empty()) choice.region = names.region;
    ProgressLine progress(context);
    aws::Session session(std::move(choice), {kAwsCallLimit, now() + kAwsLimit});
    const auto facts = ask_aws_facts(session, names, [&](const std::string& what) { progress.show_now(what); });
    progress.clear();
    if (session.interruption()) return end_if_interrupted(*session.interruption());
    if (facts.has_error()) return warn(context, "AWS could not be asked: " + facts.error().message);
    for (const std::string& trouble : facts->trouble) warn(context, trouble);
    const std::string serial = profile.credential ? profile.credential->serial : std::string();
    add_opinion(aws_suspects(*facts, serial, wall_now()), report.diagnosis);
}

Problem with_hint(Problem problem) {
    if (problem.exit == Exit::no_agent)
        problem.message += "; `memdbctl doctor --offline FILE` examines a configuration without it";
    return problem;
}

int show(const Context& context, const Outcome<health::DoctorReport>& report) {
    if (report.has_error()) return complain(context, report.error());
    if (context.arguments.json)
        print(control::to_json(*report) + "\n");
    else
        print(render_doctor(*report, context.terminal.out));
    return report->diagnosis.state == health::CheckState::fail ? 1 : 0;
}

int doctor_offline(const Context& context) {
    const Arguments& arguments = context.arguments;
    const auto report = [&] {
        ProgressLine progress(context);
        return examine_offline({arguments.offline, arguments.cert, arguments.key},
                               [&](std::string_view what) { progress.show_now("examining " + std::string(what)); });
    }();
    return show(context, report);
}

}  // namespace

int run_doctor(Context& context) {
    if (!context.arguments.offline.empty()) return doctor_offline(context);
    const auto snapshot = get_snapshot(context);
    if (snapshot.has_error()) return complain(context, with_hint(snapshot.error()));
    const auto profile = chosen_profile(context, *snapshot);
    if (profile.has_error()) return complain(context, profile.error());
    auto report = examine(context, *profile);
    if (report.has_value() && context.arguments.ask_aws)
        ask_aws_too(context, *find_profile(*snapshot, *profile), *report);
    return show(context, report);
}

}  // namespace memdb::client
