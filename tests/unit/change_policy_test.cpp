// How `profile set` changes the login of a cluster's user. What it stores is in profile_change_store_test.
#include "config/change_policy.hpp"

#include "tests/support/test_certificates.hpp"

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

ProfileChange with_clusters(std::vector<ClusterChange> clusters) {
    ProfileChange change;
    change.clusters = std::move(clusters);
    return change;
}

TEST(ChangePolicy, a_stored_password_goes_nowhere_that_it_was_not_given_for) {
    const std::string again =
        "the stored password is for the clusters and the CA that it was given with: give it again";
    const ProfileContents stored = by_password();
    for (ProfileChange change :
         {with_clusters({{"evil.example", {}}}), with_clusters({{kEndpoint, {}}, {"evil.example", {}}}),
          with_clusters({{std::string(kEndpoint) + ":6380", {}}}), with_clusters({{kEndpoint, ClusterTls::off}})}) {
        EXPECT_TRUE(refusal(stored, change).starts_with(again)) << refusal(stored, change);
        change.password = Secret<>(std::string("correct horse"));
        EXPECT_EQ(refusal(stored, change), "accepted") << "whoever knows it may send it where they like";
        change.password.reset();
        change.user = "";
        EXPECT_EQ(refusal(stored, change), "accepted") << "and none is sent without a user";
    }
    EXPECT_EQ(refusal(stored, with_clusters({{kEndpoint, {}}})), "accepted");
    EXPECT_EQ(refusal(stored, {.user = "other"}), "accepted");
}

// In two steps: first an endpoint that takes its part over from one that logs in otherwise, then the user for all.
TEST(ChangePolicy, an_endpoint_that_never_got_the_stored_password_does_not_get_it_with_a_user) {
    ProfileContents stored = by_password();
    Cluster open = stored.profile.clusters.front();
    open.host = "open.example";
    open.user.clear();
    stored.profile.clusters.push_back(open);
    EXPECT_TRUE(refusal(stored, {.user = "app"}).starts_with("the stored password is for"));
    ProfileChange knowing{.user = "app"};
    knowing.password = Secret<>(std::string("correct horse"));
    EXPECT_EQ(refusal(stored, knowing), "accepted");
}

TEST(ChangePolicy, a_stored_password_goes_to_nobody_whom_another_ca_vouches_for) {
    ProfileContents stored = by_password();
    stored.cluster_ca_pem = tests::ca_pem();
    ProfileChange change;
    change.cluster_ca_pem = "";
    EXPECT_TRUE(refusal(stored, change).starts_with("the stored password is for")) << refusal(stored, change);
    change.cluster_ca_pem = stored.cluster_ca_pem;
    EXPECT_EQ(refusal(stored, change), "accepted");
    change.cluster_ca_pem = "";
    change.password = stored.password;
    EXPECT_EQ(refusal(stored, change), "accepted");
}

// The file may have been made with `openssl x509 -text`, or on another system.
TEST(ChangePolicy, the_same_ca_in_other_words_is_the_same) {
    ProfileContents stored = by_password();
    ProfileChange change;
    change.cluster_ca_pem = tests::ca_pem();
    change.password = stored.password;
    stored = changed(stored, change);
    change.password.reset();
    change.cluster_ca_pem = "Certificate:\n    Data: whatever\n" + tests::ca_pem() + "# the end\n";
    EXPECT_EQ(refusal(stored, change), "accepted");
    stored.cluster_ca_pem += "# somebody's remark\n";  // in the profile's own file
    EXPECT_EQ(refusal(stored, {.user = "other"}), "accepted") << "no CA was given";
}

// Else it would go there as soon as memdbd.toml names none any more.
TEST(ChangePolicy, where_another_password_is_named_the_stored_one_is_forgotten_rather_than_led_astray) {
    ProfileChange elsewhere = with_clusters({{"evil.example", {}}});
    elsewhere.password_is_named = true;
    const ProfileContents next = changed(by_password(), elsewhere);
    EXPECT_TRUE(next.password.empty());
    EXPECT_FALSE(next.profile.has_password);
    ProfileChange same = with_clusters({{kEndpoint, {}}});
    same.password_is_named = true;
    EXPECT_EQ(changed(by_password(), same).password.reveal(), "correct horse");
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
