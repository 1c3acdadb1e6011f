// status and check.
#include "base/clock.hpp"
#include "client/check_line.hpp"
#include "client/commands.hpp"

namespace memdb::client {

int run_status(Context& context) {
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
    const CheckLine line = check_line(*find_profile(*snapshot, *chosen));
    print(line.text);
    return line.exit;
}

}  // namespace memdb::client
