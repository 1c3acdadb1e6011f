// key crl.
#include "client/commands.hpp"
#include "client/crl_upload.hpp"
#include "client/render_key.hpp"

namespace memdb::client {

int run_key_crl(Context& context) {
    const auto snapshot = get_snapshot(context);
    if (snapshot.has_error()) return complain(context, snapshot.error());
    const auto profile = chosen_profile(context, *snapshot);
    if (profile.has_error()) return complain(context, profile.error());
    const auto known = upload_crl_file(context, *profile, context.arguments.file);
    if (known.has_error()) return complain(context, known.error());
    print(render_crl(*profile, *known, context.terminal.out));
    return 0;
}

}  // namespace memdb::client
