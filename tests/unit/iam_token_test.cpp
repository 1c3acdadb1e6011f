#include "reach/iam_token.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace memdb;
using namespace memdb::reach;
using namespace std::chrono;

const WallTime kAt = WallTime(sys_days(2026y / November / 25)) + 15h + 4min + 5s;
const AwsCredentials kKeys{"AKIDEXAMPLE", Secret<>("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), {}};
const IamLogin kLogin{"demo", "app", "eu-central-1"};

std::string minted() { return mint_iam_token(kKeys, kLogin, kAt).reveal(); }

std::string replaced(std::string text, std::string_view what, std::string_view by) {
    const auto at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return text.replace(at, what.size(), by);
}

TEST(IamToken, has_the_published_shape) {
    const std::string token = minted();
    const std::string head =
        "demo/?Action=connect&User=app&X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=AKIDEXAMPLE%2F20261125%2Feu-central-1%2Fmemorydb%2Faws4_request"
        "&X-Amz-Date=20261125T150405Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Signature=";
    EXPECT_TRUE(token.starts_with(head)) << token;
    EXPECT_EQ(token.size(), head.size() + 64);
    const AwsCredentials session{"ASIAEXAMPLE", Secret<>("s"), Secret<>("a/b+c==")};
    const std::string with_session = mint_iam_token(session, kLogin, kAt).reveal();
    EXPECT_NE(with_session.find("&X-Amz-Security-Token=a%2Fb%2Bc%3D%3D&X-Amz-Signature="), std::string::npos);
}

TEST(IamToken, is_read_back) {
    for (const char* session : {"", "a/b+c=="}) {
        AwsCredentials keys = kKeys;
        keys.session_token = Secret<>(session);
        const auto token = read_iam_token(mint_iam_token(keys, kLogin, kAt).reveal());
        ASSERT_TRUE(token) << token.error().message;
        EXPECT_EQ(*token, (IamToken{kLogin, kAt, kAt + 15min}));
    }
}

TEST(IamToken, parameters_may_stand_in_any_order) {
    std::string token = replaced(minted(), "Action=connect&", "");
    const auto read = read_iam_token(token + "&Action=connect");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->login, kLogin);
}

TEST(IamToken, what_is_no_token_is_refused_with_the_parameter_that_is_wrong) {
    struct Row {
        std::string text;
        std::string_view why;
    };
    const std::string good = minted();
    const Row rows[] = {
        {"", "the cluster's name and /?"},
        {"secret", "the cluster's name and /?"},
        {"http://" + good, "the cluster's name and /?"},
        {replaced(good, "demo", ""), "the cluster's name and /?"},
        {replaced(good, "demo/?", "demo/x?"), "the cluster's name and /?"},
        {"demo/?", "a parameter has no value"},
        {good + "&", "a parameter has no value"},
        {good + "&X=1", "not known"},
        {good + "&User=app", "User is there twice"},
        {replaced(good, "User=app&", ""), "User is missing"},
        {replaced(good, "User=app", "User="), "User is empty"},
        {replaced(good, "User=app", "User=a%2"), "User has a broken percent escape"},
        {replaced(good, "User=app", "User=a%zz"), "User has a broken percent escape"},
        {replaced(good, "User=app", "User=a%0Ab"), "User is no user's name"},
        {replaced(good, "connect", "delete"), "Action must be connect"},
        {replaced(good, "SHA256", "SHA1"), "X-Amz-Algorithm must be"},
        {replaced(good, "=host", "=host%3Bx"), "X-Amz-SignedHeaders must be host"},
        {replaced(good, "Date=20261125", "Date=20261131"), "X-Amz-Date is no time"},
        {replaced(good, "T150405Z", "T250405Z"), "X-Amz-Date is no time"},
        {replaced(good, "T150405Z", "T1504+5Z"), "X-Amz-Date is no time"},
        {replaced(good, "Expires=900", "Expires=901"), "X-Amz-Expires must be 1 to 900"},
        {replaced(good, "Expires=900", "Expires=0"), "X-Amz-Expires must be 1 to 900"},
        {replaced(good, "Expires=900", "Expires=99999999999999999999"), "X-Amz-Expires must be 1 to 900"},
        {replaced(good, "memorydb", "elasticache"), "X-Amz-Credential must be"},
        {replaced(good, "AKIDEXAMPLE%2F20261125", "AKIDEXAMPLE%2F20261124"), "X-Amz-Credential must be"},
        {replaced(good, "aws4_request", "aws4_request%2Fx"), "X-Amz-Credential must be"},
        {good.substr(0, good.size() - 1), "64 hex digits"},
        {replaced(good, "Signature=", "Signature=G").substr(0, good.size()), "64 hex digits"},
    };
    for (const Row& row : rows) {
        const auto read = read_iam_token(row.text);
        ASSERT_FALSE(read) << row.text;
        EXPECT_EQ(read.error().code, Errc::malformed);
        EXPECT_NE(read.error().message.find(row.why), std::string::npos) << read.error().message;
        EXPECT_EQ(read.error().message.find("secret"), std::string::npos);
    }
    EXPECT_EQ(read_iam_token(good + std::string(kIamTokenLimit, 'x')).error().code, Errc::too_large);
}

TEST(IamToken, says_why_nobody_can_log_in) {
    EXPECT_EQ(why_no_token(std::nullopt, kAt), "no IAM token was pushed yet");
    EXPECT_EQ(why_no_token(kAt + 1s, kAt), "");
    EXPECT_EQ(why_no_token(kAt, kAt), "the IAM token expired at 15:04 UTC");
}

}  // namespace
