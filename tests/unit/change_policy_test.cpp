// How `profile set` changes the login of a cluster's user. What it stores is in profile_change_store_test.
#include "config/change_policy.hpp"

#include <gtest/gtest.h>

#include <string>

namespace memdb::config {
namespace {

const IamName kDemo{"demo", "eu-central-1"};
constexpr const char* kEndpoint = "clustercfg.demo.abc.memorydb.eu-central-1.amazonaws.com";

ProfileContents by_password() {
    ProfileContents stored;
    stored.profile.name = "vpc";
    stored.profile.kind = ProfileKind::direct;
    stored.profile.clusters = {{kEndpoint, 6379, ClusterTls::on, "app"}};
    stored.profile.has_password = true;
    stored.password = Secret<>(std::string("correct horse"));
    return stored;
}

ProfileContents changed(const ProfileContents& stored, const ProfileChange& change) {
    auto next = judge_change(stored, change, 0);
    EXPECT_TRUE(next) << next.error().message;
    return next ? *std::move(next) : ProfileContents{};
}

std::string refusal(const ProfileContents& stored, const ProfileChange& change) {
    const auto next = judge_change(stored, change, 0);
    return next ? "accepted" : next.error().message;
}

ProfileContents by_iam() { return changed(by_password(), {.auth = UserAuth::iam}); }

TEST(ChangePolicy, a_user_goes_over_to_iam_and_the_password_is_forgotten) {
    const ProfileContents next = by_iam();
    EXPECT_EQ(next.profile.clusters[0].iam, kDemo);
    EXPECT_EQ(next.profile.clusters[0].user, "app");
    EXPECT_FALSE(next.profile.has_password);
    EXPECT_TRUE(next.password.empty());
}

TEST(ChangePolicy, a_password_brings_the_user_back) {
    ProfileChange change;
    change.user = "app";
    change.password = Secret<>(std::string("battery staple"));
    const ProfileContents next = changed(by_iam(), change);
    EXPECT_EQ(next.profile.clusters[0].iam, std::nullopt);
    EXPECT_EQ(next.password.reveal(), "battery staple");
    EXPECT_EQ(refusal(by_iam(), {.auth = UserAuth::password}),
              "a user without a password: give it with --password-file, or name a file in memdbd.toml ([passwords])");
    change.auth = UserAuth::iam;
    EXPECT_EQ(refusal(by_password(), change),
              "IAM and a password exclude each other: leave --iam or --password-file away");
}

TEST(ChangePolicy, what_is_not_named_stays_by_iam) {
    EXPECT_EQ(changed(by_iam(), {.user = "other"}).profile.clusters[0].iam, kDemo);
    EXPECT_EQ(changed(by_iam(), {.iam_region = "us-east-1"}).profile.clusters[0].iam, (IamName{"demo", "us-east-1"}));
    ProfileContents given = changed(by_iam(), {.iam_cluster = "alias"});
    EXPECT_EQ(given.profile.clusters[0].iam->cluster, "alias");
    // A known endpoint keeps what was given for it, a new one tells its own name.
    ProfileChange clusters;
    clusters.clusters = {{{kEndpoint, {}}, {"clustercfg.two.abc.memorydb.us-west-2.amazonaws.com", {}}}};
    const ProfileContents both = changed(given, clusters);
    EXPECT_EQ(both.profile.clusters[0].iam->cluster, "alias");
    EXPECT_EQ(both.profile.clusters[1].iam, (IamName{"two", "us-west-2"}));
    EXPECT_EQ(both.profile.clusters[1].user, "app");
}

TEST(ChangePolicy, no_user_is_no_iam) {
    const ProfileContents next = changed(by_iam(), {.user = ""});
    EXPECT_EQ(next.profile.clusters[0].iam, std::nullopt);
    EXPECT_EQ(refusal(next, {.auth = UserAuth::iam}), "IAM needs a user: give it with --user");
    EXPECT_EQ(refusal(by_password(), {.iam_cluster = "x"}),
              "a cluster's name and region for IAM without IAM: give --iam, too");
}

}  // namespace
}  // namespace memdb::config
