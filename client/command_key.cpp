// key show.
#include "client/commands.hpp"
#include "client/render_key.hpp"

#include <boost/json.hpp>

namespace memdb::client {

int run_key_show(Context& context) {
    const auto snapshot = get_snapshot(context);
    if (snapshot.has_error()) return complain(context, snapshot.error());
    const auto chosen = chosen_profile(context, *snapshot);
    if (chosen.has_error()) return complain(context, chosen.error());
    const control::ProfileView& profile = *find_profile(*snapshot, *chosen);
    if (!profile.credential) {
        const bool direct = profile.kind == "direct";
        return complain(context, {Exit::failed, profile.name + (direct ? " is a direct profile: it has no certificate"
                                                                       : " has no certificate that can be used: see "
                                                                         "memdbctl status " +
                                                                             profile.name)});
    }
    if (context.arguments.json)
        print("{\"profile\":" + boost::json::serialize(boost::json::value(profile.name)) +
              ",\"credential\":" + control::to_json(*profile.credential) + "}\n");
    else
        print(render_key(profile.name, *profile.credential, context.terminal.out));
    return 0;
}

}  // namespace memdb::client
