#include "client/arguments_history.hpp"

#include "control/api_history.hpp"

#include <CLI/CLI.hpp>

namespace memdb::client {
namespace {

void add_since(CLI::App& app, Arguments& into, const char* what) {
    app.add_option("--since", into.since, what)
        ->check([](const std::string& text) {
            return std::string(control::parse_since(text)
                                   ? ""
                                   : "a time such as 24h, 90m or 7d is expected, or a moment such as "
                                     "2026-01-31T08:00:00Z");
        })
        ->type_name("TIME");
}

}  // namespace

void add_history(CLI::App& app, Arguments& into) { add_since(app, into, "how far back (default 24h)"); }

void add_report(CLI::App& app, Arguments& into) {
    add_since(app, into, "how far back (default 7d)");
    app.add_option("--html", into.html, "where to write the page; - is standard output")->required()->type_name("FILE");
}

}  // namespace memdb::client
