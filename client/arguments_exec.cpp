#include "client/arguments_exec.hpp"

#include <CLI/CLI.hpp>

namespace memdb::client {
namespace {

std::string check_time(const std::string& text) {
    return parse_duration(text) ? "" : "a time such as 30s, 500ms or 2m is expected";
}

}  // namespace

void add_exec(CLI::App& app, Arguments& into) {
    app.add_option_function<std::string>(
           "--timeout", [&into](const std::string& text) { into.timeout = parse_duration(text).value_or(30s); },
           "how long to wait until it is reachable (default 30s); then exit 125")
        ->check(check_time)
        ->type_name("TIME");
    app.add_option("--password-file", into.password_file,
                   "your file with the user's password, for the command's REDISCLI_AUTH")
        ->type_name("FILE");
    app.add_option("--cluster", into.clusters, "which one, if the profile has several")
        ->expected(1)
        ->allow_extra_args(false)
        ->type_name("CLUSTER");
}

void add_bugreport(CLI::App& app, Arguments& into) {
    app.add_option("--output,-o", into.output,
                   "where it goes; \"-\": nowhere but to stdout (default memdbctl-bugreport-TIME.txt)")
        ->type_name("FILE");
}

}  // namespace memdb::client
