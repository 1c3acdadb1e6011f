// The table of commands. To add one: a row in commands.cpp, a function in a command_*.cpp.
#pragma once

#include "client/arguments.hpp"
#include "client/control_client.hpp"
#include "client/terminal.hpp"
#include "control/api.hpp"
#include "control/event.hpp"

#include <span>
#include <string>

namespace memdb::client {

/// What a command works with. Output goes through print() and complain(), never elsewhere.
struct Context {
    const Arguments& arguments;
    const Terminal& terminal;
    ControlClient client;
};

struct Command {
    Grammar grammar;
    int (*run)(Context&);  ///< returns the exit code
};

std::span<const Command> all_commands();

int run_status(Context& context);
int run_check(Context& context);
int run_doctor(Context& context);
int run_connect(Context& context);
int run_disconnect(Context& context);
int run_reconnect(Context& context);
int run_wait(Context& context);
int run_events(Context& context);
int run_exec(Context& context);
int run_watch(Context& context);
int run_bugreport(Context& context);
int run_notify(Context& context);
int run_ping(Context& context);
int run_profile_import(Context& context);
int run_profile_check(Context& context);  ///< profile import --check
int run_profile_add(Context& context);
int run_profile_list(Context& context);
int run_profile_show(Context& context);
int run_profile_set(Context& context);
int run_profile_remove(Context& context);
int run_pki_init(Context& context);
int run_pki_server(Context& context);
int run_pki_client(Context& context);
int run_pki_revoke(Context& context);
int run_pki_crl(Context& context);
int run_pki_list(Context& context);
int run_rotate(Context& context);
int run_key_request(Context& context);
int run_key_install(Context& context);
int run_key_rollback(Context& context);
int run_key_show(Context& context);
int run_key_crl(Context& context);
int run_aws_plan(Context& context);
int run_aws_apply(Context& context);
int run_aws_status(Context& context);
int run_aws_crl(Context& context);
int run_aws_destroy(Context& context);
int run_auth_push(Context& context);
int run_history(Context& context);
int run_report(Context& context);
int run_completion(Context& context);
int run_version(Context& context);

/// To stdout. A closed pipe ends the program, as for every filter.
void print(std::string_view text);
/// "memdbctl: …" on stderr, one line, cleaned; returns the exit code.
int complain(const Context& context, const Problem& problem);
/// Something worth knowing that is no failure, on stderr.
void warn(const Context& context, std::string_view text);

/// GET /v1/status, parsed.
Outcome<control::Snapshot> get_snapshot(const Context& context);
/// The next event that this version knows. Exit::timed_out with no message when `until` came first.
Outcome<control::Event> read_event(EventReader& reader, std::optional<TimePoint> until);
/// The profile that was named, or the only one. Else a one-line problem that names them all.
Outcome<std::string> chosen_profile(const Context& context, const control::Snapshot& snapshot);
/// "/v1/profiles/P" with what follows.
std::string profile_path(std::string_view profile, std::string_view rest = "");

}  // namespace memdb::client
