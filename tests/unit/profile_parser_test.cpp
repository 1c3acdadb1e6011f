#include "config/profile_parser.hpp"

#include <gtest/gtest.h>

namespace memdb::config {
namespace {

Profile example() {
    Profile profile;
    profile.name = "demo";
    profile.remotes = {
        {"cvpn-endpoint-0123456789abcdef0.prod.clientvpn.lab.test", 443, Transport::udp, AddressFamily::any},
        {"192.0.2.3", 1194, Transport::tcp, AddressFamily::ipv4},
        {"2001:db8::1", 443, Transport::udp, AddressFamily::ipv6}};
    profile.random_hostname = true;
    profile.clusters = {{"clustercfg.demo.lab.memorydb.test", 6379, ClusterTls::on, "memdb-check"},
                        {"10.20.0.11", 7000, ClusterTls::off, ""}};
    profile.has_password = true;
    profile.has_cluster_ca = true;
    return profile;
}

std::string refusal(std::string_view text) {
    const auto profile = parse_profile(text, "profile.toml");
    return profile ? "accepted" : profile.error().message;
}

/// The example's text with the first `from` replaced.
std::string changed(std::string_view from, std::string_view to) {
    std::string text = write_profile(example());
    const auto at = text.find(from);
    if (at == std::string::npos) return "no such text";
    return text.replace(at, from.size(), to);
}

TEST(ProfileParser, what_is_written_is_read_back) {
    Profile direct;
    direct.name = "inside";
    direct.kind = ProfileKind::direct;
    direct.clusters = {{"clustercfg.x.test", 6379, ClusterTls::on, ""}};
    for (const Profile& profile : {example(), direct}) {
        const auto read = parse_profile(write_profile(profile), "profile.toml");
        ASSERT_TRUE(read) << read.error().message;
        EXPECT_EQ(*read, profile);
    }
}

TEST(ProfileParser, the_file_looks_like_this) {
    Profile profile = example();
    profile.remotes.resize(1);
    profile.clusters.resize(1);
    EXPECT_EQ(write_profile(profile), R"(# Written by memdbd; change it with `memdbctl profile`.
schema = 1
name = "demo"
kind = "tunnel"
random_hostname = true
has_password = true
has_cluster_ca = true

[[remote]]
host = "cvpn-endpoint-0123456789abcdef0.prod.clientvpn.lab.test"
port = 443
proto = "udp"

[[cluster]]
host = "clustercfg.demo.lab.memorydb.test"
port = 6379
tls = "on"
user = "memdb-check"
)");
}

TEST(ProfileParser, damage_is_named_by_line_and_key) {
    struct Row {
        std::string_view from, to, message;
    };
    // clang-format off
    const Row rows[] = {
        {"schema = 1", "schema = 2",               "profile.toml:2: schema: must be between 1 and 1, is 2"},
        {"schema = 1\n", "",                       "profile.toml:1: schema: is missing"},
        {"\"demo\"", "\"../x\"",                   "profile.toml:3: name: \"../x\" cannot be a profile's name: use at most 32 of a-z 0-9 . _ - and begin with a letter or digit"},
        {"\"tunnel\"", "\"bridge\"",               "profile.toml:4: kind: must be tunnel or direct"},
        {"\"tunnel\"", "\"direct\"",               "profile.toml:9: remote: a direct profile has none"},
        {"= true", "= 1",                          "profile.toml:5: random_hostname: must be true or false, is an integer"},
        {"port = 443", "port = 0",                 "profile.toml:11: remote.port: must be between 1 and 65535, is 0"},
        {"\"udp\"", "\"sctp\"",                    "profile.toml:12: remote.proto: must be udp, udp4, udp6, tcp, tcp4 or tcp6"},
        {"\"192.0.2.3\"", "\"UPPER.test\"",        "profile.toml:15: remote.host: is not in its normal form"},
        {"\"192.0.2.3\"", "7",                     "profile.toml:15: remote.host: must be a string, is an integer"},
        {"\"on\"", "\"maybe\"",                    "profile.toml:27: cluster.tls: must be on or off"},
        {"\"memdb-check\"", "\"a b\"",             "profile.toml:28: cluster.user: \"a b\" cannot be a user's name: use at most 128 printable characters without blanks and quotes"},
        {"tls = \"on\"", "insecure = true",        "profile.toml:24: cluster.tls: is missing\nprofile.toml:27: cluster.insecure: unknown key"},
    };
    // clang-format on
    for (const Row& row : rows) EXPECT_EQ(refusal(changed(row.from, row.to)), row.message) << row.to;
}

TEST(ProfileParser, login_by_iam_is_three_keys_of_a_cluster) {
    Profile profile = example();
    profile.clusters[0].iam = {{"demo", "eu-central-1"}};
    const std::string text = write_profile(profile);
    EXPECT_NE(
        text.find("user = \"memdb-check\"\nauth = \"iam\"\niam_cluster = \"demo\"\niam_region = \"eu-central-1\"\n"),
        std::string::npos);
    const auto read = parse_profile(text, "profile.toml");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, profile);
    const auto with = [&](std::string_view from, std::string_view to) {
        std::string changed = text;
        return refusal(changed.replace(changed.find(from), from.size(), to));
    };
    EXPECT_EQ(with("\"iam\"", "\"ldap\""), "profile.toml:29: cluster.auth: must be iam");
    EXPECT_EQ(with("\"demo\"\niam", "\"De mo\"\niam"), "profile.toml:30: cluster.iam_cluster: is no cluster's name");
    EXPECT_EQ(with("\"eu-central-1\"", "\"\""), "profile.toml:31: cluster.iam_region: is no region");
    EXPECT_EQ(with("auth = \"iam\"\n", ""),
              "profile.toml:29: cluster.iam_cluster: unknown key\nprofile.toml:30: cluster.iam_region: unknown key");
    EXPECT_EQ(with("\"memdb-check\"", "\"\""), "profile.toml:28: cluster.user: must not be empty with auth = \"iam\"");
    EXPECT_EQ(with("\"on\"", "\"off\""), "profile.toml:27: cluster.tls: must be on with auth = \"iam\"");
}

TEST(ProfileParser, refuses_what_no_import_writes) {
    EXPECT_NE(refusal(""), "accepted");
    EXPECT_NE(refusal("remote = 1"), "accepted");
    EXPECT_NE(refusal("remote = [1]"), "accepted");

    Profile many = example();
    many.clusters.resize(kClusterLimit + 1, many.clusters.front());
    EXPECT_NE(refusal(write_profile(many)).find("cluster: at most 8 are allowed, there are 9"), std::string::npos);
    many = example();
    many.clusters.clear();
    EXPECT_NE(refusal(write_profile(many)).find("cluster: is missing"), std::string::npos);
    many = example();
    many.remotes.clear();
    EXPECT_NE(refusal(write_profile(many)).find("remote: is missing"), std::string::npos);

    const auto huge = parse_profile(std::string(kProfileSizeLimit + 1, ' '), "profile.toml");
    ASSERT_FALSE(huge);
    EXPECT_EQ(huge.error().code, Errc::too_large);
}

TEST(ProfileParser, a_file_cut_short_is_refused_or_whole) {
    const std::string text = write_profile(example());
    for (std::size_t length = 0; length + 1 < text.size(); ++length) {
        const auto profile = parse_profile(text.substr(0, length), "profile.toml");
        if (!profile) continue;  // else the cut was between two clusters
        EXPECT_EQ(profile->clusters.size(), 1u) << length;
    }
}

}  // namespace
}  // namespace memdb::config
