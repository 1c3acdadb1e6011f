#include "client/commands.hpp"

#include "client/text.hpp"

#include <array>
#include <cstdio>

namespace memdb::client {
namespace {

constexpr std::array kStatus = {Option::profile, Option::json};
constexpr std::array kWish = {Option::profile, Option::wait, Option::timeout};
constexpr std::array kWait = {Option::profile, Option::goal, Option::timeout};
constexpr std::array kProfile = {Option::profile};
constexpr std::array kEvents = {Option::follow, Option::json};
constexpr std::array kPing = {Option::profile, Option::count, Option::node, Option::json};
constexpr std::array kImport = {Option::import, Option::json};
constexpr std::array kAdd = {Option::add};
constexpr std::array kList = {Option::json};
constexpr std::array kShow = {Option::profile, Option::json};
constexpr std::array kSet = {Option::profile, Option::set, Option::json};
constexpr std::array kRemove = {Option::profile_required, Option::yes};

constexpr std::array kCommands = {
    Command{{"status", kStatus, "how every profile is, and what to do about it",
             "  memdbctl status\n  memdbctl status demo --json"},
            run_status},
    Command{{"connect", kWish, "bring the tunnel up and keep it up",
             "  memdbctl connect --wait\n  memdbctl connect demo --wait --timeout 1m"},
            run_connect},
    Command{{"disconnect", kWish, "end the tunnel and keep it down", "  memdbctl disconnect demo --wait"},
            run_disconnect},
    Command{{"reconnect", kWish, "restart the tunnel now", "  memdbctl reconnect --wait"}, run_reconnect},
    Command{{"wait", kWait, "return when the profile is reachable (or up, or stopped)",
             "  memdbctl wait && redis-cli ...\n  memdbctl wait demo --for stopped --timeout 10s"},
            run_wait},
    Command{{"check", kProfile, "one line for a monitoring system; exit 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN",
             "  memdbctl check demo"},
            run_check},
    Command{{"events", kEvents, "the findings that stand now; with --follow, every change as it happens",
             "  memdbctl events --follow\n  memdbctl events --follow --json | jq ."},
            run_events},
    Command{{"ping", kPing, "PING every node now, once a second; exit 1 when one failed",
             "  memdbctl ping\n  memdbctl ping demo --count 10 --node "
             "demo-0001-001.demo.abc.memorydb.eu-central-1.amazonaws.com"},
            run_ping},
    Command{{"profile import", kImport, "make a profile from a downloaded Client VPN configuration",
             "  memdbctl profile import downloaded-client-config.ovpn --name demo \\\n    --cert client.crt --key "
             "client.key "
             "--cluster clustercfg.demo.abc.memorydb.eu-central-1.amazonaws.com\n"
             "  memdbctl profile import --check downloaded-client-config.ovpn"},
            run_profile_import},
    Command{{"profile add", kAdd, "make a profile without a tunnel, inside the VPC or a peered one",
             "  memdbctl profile add --direct --name vpc --cluster "
             "clustercfg.demo.abc.memorydb.eu-central-1.amazonaws.com"},
            run_profile_add},
    Command{{"profile list", kList, "one line for each profile", "  memdbctl profile list"}, run_profile_list},
    Command{{"profile show", kShow, "what was imported: clusters, certificate", "  memdbctl profile show demo"},
            run_profile_show},
    Command{{"profile set", kSet, "change clusters, user, password, CA or signer; the tunnel is not touched",
             "  memdbctl profile set demo --user app --password-file app.password\n"
             "  memdbctl profile set --signer pki:/home/me/pki"},
            run_profile_set},
    Command{{"profile remove", kRemove, "disconnect and forget a profile with its key",
             "  memdbctl profile remove demo --yes"},
            run_profile_remove},
    Command{{"version", kList, "of memdbctl and of the agent", "  memdbctl version"}, run_version},
};

}  // namespace

std::span<const Command> all_commands() { return kCommands; }

void print(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

int complain(const Context& context, const Problem& problem) {
    const std::string line = "memdbctl: " + clean(problem.message, !context.terminal.out.utf8) + "\n";
    std::fwrite(line.data(), 1, line.size(), stderr);
    return static_cast<int>(problem.exit);
}

void warn(const Context& context, std::string_view text) {
    const std::string line = "memdbctl: warning: " + clean(text, !context.terminal.out.utf8) + "\n";
    std::fwrite(line.data(), 1, line.size(), stderr);
}

Outcome<control::Snapshot> get_snapshot(const Context& context) {
    const auto response = context.client.request("GET", "/v1/status");
    if (response.has_error()) return response.error();
    auto snapshot = control::parse_snapshot(response->body);
    if (snapshot.has_error())
        return Problem{Exit::failed, "the agent's answer makes no sense: " + snapshot.error().message};
    return std::move(*snapshot);
}

Outcome<std::string> chosen_profile(const Context& context, const control::Snapshot& snapshot) {
    std::string names;
    for (const auto& profile : snapshot.profiles) names += (names.empty() ? "" : ", ") + profile.name;
    if (context.arguments.profile) {
        if (find_profile(snapshot, *context.arguments.profile) != nullptr) return *context.arguments.profile;
        return Problem{Exit::failed, "no profile " + *context.arguments.profile +
                                         (names.empty() ? ": there is none yet, see memdbctl profile import --help"
                                                        : ": there is " + names)};
    }
    if (snapshot.profiles.size() == 1) return snapshot.profiles.front().name;
    if (names.empty()) return Problem{Exit::failed, "no profile yet: see memdbctl profile import --help"};
    return Problem{Exit::usage, "which profile? There is " + names};
}

std::string profile_path(std::string_view profile, std::string_view rest) {
    return "/v1/profiles/" + percent_encode(profile) + std::string(rest);
}

int run_version(Context& context) {
    const auto response = context.client.request("GET", "/v1/status");
    std::string agent = "not running";
    if (response.has_value())
        if (const auto snapshot = control::parse_snapshot(response->body)) agent = clean(snapshot->agent.version, true);
    if (response.has_error() && response.error().exit == Exit::not_permitted) agent = "not permitted to ask";
    if (context.arguments.json) {
        print("{\"memdbctl\":\"" MEMDB_VERSION "\"" +
              (response.has_value() ? ",\"memdbd\":\"" + agent + "\"" : std::string()) + "}\n");
        return 0;
    }
    print("memdbctl " MEMDB_VERSION "\nmemdbd " + agent + "\n");
    return 0;
}

}  // namespace memdb::client
