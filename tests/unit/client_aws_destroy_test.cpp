// The way back, and the plan that is one rule.
#include "tests/support/aws_play.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace memdb::tests {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(AwsPlanner, destroy_takes_away_all_of_it_from_every_point_and_nothing_else) {
    const Wish wish = full_wish();
    const Played whole = play(applying(wish), wish, bare_account(), fresh_laptop());
    const Planner destroying = [&](const Inventory& a, const LocalState& l) { return plan_destroy(wish, a, l); };
    for (std::size_t cut = 0; cut <= whole.steps.size(); ++cut) {
        Played part = play(applying(wish), wish, bare_account(), fresh_laptop(), cut);
        part.account.rules.push_back({"sgr-theirs", "sg-cluster", "tcp", 6379, 6379, net("10.20.0.0/16")});
        const Played gone = play(destroying, wish, part.account, part.local);
        EXPECT_FALSE(gone.account.endpoint || gone.account.certificate) << cut;
        EXPECT_EQ(gone.account.groups, bare_account().groups);
        EXPECT_EQ(gone.account.rules.size(), 1u) << "theirs";
        EXPECT_TRUE(gone.local.has_authority || cut < 3) << "the PKI stays";
        EXPECT_FALSE(gone.local.profile);
    }
}

TEST(AwsPlanner, two_of_a_kind_are_refused_and_both_removed) {
    const Wish wish = plain_wish();
    Played good = play(applying(wish), wish, bare_account(), fresh_laptop());
    Endpoint second;
    second.id = "cvpn-endpoint-2";
    second.state = "available";
    good.account.more = {second};
    good.account.more_certificates = {{"arn:aws:acm:us-east-1:123456789012:certificate/2"}};
    EXPECT_THAT(plan_apply(wish, good.account, good.local, kToday).refusal,
                testing::AllOf(HasSubstr("cvpn-endpoint-1 and cvpn-endpoint-2"), HasSubstr("aws ec2 delete-tags")));
    const Planner destroying = [&](const Inventory& a, const LocalState& l) { return plan_destroy(wish, a, l); };
    const Played gone = play(destroying, wish, good.account, good.local);
    EXPECT_EQ(std::count(gone.steps.begin(), gone.steps.end(), "delete-endpoint"), 2);
    EXPECT_EQ(std::count(gone.steps.begin(), gone.steps.end(), "delete-certificate"), 2);
    EXPECT_TRUE(gone.account.more.empty() && gone.account.more_certificates.empty() && !gone.account.endpoint);
}

TEST(AwsPlanner, direct_is_one_rule) {
    for (const std::string source : {"sg-app", "10.0.0.0/8"}) {
        const Wish wish = plain_wish();
        const Planner planner = [&](const Inventory& a, const LocalState&) { return plan_direct(wish, source, a); };
        const Played played = play(planner, wish, bare_account(), {});
        EXPECT_THAT(played.steps, ElementsAre("allow-source"));
        EXPECT_THAT(play(planner, wish, played.account, {}).steps, IsEmpty());
    }
}

}  // namespace
}  // namespace memdb::tests
