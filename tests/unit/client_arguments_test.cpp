#include "client/arguments.hpp"

#include "client/commands.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace memdb::client {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

Parsed parse(const std::string& line) {
    std::vector<std::string> words;
    std::istringstream in(line);
    for (std::string word; in >> word;) words.push_back(word);
    std::vector<Grammar> grammars;
    for (const Command& command : all_commands()) grammars.push_back(command.grammar);
    return parse_arguments(words, grammars, "/run/s");
}

std::string command_of(const Parsed& parsed) {
    return parsed.command ? std::string(all_commands()[*parsed.command].grammar.name) : "none: " + parsed.error;
}

TEST(Arguments, every_command_is_found) {
    const std::pair<const char*, const char*> rows[] = {
        {"status", "status"},
        {"status demo --json", "status"},
        {"--socket /x status", "status"},
        {"status --socket /x", "status"},
        {"connect --wait --timeout 30s", "connect"},
        {"disconnect demo", "disconnect"},
        {"reconnect", "reconnect"},
        {"wait --for up", "wait"},
        {"check demo", "check"},
        {"events --follow --json", "events"},
        {"ping --count 3 --node n", "ping"},
        {"profile import f --name n --cluster c", "profile import"},
        {"profile add --direct --name n --cluster c", "profile add"},
        {"profile list", "profile list"},
        {"key show demo --json", "key show"},
        {"key crl crl.pem demo", "key crl"},
        {"key crl crl.pem", "key crl"},
        {"profile show", "profile show"},
        {"profile remove demo --yes", "profile remove"},
        {"pki init --cn x --days 10", "pki init"},
        {"pki server vpn.test --san a.test --pki d", "pki server"},
        {"pki client c1 --bundle b --ovpn o --easyrsa e", "pki client"},
        {"pki revoke c1 --reason superseded --yes", "pki revoke"},
        {"pki crl --publish cvpn-endpoint-0123 --region r --aws-profile p", "pki crl"},
        {"pki list --json", "pki list"},
        {"auth push --if-due", "auth push"},
        {"auth push demo --aws-profile work --region eu-central-1 --json", "auth push"},
        {"profile set --iam --user u", "profile set"},
        {"version", "version"},
    };
    for (const auto& [line, command] : rows) EXPECT_EQ(command_of(parse(line)), command) << line;
}

TEST(Arguments, values_arrive) {
    const auto wish = parse("connect demo --wait --timeout 2m --socket /x").arguments;
    EXPECT_EQ(wish.profile, "demo");
    EXPECT_TRUE(wish.wait);
    EXPECT_EQ(wish.timeout, 2min);
    EXPECT_EQ(wish.socket, "/x");
    EXPECT_EQ(parse("connect").arguments.timeout, 30s);
    EXPECT_EQ(parse("connect").arguments.socket, "/run/s");
    EXPECT_EQ(parse("wait --for stopped").arguments.goal, Goal::stopped);
    EXPECT_EQ(parse("wait").arguments.goal, Goal::reachable);
    const auto import = parse(
                            "profile import --cluster a:1 --cluster b f.ovpn --name n --cert c --key k --user u "
                            "--password-file p --ca x --tls off")
                            .arguments;
    EXPECT_EQ(import.file, "f.ovpn");
    EXPECT_THAT(import.clusters, testing::ElementsAre("a:1", "b"));
    EXPECT_EQ(import.cert + import.key + import.user + import.password_file + import.ca, "ckupx");
    EXPECT_FALSE(import.tls);
    const auto by_iam =
        parse("profile add --direct --name n --cluster c --user u --iam --iam-cluster d --iam-region r");
    EXPECT_TRUE(by_iam.arguments.iam);
    EXPECT_EQ(by_iam.arguments.iam_cluster + by_iam.arguments.iam_region, "dr");
    EXPECT_TRUE(parse("auth push --if-due").arguments.keys.if_due);
}

TEST(Arguments, mistakes_are_one_line_and_exit_2_or_3_for_check) {
    const std::pair<const char*, const char*> rows[] = {
        {"", "what shall it do?"},
        {"nonsense", "unexpected argument: nonsense; see memdbctl --help"},
        {"status --bogus", "unexpected argument: --bogus; see memdbctl status --help"},
        {"status a b", "unexpected argument: b; see memdbctl status --help"},
        {"profile delete demo", "no such command: profile delete; see memdbctl profile --help"},
        {"profile", "which of its commands?; see memdbctl profile --help"},
        {"profile import f --name n", "--cluster is required; see memdbctl profile import --help"},
        {"profile import --name n --cluster c", "FILE is required; see memdbctl profile import --help"},
        {"profile add --name n --cluster c", "--direct is required"},
        {"profile remove", "PROFILE is required"},
        {"wait --timeout 5", "--timeout: a time such as 30s, 500ms or 2m is expected"},
        {"wait --for breakfast", "--for: breakfast not in"},
        {"ping --count 0", "--count: "},
        {"ping --count many", "--count: "},
        {"profile set --iam --password-file f", "--password-file excludes --iam"},
        {"profile set --iam --no-user", "--iam excludes --no-user"},
        {"profile add --direct --name n --cluster c --iam --password-file f", "--password-file excludes --iam"},
        {"auth", "which of its commands?; see memdbctl auth --help"},
        {"auth push --region -x", "--region: "},
    };
    for (const auto& [line, error] : rows) {
        const Parsed parsed = parse(line);
        EXPECT_FALSE(parsed.command) << line;
        EXPECT_THAT(parsed.error, StartsWith(error)) << line;
        EXPECT_EQ(parsed.error.find('\n'), std::string::npos);
        EXPECT_EQ(parsed.exit, 2);
    }
    EXPECT_EQ(parse("check --bogus").exit, 3);
    EXPECT_EQ(parse("check --warning-days soon").exit, 3);
}

TEST(Arguments, the_version_is_told_without_the_agent) {
    for (const char* line : {"--version", "status --version"}) {
        const Parsed parsed = parse(line);
        EXPECT_EQ(parsed.out, "memdbctl " MEMDB_VERSION "\n") << line;
        EXPECT_EQ(parsed.exit, 0);
        EXPECT_FALSE(parsed.command);
    }
}

TEST(Arguments, help_of_every_command_has_examples) {
    EXPECT_THAT(parse("--help").out, HasSubstr("exit codes: 0 done, 1 failed"));
    for (const Command& command : all_commands()) {
        const Parsed parsed = parse(std::string(command.grammar.name) + " --help");
        EXPECT_EQ(parsed.exit, 0);
        EXPECT_THAT(parsed.out, HasSubstr("examples:\n"));
        EXPECT_THAT(parsed.out, HasSubstr("Usage: memdbctl " + std::string(command.grammar.name) + " "));
        EXPECT_THAT(parse("--help-all").out, HasSubstr(std::string(command.grammar.summary)));
    }
}

TEST(Arguments, times_need_a_unit) {
    EXPECT_EQ(parse_duration("30s"), 30s);
    EXPECT_EQ(parse_duration("500ms"), 500ms);
    EXPECT_EQ(parse_duration("2m"), 2min);
    EXPECT_EQ(parse_duration("1h"), 1h);
    EXPECT_EQ(parse_duration("24h"), 24h);
    for (const auto* wrong : {"", "30", "s", "-1s", "0s", "1.5s", "30 s", "30sec", "25h", "99999999999999999999s"})
        EXPECT_EQ(parse_duration(wrong), std::nullopt) << wrong;
}

}  // namespace
}  // namespace memdb::client
