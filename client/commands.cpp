#include "client/commands.hpp"

#include "client/arguments_aws.hpp"
#include "client/arguments_doctor.hpp"
#include "client/arguments_exec.hpp"
#include "client/arguments_history.hpp"
#include "client/arguments_key.hpp"
#include "client/arguments_status.hpp"
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
constexpr std::array kShell = {Option::shell};
constexpr std::array kShow = {Option::profile, Option::json};
constexpr std::array kCrl = {Option::crl_file, Option::profile};
constexpr std::array kSet = {Option::profile, Option::set, Option::json};
constexpr std::array kRemove = {Option::profile_required, Option::yes};
constexpr std::array kYes = {Option::yes};

constexpr std::array kCommands = {
    Command{
        {"status", kStatus, "how every profile is, and what to do about it",
         "  memdbctl status\n  memdbctl status demo --json\n  memdbctl status --format '{name} {verdict} for {for}'",
         add_format},
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
             "  memdbctl check demo --warning-days 30 --critical-days 7", add_thresholds},
            run_check},
    Command{{"doctor", kStatus, "examine everything from this machine to the cluster, name the cause, say what to do",
             "  memdbctl doctor\n  memdbctl doctor demo --json | jq .diagnosis\n"
             "  memdbctl doctor --offline downloaded-client-config.ovpn --cert client.crt      without an agent",
             add_doctor},
            run_doctor},
    Command{{"events", kEvents, "the findings that stand now; with --follow, every change as it happens",
             "  memdbctl events --follow\n  memdbctl events --follow --json | jq ."},
            run_events},
    Command{{"watch", kStatus, "live view of a profile: layers, every node's PINGs, events; ? shows its keys",
             "  memdbctl watch\n  memdbctl watch demo >>demo.log      line by line, where there is no terminal\n"
             "  memdbctl watch --json | jq .      the same as events --follow --json"},
            run_watch},
    Command{{"exec", kProfile, "run a command once the profile is reachable; it finds the cluster in its environment",
             "  memdbctl exec -- redis-cli ping\n"
             "  memdbctl exec demo --password-file app.password -- redis-cli set greeting hello\n"
             "  memdbctl exec demo --timeout 2m -- python3 app.py      reads REDIS_URL and REDISCLI_AUTH",
             add_exec, true},
            run_exec},
    Command{{"ping", kPing, "PING every node now, once a second; exit 1 when one failed",
             "  memdbctl ping\n  memdbctl ping demo --count 10 --node "
             "demo-0001-001.demo.abc.memorydb.eu-central-1.amazonaws.com"},
            run_ping},
    Command{{"history", kStatus, "how reachable a profile was, and every incident with its cause",
             "  memdbctl history\n  memdbctl history demo --since 7d\n"
             "  memdbctl history --since 24h --json | jq .incidents",
             add_history},
            run_history},
    Command{
        {"report", kProfile, "the same as one page of HTML, with plots and certificates, to keep or to send",
         "  memdbctl report --html report.html\n  memdbctl report demo --since 30d --html - >demo.html", add_report},
        run_report},
    Command{{"profile import", kImport, "make a profile from a downloaded Client VPN configuration",
             "  memdbctl profile import downloaded-client-config.ovpn --name demo \\\n    --cert client.crt --key "
             "client.key "
             "--cluster clustercfg.demo.abc.memorydb.eu-central-1.amazonaws.com\n"
             "  memdbctl profile import --check downloaded-client-config.ovpn"},
            run_profile_import},
    Command{{"profile add", kAdd, "make a profile without a tunnel, inside the VPC or a peered one",
             "  memdbctl profile add --direct --name vpc --cluster "
             "clustercfg.demo.abc.memorydb.eu-central-1.amazonaws.com \\\n    --user app --iam"},
            run_profile_add},
    Command{{"profile list", kList, "one line for each profile", "  memdbctl profile list"}, run_profile_list},
    Command{{"profile show", kShow, "what was imported: clusters, certificate", "  memdbctl profile show demo"},
            run_profile_show},
    Command{
        {"profile set", kSet, "change clusters, user, password, CA, signer or revoke-old; the tunnel is not touched",
         "  memdbctl profile set demo --user app --password-file app.password\n"
         "  memdbctl profile set demo --user app --iam && memdbctl auth push demo\n"
         "  memdbctl profile set --signer pki:/home/me/pki --revoke-old on"},
        run_profile_set},
    Command{{"profile remove", kRemove, "disconnect and forget a profile with its key",
             "  memdbctl profile remove demo --yes"},
            run_profile_remove},
    Command{{"rotate", kProfile, "a new key and certificate, proven before it is used; the same as key rotate",
             "  memdbctl rotate demo --signer pki --revoke-old --reason 'lost laptop'\n"
             "  memdbctl rotate --if-due      every profile; this is what the timer memdbctl-rotate runs",
             add_rotate},
            run_rotate},
    Command{{"key rotate", kProfile, "a new key and certificate, proven before it is used",
             "  memdbctl key rotate demo --signer-command /usr/local/bin/sign-csr", add_rotate},
            run_rotate},
    Command{{"key request", kProfile, "a new key in the agent, and the request to have it certified",
             "  memdbctl key request demo --out demo.csr", add_key_request},
            run_key_request},
    Command{{"key install",
             {},
             "bring the certificate for the request; it is checked, proven, put in force",
             "  memdbctl key install demo.crt demo\n  memdbctl key install --retry demo",
             add_key_install},
            run_key_install},
    Command{{"key rollback", kProfile, "back to the key before", "  memdbctl key rollback demo", add_key_rollback},
            run_key_rollback},
    Command{{"pki init",
             {},
             "make a certificate authority; an existing one is never touched",
             "  memdbctl pki init\n  memdbctl pki init --pki /media/stick/pki --cn 'Example VPN CA'",
             add_pki_init},
            run_pki_init},
    Command{{"pki server",
             {},
             "a key and certificate for the endpoint, to import into ACM",
             "  memdbctl pki server vpn.example.com",
             add_pki_server},
            run_pki_server},
    Command{{"pki client",
             {},
             "a key and certificate for a client",
             "  memdbctl pki client laptop --bundle laptop.pem\n"
             "  memdbctl pki client laptop --bundle laptop.ovpn --ovpn downloaded-client-config.ovpn",
             add_pki_client},
            run_pki_client},
    Command{{"pki revoke", kYes, "revoke a certificate and renew the revocation list",
             "  memdbctl pki revoke laptop --reason keyCompromise --profile demo\n"
             "  memdbctl pki crl --publish cvpn-endpoint-0123456789abcdef0      then the endpoint knows it, too",
             add_pki_revoke},
            run_pki_revoke},
    Command{{"pki crl",
             {},
             "renew the revocation list, and hand it to AWS and to the agent",
             "  memdbctl pki crl --days 365\n"
             "  memdbctl pki crl --publish cvpn-endpoint-0123456789abcdef0 --region eu-central-1 --profile demo",
             add_pki_crl},
            run_pki_crl},
    Command{{"pki list", kList, "every certificate: what it is for, its state, its days left",
             "  memdbctl pki list\n  memdbctl pki list --json | jq .", add_pki_list},
            run_pki_list},
    Command{{"key show", kShow, "the certificate in force, its CA, how long they last, and whether it is revoked",
             "  memdbctl key show\n  memdbctl key show demo --json | jq .credential.fingerprint"},
            run_key_show},
    Command{{"key crl", kCrl, "tell the agent which certificates are revoked, so that it warns in time",
             "  memdbctl key crl pki/crl.pem demo"},
            run_key_crl},
    Command{
        {"aws plan", kList, "what apply would do, and why; changes nothing",
         "  memdbctl aws plan --cluster demo --region eu-central-1\n  memdbctl aws plan --cluster demo --json | jq .",
         add_aws_plan},
        run_aws_plan},
    Command{{"aws apply", kYes, "make it so: from the security group to a PING; run it again at any time",
             "  memdbctl aws apply --cluster demo --user app --password-file app.password\n"
             "  memdbctl aws apply --cluster demo --allow nodes --log-group /vpn/demo --yes\n"
             "  memdbctl aws apply --cluster demo --direct --source sg-0123456789abcdef0    from instances, no VPN",
             add_aws_apply},
            run_aws_apply},
    Command{{"aws status", kList, "every object with its state, connections, the revocation list, costs",
             "  memdbctl aws status --cluster demo", add_aws_status},
            run_aws_status},
    Command{{"aws crl", kYes, "revoke a client, renew the revocation list, and give it to the endpoint",
             "  memdbctl aws crl --cluster demo --revoke laptop --reason keyCompromise --disconnect\n"
             "  memdbctl aws crl --cluster demo --days 365      only renew it, before it ends",
             add_aws_crl},
            run_aws_crl},
    Command{{"aws destroy", kYes, "remove what apply made, and only that; the PKI stays",
             "  memdbctl aws destroy --cluster demo", add_aws_destroy},
            run_aws_destroy},
    Command{{"auth push", kShow, "sign an IAM token with your AWS credentials and hand it to the agent, for 15 minutes",
             "  memdbctl auth push demo --aws-profile work\n"
             "  memdbctl auth push --if-due      every profile; this is what the timer memdbctl-auth runs\n"
             "  systemctl --user enable --now memdbctl-auth.timer",
             add_auth_push},
            run_auth_push},
    Command{{"bugreport", kYes, "what a maintainer asks for first, in one file without secrets; you read it before",
             "  memdbctl bugreport\n  memdbctl bugreport --output - | less\n"
             "  memdbctl bugreport --output report.txt --yes      unseen, for a script",
             add_bugreport},
            run_bugreport},
    Command{{"notify",
             {},
             "desktop notifications: not reachable for 30 s, reachable again, a certificate that ends",
             "  systemctl --user enable --now memdbctl-notify.service"},
            run_notify},
    Command{{"completion", kShell, "print the script that completes memdbctl in a shell; the packages bring all three",
             "  source <(memdbctl completion bash)\n  source <(memdbctl completion zsh)\n"
             "  memdbctl completion fish >~/.config/fish/completions/memdbctl.fish",
             nullptr, true},
            run_completion},
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

Outcome<control::Event> read_event(EventReader& reader, std::optional<TimePoint> until) {
    for (;;) {
        auto line = reader.next_line(until);
        if (line.has_error()) return line.error();
        if (!*line) return Problem{Exit::timed_out, ""};
        auto event = control::parse_event(**line);
        if (event.has_value()) return std::move(*event);
        if (event.error().code != Errc::not_found)
            return Problem{Exit::failed, "the agent's answer makes no sense: " + event.error().message};
    }
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
