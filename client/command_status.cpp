// status and check.
#include "base/clock.hpp"
#include "client/check_line.hpp"
#include "client/commands.hpp"
#include "client/status_format.hpp"

namespace memdb::client {

namespace {

/// Without an agent the line is there all the same, and the exit code says it: a bar shows what it is told, nothing
/// else.
int print_formatted(Context& context) {
    const std::string& format = *context.arguments.format;
    const auto& wanted = context.arguments.profile;
    const auto snapshot = get_snapshot(context);
    if (snapshot.has_error()) {
        print(format_unknown(format, wanted.value_or(""), snapshot.error().message));
        return static_cast<int>(snapshot.error().exit);
    }
    if (wanted) {
        const auto chosen = chosen_profile(context, *snapshot);
        if (chosen.has_error()) return complain(context, chosen.error());
    }
    for (const auto& profile : snapshot->profiles)
        if (!wanted || profile.name == *wanted) print(format_profile(format, profile, wall_now()));
    return 0;
}

}  // namespace

int run_status(Context& context) {
    if (context.arguments.format) return print_formatted(context);
    if (context.arguments.json) {
        const std::string path = context.arguments.profile ? profile_path(*context.arguments.profile) : "/v1/status";
        const auto response = context.client.request("GET", path);
        if (response.has_error()) return complain(context, response.error());
        print(response->body + "\n");
        return 0;
    }
    const auto snapshot = get_snapshot(context);
    if (snapshot.has_error()) return complain(context, snapshot.error());
    std::optional<std::string> only;
    if (context.arguments.profile) {
        const auto chosen = chosen_profile(context, *snapshot);
        if (chosen.has_error()) return complain(context, chosen.error());
        only = *chosen;
    }
    print(render_status(*snapshot, only ? &*only : nullptr, wall_now(), context.terminal.out));
    return 0;
}

int run_check(Context& context) {
    const auto unknown = [](std::string_view why) {
        print("MEMDB UNKNOWN - " + std::string(why) + "\n");
        return 3;
    };
    const auto snapshot = get_snapshot(context);
    if (snapshot.has_error()) return unknown(snapshot.error().message);
    const auto chosen = chosen_profile(context, *snapshot);
    if (chosen.has_error()) return unknown(chosen.error().message);
    const CheckLine line = check_line(*find_profile(*snapshot, *chosen),
                                      {context.arguments.warning_days, context.arguments.critical_days});
    print(line.text);
    return line.exit;
}

}  // namespace memdb::client
