// key show.
#include "client/commands.hpp"
#include "client/render_key.hpp"

#include <boost/json.hpp>

#include <string>

namespace memdb::client {
namespace {

/// Of the Snapshot what is about the key, under the same names.
std::string key_json(const control::ProfileView& profile) {
    namespace json = boost::json;
    const json::value all = json::parse(control::to_json(profile));
    json::object shown{{"profile", profile.name}};
    for (const char* const name : {"credential", "rotation"})
        if (const json::value* const value = all.as_object().if_contains(name)) shown[name] = *value;
    return json::serialize(shown);
}

}  // namespace

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
        print(key_json(profile) + "\n");
    else
        print(render_key(profile.name, *profile.credential, context.terminal.out,
                         profile.rotation ? &*profile.rotation : nullptr));
    return 0;
}

}  // namespace memdb::client
