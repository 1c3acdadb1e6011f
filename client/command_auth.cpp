// auth push: an IAM token signed as the calling user, with the user's own AWS credentials, and handed to the agent.
#include "base/clock.hpp"
#include "client/aws_credentials.hpp"
#include "client/commands.hpp"
#include "client/text.hpp"
#include "reach/iam_token.hpp"

#include <algorithm>
#include <optional>

namespace memdb::client {
namespace {

constexpr Duration kDueAfter = 5min;  // a token lives for 15 min, and the timer comes every 6

bool uses_iam(const control::ProfileView& profile) {
    return std::ranges::any_of(profile.clusters,
                               [](const control::ClusterView& cluster) { return cluster.iam.has_value(); });
}

bool is_due(const control::IamView& iam, WallTime at) {
    if (iam.mints) return false;  // the agent signs its own
    return !iam.token_signed_at || at - *iam.token_signed_at > kDueAfter || *iam.token_signed_at > at;
}

/// Asks for the caller's credentials once, and only when a token is to be signed.
class Pusher {
  public:
    explicit Pusher(const Context& context) : context_(context) {}

    Outcome<void> push(const std::string& profile, const control::IamView& iam) {
        if (!credentials_) {
            auto found = find_aws_credentials(context_.arguments.pki.aws_profile, wall_now());
            if (found.has_error()) return found.error();
            credentials_ = std::move(*found);
        }
        const std::string& region = context_.arguments.pki.region;
        const reach::IamLogin login{iam.cluster, iam.user, region.empty() ? iam.region : region};
        const Secret<> body(control::token_request_json(reach::mint_iam_token(*credentials_, login, wall_now())));
        const auto response = context_.client.request("POST", profile_path(profile, "/auth"), body.reveal());
        if (response.has_error()) return response.error();
        if (context_.arguments.json) {
            print(response->body + "\n");
            return boost::system::in_place_value;
        }
        const auto report = control::parse_token_report(response->body);
        if (report.has_error())
            return Problem{Exit::failed, "the agent's answer makes no sense: " + report.error().message};
        print(clean(report->profile + ": user " + report->user + " can log in to " + report->cluster + " until " +
                        reach::clock_text(report->expires_at),
                    !context_.terminal.out.utf8) +
              "\n");
        return boost::system::in_place_value;
    }

  private:
    const Context& context_;
    std::optional<reach::AwsCredentials> credentials_;
};

/// Every cluster by IAM of one profile; with --if-due only those whose token is no longer fresh.
Outcome<void> push_all(const Context& context, Pusher& pusher, const control::ProfileView& profile) {
    for (const control::ClusterView& cluster : profile.clusters) {
        if (!cluster.iam || (context.arguments.keys.if_due && !is_due(*cluster.iam, wall_now()))) continue;
        const auto pushed = pusher.push(profile.name, *cluster.iam);
        if (pushed.has_error()) return pushed.error();
    }
    return boost::system::in_place_value;
}

/// --if-due without a name, as the timer runs it: one profile that fails does not keep the others from it, a signal
/// does.
int push_due(const Context& context, Pusher& pusher, const control::Snapshot& snapshot) {
    int exit = 0;
    for (const control::ProfileView& profile : snapshot.profiles) {
        const auto pushed = push_all(context, pusher, profile);
        if (pushed.has_error()) exit = std::max(exit, complain(context, pushed.error()));
        if (pushed.has_error() && pushed.error().signal != 0) break;
    }
    return exit;
}

/// The one that was named, or the only one by IAM.
Outcome<std::string> profile_by_iam(const Context& context, const control::Snapshot& snapshot) {
    std::vector<std::string> by_iam;
    for (const control::ProfileView& profile : snapshot.profiles)
        if (uses_iam(profile)) by_iam.push_back(profile.name);
    if (!context.arguments.profile && by_iam.size() == 1) return by_iam.front();
    auto chosen = chosen_profile(context, snapshot);
    if (chosen.has_error() || uses_iam(*find_profile(snapshot, *chosen))) return chosen;
    return Problem{Exit::failed,
                   *chosen + " does not log in by IAM: memdbctl profile set " + *chosen + " --user USER --iam"};
}

}  // namespace

int run_auth_push(Context& context) {
    const auto snapshot = get_snapshot(context);
    if (snapshot.has_error()) return complain(context, snapshot.error());
    Pusher pusher(context);
    if (context.arguments.keys.if_due && !context.arguments.profile) return push_due(context, pusher, *snapshot);
    const auto profile = profile_by_iam(context, *snapshot);
    if (profile.has_error()) return complain(context, profile.error());
    const auto pushed = push_all(context, pusher, *find_profile(*snapshot, *profile));
    return pushed.has_error() ? complain(context, pushed.error()) : 0;
}

}  // namespace memdb::client
