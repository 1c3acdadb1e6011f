// profile set: what the command line names becomes one PATCH; files are read as the calling user.
#include "client/commands.hpp"
#include "client/import_files.hpp"
#include "client/text.hpp"

namespace memdb::client {
namespace {

Outcome<config::ProfileChange> change_of(const Arguments& arguments) {
    config::ProfileChange change;
    if (!arguments.clusters.empty()) {
        auto& clusters = change.clusters.emplace();
        for (const auto& cluster : arguments.clusters) clusters.push_back({cluster, {}});
    }
    if (!arguments.user.empty() || arguments.no_user) change.user = arguments.user;
    if (!arguments.password_file.empty()) {
        auto password = read_password_file(arguments.password_file);
        if (password.has_error()) return password.error();
        change.password = std::move(*password);
    }
    if (arguments.iam) change.auth = config::UserAuth::iam;
    if (!arguments.iam_cluster.empty()) change.iam_cluster = arguments.iam_cluster;
    if (!arguments.iam_region.empty()) change.iam_region = arguments.iam_region;
    if (arguments.no_ca) change.cluster_ca_pem.emplace();
    if (!arguments.ca.empty()) {
        auto ca = read_file(arguments.ca);
        if (ca.has_error()) return ca.error();
        change.cluster_ca_pem = std::move(*ca);
    }
    if (!arguments.signer.empty()) change.signer = arguments.signer;
    change.revoke_old = arguments.revoke_old;
    return change;
}

}  // namespace

int run_profile_set(Context& context) {
    const auto change = change_of(context.arguments);
    if (change.has_error()) return complain(context, change.error());
    const auto snapshot = get_snapshot(context);
    if (snapshot.has_error()) return complain(context, snapshot.error());
    const auto profile = chosen_profile(context, *snapshot);
    if (profile.has_error()) return complain(context, profile.error());
    const Secret<> body(control::to_json(*change));
    const auto response = context.client.request("PATCH", profile_path(*profile), body.reveal(), 30s);
    if (response.has_error()) return complain(context, response.error());
    const std::string name = clean(*profile, !context.terminal.out.utf8);
    print(context.arguments.json ? response->body + "\n" : "profile " + name + " is changed\n");
    return 0;
}

}  // namespace memdb::client
