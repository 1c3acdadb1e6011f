// key crl.
#include "client/commands.hpp"
#include "client/crl_upload.hpp"
#include "client/import_files.hpp"
#include "client/render_key.hpp"
#include "keys/revocation_list.hpp"

namespace memdb::client {

int run_key_crl(Context& context) {
    const auto snapshot = get_snapshot(context);
    if (snapshot.has_error()) return complain(context, snapshot.error());
    const auto profile = chosen_profile(context, *snapshot);
    if (profile.has_error()) return complain(context, profile.error());
    const auto bytes = read_bytes(context.arguments.file, keys::kCrlSizeLimit);
    if (bytes.has_error()) return complain(context, bytes.error());
    const auto known = upload_crl(context.client, *profile, *bytes);
    if (known.has_error()) return complain(context, known.error());
    print(render_crl(*profile, *known, context.terminal.out));
    return 0;
}

}  // namespace memdb::client
