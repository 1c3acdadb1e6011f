// history and report.
#include "base/clock.hpp"
#include "client/commands.hpp"
#include "client/local_files.hpp"
#include "client/render_history.hpp"
#include "client/render_report.hpp"
#include "control/api_history.hpp"

#include <string>

namespace memdb::client {
namespace {

constexpr Duration kReadLimit = 30s;

Outcome<Response> ask(const Context& context, const std::string& otherwise) {
    const Arguments& told = context.arguments;
    std::string path = "/v1/history?since=" + percent_encode(told.since.empty() ? otherwise : told.since);
    if (told.profile) path += "&profile=" + percent_encode(*told.profile);
    return context.client.request("GET", path, {}, kReadLimit);
}

Outcome<control::History> parsed(const Response& response) {
    auto history = control::parse_history(response.body);
    if (history.has_error())
        return Problem{Exit::failed, "the agent's answer makes no sense: " + history.error().message};
    return std::move(*history);
}

/// A name that nothing is known of is most often a typing error.
Outcome<void> check_name(const Context& context, const control::History& history) {
    if (!context.arguments.profile || !history.profiles.empty()) return boost::system::in_place_value;
    const auto snapshot = get_snapshot(context);
    if (snapshot.has_error()) return snapshot.error();
    const auto chosen = chosen_profile(context, *snapshot);
    if (chosen.has_error()) return chosen.error();
    return boost::system::in_place_value;
}

}  // namespace

int run_history(Context& context) {
    const auto response = ask(context, "24h");
    if (response.has_error()) return complain(context, response.error());
    if (context.arguments.json) {
        print(response->body + "\n");
        return 0;
    }
    const auto history = parsed(*response);
    if (history.has_error()) return complain(context, history.error());
    if (const auto known = check_name(context, *history); known.has_error()) return complain(context, known.error());
    print(render_history(*history, context.terminal.out, local_time));
    return history->state == control::HistoryState::failed ? 1 : 0;
}

int run_report(Context& context) {
    const auto snapshot = get_snapshot(context);
    if (snapshot.has_error()) return complain(context, snapshot.error());
    if (context.arguments.profile)
        if (const auto chosen = chosen_profile(context, *snapshot); chosen.has_error())
            return complain(context, chosen.error());
    const auto response = ask(context, "7d");
    if (response.has_error()) return complain(context, response.error());
    const auto history = parsed(*response);
    if (history.has_error()) return complain(context, history.error());
    if (history->state != control::HistoryState::on)
        return complain(context, {Exit::failed, "there is no history: " + history->message.value_or("unknown why")});
    const std::string page =
        render_report({*history, *snapshot, context.arguments.profile, wall_now(), MEMDB_VERSION}, local_time);
    if (context.arguments.html == "-") {
        print(page);
        return 0;
    }
    if (const auto written = write_over(context.arguments.html, page, 0644); written.has_error())
        return complain(context, written.error());
    return 0;
}

}  // namespace memdb::client
