#include "config/settings_parser.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>

namespace memdb::config {
namespace {

std::string shipped_file() {
    std::ifstream file(MEMDB_SOURCE_DIR "/config/memdbd.toml");
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

std::string refusal(std::string_view text) {
    const auto settings = parse_settings(text, "memdbd.toml");
    return settings ? "accepted" : settings.error().message;
}

TEST(SettingsParser, an_empty_file_is_the_defaults) {
    const auto settings = parse_settings("", "memdbd.toml");
    ASSERT_TRUE(settings);
    EXPECT_EQ(*settings, Settings{});
}

/// One key of the shipped file: `#key = value  # words (MIN to MAX…`.
struct Shipped {
    std::string table, key, range;
};

std::vector<Shipped> shipped_keys() {
    std::vector<Shipped> keys;
    std::istringstream lines(shipped_file());
    std::string table;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("[")) table = line.substr(1, line.find(']') - 1);
        const auto equals = line.find(" = ");
        if (!line.starts_with("#") || line.starts_with("# ") || equals == std::string::npos) continue;
        const auto open = line.find('(', line.find('#', 1));
        keys.push_back({table, line.substr(1, equals - 1), open == std::string::npos ? "" : line.substr(open + 1)});
    }
    return keys;
}

TEST(SettingsParser, the_shipped_file_is_the_defaults_as_it_is_and_with_every_key_switched_on) {
    const std::string text = shipped_file();
    std::string switched_on;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        const bool key = line.starts_with("#") && !line.starts_with("# ");
        switched_on += (key ? line.substr(1) : line) + "\n";
    }
    ASSERT_NE(text, switched_on);

    for (const auto& version : {text, switched_on}) {
        const auto settings = parse_settings(version, "memdbd.toml");
        ASSERT_TRUE(settings) << settings.error().message;
        EXPECT_EQ(*settings, Settings{});
    }
}

TEST(SettingsParser, the_shipped_file_names_every_key_once) {
    std::vector<std::string> named;
    for (const Shipped& row : shipped_keys()) named.push_back(row.table + "." + row.key);
    EXPECT_THAT(named, testing::UnorderedElementsAreArray(settings_keys()));
}

TEST(SettingsParser, the_ranges_in_the_shipped_file_are_the_ranges_in_force) {
    int ranges = 0;
    for (const Shipped& row : shipped_keys()) {
        long long min = 0;
        long long max = 0;
        if (std::sscanf(row.range.c_str(), "%lld to %lld", &min, &max) != 2) continue;
        ++ranges;
        for (const long long outside : {min - 1, max + 1}) {
            const std::string text = "[" + row.table + "]\n" + row.key + " = " + std::to_string(outside);
            EXPECT_EQ(refusal(text), "memdbd.toml:2: " + row.table + "." + row.key + ": must be between " +
                                         std::to_string(min) + " and " + std::to_string(max) + ", is " +
                                         std::to_string(outside));
        }
    }
    EXPECT_EQ(ranges, 35);
}

TEST(SettingsParser, every_value_reaches_its_field) {
    const auto settings = parse_settings(R"(
[log]
level = "debug"
[control]
group = "wheel"
control_group = "memdb-admin"
connection_limit = 32
user_limit = 3
root_reserve = 2
request_limit_s = 7
[openvpn]
program = "/opt/openvpn/sbin/openvpn"
[tunnel]
resolve_limit_ms = 1001
attempt_limit_s = 31
longest_backoff_s = 11
session_limit_h = 12
renew_before_s = 600
[dns]
apply = false
domains = "pushed"
more = ["Corp.Example.", "internal"]
[iam]
reauth_s = 5
credentials = "credential:aws"
[history]
keep = false
keep_days = 7
size_limit_mib = 20
[probe]
sentinel_interval_ms = 200
bulk_limit_ms = 900
bulk_interval_s = 7
topology_interval_s = 5
)",
                                         "memdbd.toml");
    ASSERT_TRUE(settings) << settings.error().message;
    EXPECT_EQ(settings->history, (HistorySettings{false, 24h * 7, 20}));
    EXPECT_EQ(settings->log.level, LogLevel::debug);
    EXPECT_EQ(settings->control.group, "wheel");
    EXPECT_EQ(settings->control.control_group, "memdb-admin");
    EXPECT_EQ(settings->control.connection_limit, 32u);
    EXPECT_EQ(settings->control.user_limit, 3u);
    EXPECT_EQ(settings->control.root_reserve, 2u);
    EXPECT_EQ(settings->control.request_limit, 7s);
    EXPECT_EQ(settings->openvpn.program, "/opt/openvpn/sbin/openvpn");
    EXPECT_EQ(settings->tunnel.resolve_limit, 1001ms);
    EXPECT_EQ(settings->tunnel.attempt_limit, 31s);
    EXPECT_EQ(settings->tunnel.longest_backoff, 11s);
    EXPECT_EQ(settings->tunnel.session_limit, 12h);
    EXPECT_EQ(settings->tunnel.renew_before, 600s);
    EXPECT_EQ(settings->dns, (DnsSettings{false, DnsDomains::pushed, {"corp.example", "internal"}}));
    EXPECT_EQ(settings->probe.reauth_after, 5s);
    EXPECT_EQ(settings->iam.credentials, (PasswordSource{PasswordPlace::credential, "aws"}));
    EXPECT_EQ(settings->probe.sentinel_interval, 200ms);
    EXPECT_EQ(settings->probe.bulk_limit, 900ms);
    EXPECT_EQ(settings->probe.bulk_interval, 7s);
    EXPECT_EQ(settings->probe.topology_interval, 5s);
}

TEST(SettingsParser, metrics_listen_on_a_loopback_address_only) {
    for (const auto& [text, host, port] : {std::tuple{"127.0.0.1:9464", "127.0.0.1", 9464},
                                           {"127.255.0.3:1024", "127.255.0.3", 1024},
                                           {"[::1]:65535", "::1", 65535}}) {
        const auto settings = parse_settings("[metrics]\nlisten = \"" + std::string(text) + "\"", "memdbd.toml");
        ASSERT_TRUE(settings) << settings.error().message;
        EXPECT_EQ(settings->metrics.listen, (Endpoint{host, static_cast<std::uint16_t>(port)}));
    }
}

TEST(SettingsParser, says_file_line_key_and_reason) {
    struct Row {
        std::string_view text;
        std::string message;
    };
    const std::string kLoopback =
        "must be empty or a loopback address with a port from 1024 on, such as \"127.0.0.1:9464\" or \"[::1]:9464\"";
    // clang-format off
    const Row rows[] = {
        {"[probe]\nsentinel_interval_ms = 5",        "memdbd.toml:2: probe.sentinel_interval_ms: must be between 100 and 60000, is 5"},
        {"[probe]\n\nsentinel_interval = 5",         "memdbd.toml:3: probe.sentinel_interval: unknown key"},
        {"[probe]\ntcp_limit_ms = \"2s\"",           "memdbd.toml:2: probe.tcp_limit_ms: must be an integer, is a string"},
        {"[probe]\ntcp_limit_ms = 2.5",              "memdbd.toml:2: probe.tcp_limit_ms: must be an integer, is a number with a fraction"},
        {"[probe]\ntcp_limit_ms = true",             "memdbd.toml:2: probe.tcp_limit_ms: must be an integer, is true or false"},
        {"[probe]\ntcp_limit_ms = [1]",              "memdbd.toml:2: probe.tcp_limit_ms: must be an integer, is an array"},
        {"[probe]\ntcp_limit_ms = 2020-01-01",       "memdbd.toml:2: probe.tcp_limit_ms: must be an integer, is a date or time"},
        {"[prob]\ntcp_limit_ms = 1",                 "memdbd.toml:1: prob: unknown table"},
        {"probe = 1",                                "memdbd.toml:1: probe: must be a table, is an integer"},
        {"sentinel_interval_ms = 1000",              "memdbd.toml:1: sentinel_interval_ms: unknown key"},
        {"[log]\nlevel = \"loud\"",                  "memdbd.toml:2: log.level: must be error, warning, info, debug or trace, is \"loud\""},
        {"[log]\nlevel = 1",                         "memdbd.toml:2: log.level: must be a string, is an integer"},
        {"[control]\ngroup = \"\"",                  "memdbd.toml:2: control.group: must be the name of a group, is \"\""},
        {"[control]\ngroup = \"a b\"",               "memdbd.toml:2: control.group: must be the name of a group, is \"a b\""},
        {"[control]\ncontrol_group = \"-\"",         "memdbd.toml:2: control.control_group: must be the name of a group, or empty, is \"-\""},
        {"[control]\nconnection_limit = 8",          "memdbd.toml: control.root_reserve: must be smaller than control.connection_limit"},
        {"[metrics]\nlisten = \"0.0.0.0:9464\"",   "memdbd.toml:2: metrics.listen: " + kLoopback + ", is \"0.0.0.0:9464\""},
        {"[metrics]\nlisten = \"localhost:9464\"", "memdbd.toml:2: metrics.listen: " + kLoopback + ", is \"localhost:9464\""},
        {"[metrics]\nlisten = \"127.0.0.1\"",      "memdbd.toml:2: metrics.listen: " + kLoopback + ", is \"127.0.0.1\""},
        {"[metrics]\nlisten = \"127.0.0.1:80\"",   "memdbd.toml:2: metrics.listen: " + kLoopback + ", is \"127.0.0.1:80\""},
        {"[metrics]\nlisten = \"[fe80::1]:9464\"", "memdbd.toml:2: metrics.listen: " + kLoopback + ", is \"[fe80::1]:9464\""},
        {"[metrics]\nlisten = \"9464\"",           "memdbd.toml:2: metrics.listen: " + kLoopback + ", is \"9464\""},
        {"[metrics]\nlisten = 9464",               "memdbd.toml:2: metrics.listen: must be a string, is an integer"},
        {"[openvpn]\nprogram = \"openvpn\"",         "memdbd.toml:2: openvpn.program: must be an absolute path, is \"openvpn\""},
        {"[openvpn]\nprogram = \"/x\\n\"",           "memdbd.toml:2: openvpn.program: must be an absolute path, is \"/x\\x0A\""},
        {"[tunnel]\nlongest_backoff_s = 1\nfirst_backoff_ms = 1001",
                                                     "memdbd.toml:3: tunnel.first_backoff_ms: must not be longer than tunnel.longest_backoff_s"},
        {"[tunnel]\nattempt_limit_s = 7",            "memdbd.toml: tunnel.silence_limit_ms: must not be longer than tunnel.attempt_limit_s"},
        {"[tunnel]\nsession_limit_h = 1\nrenew_before_s = 3600",
                                                     "memdbd.toml:3: tunnel.renew_before_s: must be shorter than tunnel.session_limit_h"},
        {"[tunnel]\nsession_limit_h = 0\nrenew_before_s = 60",
                                                     "memdbd.toml:3: tunnel.renew_before_s: must be shorter than tunnel.session_limit_h"},
        {"[dns]\napply = 1",                          "memdbd.toml:2: dns.apply: must be true or false, is an integer"},
        {"[dns]\ndomains = \"none\"",                 "memdbd.toml:2: dns.domains: must be cluster, pushed or all, is \"none\""},
        {"[dns]\nmore = \"corp.example\"",            "memdbd.toml:2: dns.more: must be an array of strings, is a string"},
        {"[dns]\nmore = [1]",                         "memdbd.toml:2: dns.more: must be a string, is an integer"},
        {"[dns]\nmore = [\"a.test\", \"a b\"]",       "memdbd.toml:2: dns.more: must be names' endings such as \"corp.example\", has \"a b\""},
        {"[dns]\nmore = [\"10.0.0.1\"]",              "memdbd.toml:2: dns.more: must be names' endings such as \"corp.example\", has \"10.0.0.1\""},
        {"[iam]\ncredentials = \"AKIASECRET\"",     "memdbd.toml:2: iam.credentials: must be empty or \"credential:NAME\""},
        {"[iam]\ncredentials = \"/etc/keys\"",     "memdbd.toml:2: iam.credentials: must be empty or \"credential:NAME\""},
        {"[iam]\nreauth_s = 43201",                "memdbd.toml:2: iam.reauth_s: must be between 1 and 43200, is 43201"},
        {"[passwords]\ndev = \"secret\"",           "memdbd.toml:2: passwords.dev: must be \"credential:NAME\" or an absolute path; the password itself does not belong here"},
        {"[passwords]\ndev = \"credential:../x\"",  "memdbd.toml:2: passwords.dev: the name of a credential must be that of one file: no slash, not . or .."},
        {"[passwords]\ndev = 1",                    "memdbd.toml:2: passwords.dev: must be a string, is an integer"},
        {"[passwords]\nDev = \"/x\"",               "memdbd.toml:2: passwords.Dev: \"Dev\" cannot be a profile's name: use at most 32 of a-z 0-9 . _ - and begin with a letter or digit"},
        {"[passwords]\na.b = \"/x\"",               "memdbd.toml:2: passwords.a: must be a string, is a table"},
        {"passwords = \"/x\"",                      "memdbd.toml:1: passwords: must be a table, is a string"},
        {"[probe]\n\"a\\u001b[31m\" = 1",            "memdbd.toml:2: probe.a\\x1B[31m: unknown key"},
    };
    // clang-format on
    for (const Row& row : rows) EXPECT_EQ(refusal(row.text), row.message) << row.text;
}

TEST(SettingsParser, passwords_are_named_by_profile) {
    const auto settings =
        parse_settings("[passwords]\ndev = \"/etc/memdbd/dev.password\"\n\"a.b\" = \"credential:ab\"", "memdbd.toml");
    ASSERT_TRUE(settings) << settings.error().message;
    ASSERT_EQ(settings->passwords.size(), 2U);
    EXPECT_EQ(settings->passwords.at("dev"), (PasswordSource{PasswordPlace::file, "/etc/memdbd/dev.password"}));
    EXPECT_EQ(settings->passwords.at("a.b"), (PasswordSource{PasswordPlace::credential, "ab"}));
}

TEST(SettingsParser, the_examples_of_the_shipped_file_can_be_used) {
    std::istringstream lines(shipped_file());
    std::string examples;
    bool passwords = false;
    for (std::string line; std::getline(lines, line);) {
        passwords = passwords || line == "[passwords]";
        if (passwords && line.starts_with("# ") && line.find(" = \"") != std::string::npos)
            examples += line.substr(2) + "\n";
    }
    const auto settings = parse_settings("[passwords]\n" + examples, "memdbd.toml");
    ASSERT_TRUE(settings) << settings.error().message;
    EXPECT_EQ(settings->passwords.size(), 2U);
}

TEST(SettingsParser, a_renewal_belongs_within_the_session) {
    for (const std::string_view text :
         {"[tunnel]\nsession_limit_h = 1\nrenew_before_s = 3599", "[tunnel]\nsession_limit_h = 0\nrenew_before_s = 0"})
        EXPECT_TRUE(parse_settings(text, "memdbd.toml")) << text;
}

TEST(SettingsParser, a_syntax_error_has_its_line) {
    for (const std::string_view text :
         {"[log]\nlevel = ", "[log]\nlevel = \"info", "[log]\n= 1", "\n[log", "[log]\n\"level\" 1", "[log]\nx = 1 2"}) {
        const std::string message = refusal(text);
        EXPECT_EQ(message.rfind("memdbd.toml:2: ", 0), 0u) << message;
    }
}

TEST(SettingsParser, several_problems_are_told_in_order_of_the_lines_at_most_ten) {
    EXPECT_EQ(refusal("[tunnel]\nb = 1\n[probe]\na = 1\n[log]\nlevel = 1"),
              "memdbd.toml:2: tunnel.b: unknown key\nmemdbd.toml:4: probe.a: unknown key\n"
              "memdbd.toml:6: log.level: must be a string, is an integer");

    std::string text = "[log]\n";
    for (char c = 'a'; c < 'p'; ++c) text += std::string(1, c) + " = 1\n";
    const std::string message = refusal(text);
    EXPECT_EQ(std::count(message.begin(), message.end(), '\n'), 10);
    EXPECT_TRUE(message.ends_with("\nand 5 more")) << message;
}

TEST(SettingsParser, a_huge_file_is_refused_unread) {
    const auto settings = parse_settings(std::string(kSettingsSizeLimit + 1, '#'), "memdbd.toml");
    ASSERT_FALSE(settings);
    EXPECT_EQ(settings.error().code, Errc::too_large);
}

TEST(SettingsParser, every_cut_of_the_shipped_file_gives_an_answer) {
    const std::string text = shipped_file();
    for (std::size_t length = 0; length <= text.size(); length += 7) (void)parse_settings(text.substr(0, length), "f");
}

}  // namespace
}  // namespace memdb::config
