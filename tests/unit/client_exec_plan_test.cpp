#include "client/exec_plan.hpp"

#include "tests/support/snapshots.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace memdb::client {
namespace {

using health::Severity;
using health::Verdict;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

control::ProfileView profile_with(std::vector<std::string> endpoints) {
    auto profile = support::reachable_profile();
    const auto like = profile.clusters.front();
    profile.clusters.clear();
    for (auto& endpoint : endpoints) {
        profile.clusters.push_back(like);
        profile.clusters.back().endpoint = std::move(endpoint);
    }
    return profile;
}

TEST(ExecPlan, chooses_the_only_cluster_or_the_one_that_is_named) {
    const auto one = profile_with({"a.test:6379"});
    EXPECT_EQ((*choose_cluster(one, ""))->endpoint, "a.test:6379");
    const auto two = profile_with({"a.test:6379", "b.test:7000", "[2001:db8::1]:6379"});
    EXPECT_EQ((*choose_cluster(two, "b.test"))->endpoint, "b.test:7000");
    EXPECT_EQ((*choose_cluster(two, "b.test:7000"))->endpoint, "b.test:7000");
    EXPECT_EQ((*choose_cluster(two, "[2001:db8::1]"))->endpoint, "[2001:db8::1]:6379");
    EXPECT_THAT(choose_cluster(two, "").error().message,
                AllOf(HasSubstr("--cluster"), HasSubstr("a.test:6379, b.test:7000")));
    EXPECT_THAT(choose_cluster(two, "b.test:1").error().message, HasSubstr("no cluster b.test:1"));
}

TEST(ExecPlan, waits_for_the_cluster_and_not_for_the_whole_profile) {
    struct Row {
        Verdict cluster;
        const char* phase;
        bool node_down;
        Readiness wanted;
    };
    using enum Readiness;
    const Row rows[] = {
        {Verdict::reachable, "up", false, ready},         {Verdict::reachable, "up", true, ready},
        {Verdict::degraded, "up", false, ready},          {Verdict::degraded, "up", true, settling},
        {Verdict::unreachable, "up", true, waiting},      {Verdict::connecting, "handshaking", false, waiting},
        {Verdict::unreachable, "blocked", false, futile}, {Verdict::stopped, "stopped", false, waiting},
    };
    for (const Row& row : rows) {
        auto profile = profile_with({"a.test:6379"});
        profile.verdict = Verdict::degraded;
        profile.tunnel->phase = row.phase;
        profile.clusters.front().verdict = row.cluster;
        if (row.node_down)
            profile.findings.push_back(
                {"node-unreachable", Severity::error, health::Layer::ping, "one is down", "", "", {}});
        else
            profile.findings.push_back(
                {"client-cert-expiring", Severity::warning, health::Layer::handshake, "ends soon", "", "", {}});
        EXPECT_EQ(readiness_of(profile, profile.clusters.front()), row.wanted)
            << to_string(row.cluster) << " " << row.phase << " " << row.node_down;
    }
}

TEST(ExecPlan, takes_the_endpoint_apart) {
    control::ClusterView cluster;
    cluster.endpoint = "[2001:db8::1]:7000";
    cluster.tls = false;
    cluster.user = "app";
    const ExecTarget target = exec_target(cluster);
    EXPECT_EQ(target.host, "2001:db8::1");
    EXPECT_EQ(target.port, "7000");
    EXPECT_FALSE(target.tls);
    EXPECT_EQ(target.user, "app");
    EXPECT_TRUE(exec_target(support::reachable_profile().clusters.front()).tls);  // of an agent that does not tell
}

TEST(ExecPlan, the_environment_says_everything_but_a_password) {
    const ExecTarget target{"cluster.test", "6379", true, "a b/c", "/run/ca.pem"};
    EXPECT_THAT(exec_environment(target), ElementsAre(Pair("REDIS_URL", "rediss://a%20b%2Fc@cluster.test:6379"),
                                                      Pair("MEMDB_HOST", "cluster.test"), Pair("MEMDB_PORT", "6379"),
                                                      Pair("MEMDB_USER", "a b/c"), Pair("MEMDB_CA", "/run/ca.pem")));
}

TEST(ExecPlan, what_does_not_hold_is_taken_out_of_the_environment) {
    const ExecTarget target{"2001:db8::1", "6379", false, "", ""};
    const Variables variables = exec_environment(target);
    EXPECT_THAT(variables, Contains(Pair("REDIS_URL", "redis://[2001:db8::1]:6379")));
    EXPECT_THAT(variables, Contains(Pair("MEMDB_USER", std::nullopt)));
    EXPECT_THAT(variables, Contains(Pair("MEMDB_CA", std::nullopt)));
}

TEST(ExecPlan, redis_cli_finds_the_way_before_its_own_arguments) {
    const ExecTarget target{"cluster.test", "6379", true, "app", "/run/ca.pem"};
    EXPECT_THAT(exec_arguments({"/usr/bin/redis-cli", "get", "k"}, target),
                ElementsAre("/usr/bin/redis-cli", "-h", "cluster.test", "-p", "6379", "--tls", "--sni", "cluster.test",
                            "--cacert", "/run/ca.pem", "--user", "app", "-c", "get", "k"));
    EXPECT_THAT(exec_arguments({"valkey-cli"}, ExecTarget{"10.0.0.7", "6379", true, "", ""}),
                ElementsAre("valkey-cli", "-h", "10.0.0.7", "-p", "6379", "--tls", "-c"));
    EXPECT_THAT(exec_arguments({"redis-cli"}, ExecTarget{"c.test", "1", false, "", "/unused"}),
                ElementsAre("redis-cli", "-h", "c.test", "-p", "1", "-c"));
}

TEST(ExecPlan, other_programs_are_left_alone) {
    const ExecTarget target{"cluster.test", "6379", true, "app", ""};
    EXPECT_THAT(exec_arguments({"env", "redis-cli"}, target), ElementsAre("env", "redis-cli"));
    EXPECT_THAT(exec_arguments({"my-redis-cli"}, target), ElementsAre("my-redis-cli"));
}

}  // namespace
}  // namespace memdb::client
