#include "client/arguments_status.hpp"

#include "client/status_format.hpp"

#include <CLI/CLI.hpp>

namespace memdb::client {

void add_format(CLI::App& app, Arguments& into) {
    app.add_option("--format", into.format, "one line for each profile, for prompts and bars: '{name} {verdict}'")
        ->check(check_format)
        ->excludes(app.get_option("--json"))
        ->type_name("TEXT");
}

void add_thresholds(CLI::App& app, Arguments& into) {
    app.add_option("--warning-days", into.warning_days, "WARNING when the certificate has fewer days left")
        ->check(CLI::Range(0u, 36500u))
        ->type_name("N");
    app.add_option("--critical-days", into.critical_days, "CRITICAL when it has fewer")
        ->check(CLI::Range(0u, 36500u))
        ->type_name("N");
}

}  // namespace memdb::client
