// What goes to aws, what it complains of, and the choice of a network.
#include "client/aws/aws_error.hpp"
#include "client/aws/cost.hpp"
#include "client/aws/network_choice.hpp"
#include "client/aws/render_plan.hpp"
#include "client/pki/name_policy.hpp"
#include "client/text.hpp"
#include "tests/support/aws_account.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace memdb::tests {
namespace {

using client::columns;
using client::Style;
using testing::HasSubstr;

std::string said(std::string_view complaints, std::string_view service = "ec2") {
    return aws_error_text(read_aws_error(complaints), service, " --region us-east-1");
}

TEST(AwsError, what_aws_says_becomes_one_line_with_the_next_step) {
    struct Row {
        std::string_view complaints;
        AwsErrorKind kind;
        const char* words;
    };
    const Row table[] = {
        {"\nAn error occurred (UnauthorizedOperation) when calling the CreateClientVpnEndpoint operation: You are not "
         "authorized to "
         "perform this operation. User: arn:aws:iam::123456789012:user/dev is not authorized to perform: "
         "ec2:CreateClientVpnEndpoint on "
         "resource: arn:aws:ec2:us-east-1:123456789012:client-vpn-endpoint/* because no identity-based policy allows "
         "the "
         "ec2:CreateClientVpnEndpoint action. Encoded authorization failure message: Zm9v\n",
         AwsErrorKind::denied,
         "access denied: ec2:CreateClientVpnEndpoint on arn:aws:ec2:us-east-1:123456789012:client-vpn-endpoint/* for "
         "arn:aws:iam::123456789012:user/dev"},
        {"An error occurred (UnauthorizedOperation) when calling the DescribeVpcs operation: You are not authorized",
         AwsErrorKind::denied, "access denied: ec2:DescribeVpcs"},
        {"An error occurred (AccessDeniedException) when calling the ImportCertificate operation: User: arn:x is not "
         "authorized to perform: "
         "acm:ImportCertificate on resource: arn:aws:acm:us-east-1:1:certificate/*",
         AwsErrorKind::denied, "acm:ImportCertificate on arn:aws:acm:us-east-1:1:certificate/*"},
        {"An error occurred (UnauthorizedOperation) when calling the CreateClientVpnEndpoint operation: You are not "
         "authorized to "
         "perform this operation. Please ensure that you have the iam:CreateServiceLinkedRole permission configure for "
         "your user/role",
         AwsErrorKind::denied, "access denied: iam:CreateServiceLinkedRole;"},
        {"An error occurred (ExpiredTokenException) when calling the DescribeClusters operation: The security token "
         "included in the request is "
         "expired",
         AwsErrorKind::expired, "aws sso login"},
        {"An error occurred (RequestExpired) when calling the DescribeVpcs operation: Request has expired.",
         AwsErrorKind::expired, "expired"},
        {"Error loading SSO Token: Token for x does not exist", AwsErrorKind::expired, "aws sso login"},
        {"Unable to locate credentials. You can configure credentials by running \"aws configure\".",
         AwsErrorKind::no_credentials, "aws configure"},
        {"An error occurred (AuthFailure) when calling the DescribeVpcs operation: AWS was not able to validate",
         AwsErrorKind::no_credentials, "(AuthFailure)"},
        {"You must specify a region. You can also configure your region by running \"aws configure\".",
         AwsErrorKind::no_region, "--region"},
        {"The config profile (nobody) could not be found", AwsErrorKind::no_profile, "aws configure list-profiles"},
        {"An error occurred (RequestLimitExceeded) when calling the DescribeVpcs operation (reached max retries: 4): "
         "Request limit exceeded.",
         AwsErrorKind::throttled, "RequestLimitExceeded at DescribeVpcs"},
        {"An error occurred (OddThing) when calling the DescribeVpcs operation (reached max retries: 4): It is: odd",
         AwsErrorKind::other, "aws ec2 DescribeVpcs: It is: odd (OddThing)"},
        {"An error occurred (ClientVpnEndpointLimitExceeded) when calling the CreateClientVpnEndpoint operation: You "
         "have reached the limit",
         AwsErrorKind::quota, "You have reached the limit; free something"},
        {"An error occurred (InvalidPermission.Duplicate) when calling the AuthorizeSecurityGroupIngress operation: "
         "exists",
         AwsErrorKind::duplicate, "(InvalidPermission.Duplicate)"},
        {"An error occurred (DependencyViolation) when calling the DeleteSecurityGroup operation: resource sg-1 has a "
         "dependent object",
         AwsErrorKind::in_use, "dependent object"},
        {"An error occurred (ClusterNotFoundFault) when calling the DescribeClusters operation: Cluster x not found.",
         AwsErrorKind::not_found, "looked in --region us-east-1"},
        {"An error occurred (DryRunOperation) when calling the CreateSecurityGroup operation: Request would have "
         "succeeded",
         AwsErrorKind::would_work, "would have succeeded"},
        {"Could not connect to the endpoint URL: \"https://ec2.nowhere.amazonaws.com/\"", AwsErrorKind::unreachable,
         "check the network"},
        {"Traceback (most recent call last):\n  File\nValueError: odd\n", AwsErrorKind::other,
         "aws ec2: ValueError: odd"},
        {"", AwsErrorKind::other, "failed without a word"},
    };
    for (const Row& row : table) {
        EXPECT_EQ(read_aws_error(row.complaints).kind, row.kind) << row.complaints;
        EXPECT_THAT(said(row.complaints), HasSubstr(row.words));
        EXPECT_EQ(said(row.complaints).find('\n'), std::string::npos);
        EXPECT_THAT(said(row.complaints), testing::Not(HasSubstr("Zm9v")));
    }
}

TEST(NetworkChoice, the_first_that_is_free) {
    EXPECT_EQ(to_string(*choose_client_network({})), "10.200.0.0/22");
    const std::vector<TakenNetwork> some = {{net("10.200.0.0/21"), "the VPC"},
                                            {net("10.200.9.0/24"), "a network of this laptop"}};
    EXPECT_EQ(to_string(*choose_client_network(some)), "10.200.12.0/22");
    const std::vector<TakenNetwork> ten = {{net("10.0.0.0/8"), "the VPC"}};
    EXPECT_EQ(to_string(*choose_client_network(ten)), "172.16.0.0/22");
    const std::vector<TakenNetwork> all = {{net("0.0.0.0/0"), "everything"}};
    EXPECT_FALSE(choose_client_network(all));
}

TEST(NetworkChoice, a_given_one_is_judged) {
    const std::vector<TakenNetwork> taken = {{net("10.20.0.0/16"), "the VPC"}};
    EXPECT_EQ(judge_client_network(net("10.99.0.0/22"), taken), "");
    EXPECT_EQ(judge_client_network(net("10.96.0.0/12"), taken), "");
    for (const char* bad : {"10.99.0.0/23", "10.0.0.0/11", "10.20.4.0/22", "10.16.0.0/12", "fd00::/22"})
        EXPECT_NE(judge_client_network(net(bad), taken), "") << bad;
}

TEST(AwsCalls, an_endpoint_is_made_with_the_resolver_the_group_and_the_tag) {
    Inventory account = bare_account();
    const Step step{Action::create_endpoint, StepState::todo, "", "", "", "10.200.0.0/22"};
    EXPECT_TRUE(step_words(step, plain_wish(), account, {}).empty()) << "not before its group and its certificate";
    account.groups.push_back({"sg-vpn", "memdbd-vpn-demo", true});
    account.certificate = ServerCertificate{"arn:aws:acm:us-east-1:123456789012:certificate/1"};
    const Words words = step_words(step, plain_wish(), account, {});
    for (const char* word : {"10.20.0.2", "sg-vpn", "--split-tunnel", "10.200.0.0/22"})
        EXPECT_THAT(words, testing::Contains(word));
    EXPECT_THAT(words, testing::Contains(HasSubstr(R"({"Key":"memdbd:cluster","Value":"demo"})")));
    EXPECT_THAT(words, testing::Not(testing::Contains("--client-token"))) << "it would give back a deleted one";
}

TEST(AwsCalls, no_wish_can_smuggle_an_option) {
    Wish wish = plain_wish();
    wish.cluster = "a\",{\"Key\":\"x";  // the options refuse it; even so it stays one value
    Inventory account = bare_account();
    const Words words = step_words({Action::create_group, StepState::todo, "", "", "memdbd-vpn-x"}, wish, account, {});
    EXPECT_THAT(words.back(), HasSubstr(R"("Value":"a\",{\"Key\":\"x")"));
}

TEST(NamePolicy, a_later_name_has_a_day_and_nothing_else) {
    using client::pki::is_later_name;
    EXPECT_TRUE(is_later_name("laptop-20261126", "laptop"));
    for (const char* other : {"laptop", "laptop-2", "laptop-2026112", "laptop-202611260", "laptop-2026112x",
                              "laptopx20261126", "bob-20261126"})
        EXPECT_FALSE(is_later_name(other, "laptop")) << other;
}

TEST(AwsCost, hours_times_prices) {
    const Cost cost = cost_of(3, 2, Prices{0.10, 0.05});
    EXPECT_DOUBLE_EQ(cost.associations, 219.0);
    EXPECT_DOUBLE_EQ(cost.connections, 73.0);
}

TEST(RenderAws, fits_into_eighty_columns_and_is_cleaned) {
    Wish wish = full_wish();
    wish.pki_folder = "/home/me/with\x1b[31m/pki";
    Inventory account = bare_account();
    account.groups.push_back({"sg-0123456789abcdef0", "other\r\nname"});
    account.rules = {{"sgr-0123456789abcdef0", "sg-cluster", "-1", -1, -1, net("0.0.0.0/0")}};
    Style style;
    const std::string text =
        render_place(account, style) + render_plan(plan_apply(wish, account, fresh_laptop(), kToday), style);
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    std::size_t begin = 0;
    for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
        EXPECT_LE(columns(text.substr(begin, end - begin)), 80u) << text.substr(begin, end - begin);
    EXPECT_THAT(text, HasSubstr("0 already so"));
}

}  // namespace
}  // namespace memdb::tests
