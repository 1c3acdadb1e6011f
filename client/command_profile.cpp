// profile import, add, list, show, remove.
#include "base/clock.hpp"
#include "client/commands.hpp"
#include "client/confirm.hpp"
#include "client/import_files.hpp"
#include "client/import_sources.hpp"
#include "client/profile_import.hpp"
#include "client/text.hpp"

#include <algorithm>

namespace memdb::client {
namespace {

/// Sends the request, prints what the agent noticed and what to do next.
int send_import(Context& context, const config::ImportRequest& request) {
    const auto report = post_import(context.client, request);
    if (report.has_error()) return complain(context, report.error());
    if (context.arguments.json) {
        print(control::to_json(*report) + "\n");
        return 0;
    }
    for (const auto& warning : report->warnings) warn(context, warning);
    const std::string name = clean(report->name, !context.terminal.out.utf8);
    const bool by_iam = std::ranges::any_of(request.clusters, &config::ClusterRequest::iam);
    print("profile " + name + " is ready; next: " + (by_iam ? "memdbctl auth push " + name + ", then " : "") +
          "memdbctl connect " + name + " --wait\n");
    return 0;
}

}  // namespace

Outcome<config::ImportRequest> import_request_of(const Arguments& arguments) {
    config::ImportRequest request;
    request.name = arguments.name;
    for (const auto& cluster : arguments.clusters)
        request.clusters.push_back({cluster, arguments.user,
                                    arguments.tls ? config::ClusterTls::on : config::ClusterTls::off, arguments.iam,
                                    arguments.iam_cluster, arguments.iam_region});
    if (arguments.user.empty() && !arguments.password_file.empty())
        return Problem{Exit::usage, "--password-file needs --user: the user whose password it is"};
    if (!arguments.password_file.empty()) {
        auto password = read_password_file(arguments.password_file);
        if (password.has_error()) return password.error();
        request.password = std::move(*password);
    }
    if (!arguments.ca.empty()) {
        auto ca = read_file(arguments.ca);
        if (ca.has_error()) return ca.error();
        request.cluster_ca_pem = std::move(*ca);
    }
    return request;
}

Outcome<control::ImportReport> post_import(const ControlClient& client, const config::ImportRequest& request) {
    Secret<> body(control::to_json(request));
    if (body.reveal().size() > control::kBodyLimit)
        return Problem{Exit::failed, "the files are too large together: more than 1 MiB"};
    const auto response = client.request("POST", "/v1/profiles", body.reveal(), 30s);
    body = Secret<>();
    if (response.has_error()) return response.error();
    auto report = control::parse_import_report(response->body);
    if (report.has_error())
        return Problem{Exit::failed, "the agent's answer makes no sense: " + report.error().message};
    return std::move(*report);
}

int run_profile_import(Context& context) {
    const Arguments& arguments = context.arguments;
    if (arguments.check) return run_profile_check(context);
    auto request = import_request_of(arguments);
    if (request.has_error()) return complain(context, request.error());
    auto sources = gather_sources({arguments.file, arguments.cert, arguments.key});
    if (sources.has_error()) return complain(context, sources.error());
    for (const auto& warning : sources->warnings) warn(context, warning);
    request->ovpn_text = std::move(sources->ovpn_text);
    request->ovpn_name = std::move(sources->ovpn_name);
    request->cert_pem = std::move(sources->cert_pem);
    request->key_pem = std::move(sources->key_pem);
    return send_import(context, *request);
}

int run_profile_add(Context& context) {
    auto request = import_request_of(context.arguments);
    if (request.has_error()) return complain(context, request.error());
    request->kind = config::ProfileKind::direct;
    return send_import(context, *request);
}

int run_profile_list(Context& context) {
    if (context.arguments.json) {
        const auto response = context.client.request("GET", "/v1/profiles");
        if (response.has_error()) return complain(context, response.error());
        print(response->body + "\n");
        return 0;
    }
    const auto snapshot = get_snapshot(context);
    if (snapshot.has_error()) return complain(context, snapshot.error());
    print(render_profile_list(*snapshot, context.terminal.out));
    return 0;
}

int run_profile_show(Context& context) {
    const auto snapshot = get_snapshot(context);
    if (snapshot.has_error()) return complain(context, snapshot.error());
    const auto profile = chosen_profile(context, *snapshot);
    if (profile.has_error()) return complain(context, profile.error());
    const auto& view = *find_profile(*snapshot, *profile);
    print(context.arguments.json ? control::to_json(view) + "\n"
                                 : render_profile_facts(view, wall_now(), context.terminal.out));
    return 0;
}

int run_profile_remove(Context& context) {
    const std::string& profile = *context.arguments.profile;
    if (!context.arguments.yes) {
        if (!context.terminal.in_is_one)
            return complain(context, {Exit::usage, "removing " + profile + " deletes its private key: say --yes"});
        if (!confirmed("Remove profile " + clean(profile, true) + " with its private key?"))
            return complain(context, {Exit::failed, "nothing was removed"});
    }
    const auto response = context.client.request("DELETE", profile_path(profile), {}, 30s);
    if (response.has_error()) return complain(context, response.error());
    print("profile " + clean(profile, !context.terminal.out.utf8) + " is removed\n");
    return 0;
}

}  // namespace memdb::client
