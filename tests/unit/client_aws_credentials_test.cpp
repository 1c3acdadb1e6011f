#include "client/aws_credentials.hpp"

#include <gtest/gtest.h>

#include <string>

namespace memdb::client {
namespace {

using namespace std::chrono;

const WallTime kNow = WallTime(sys_days(2026y / November / 25));

TEST(AwsCredentials, what_aws_exports_is_read) {
    const auto long_lived =
        parse_exported_credentials(R"({"Version":1,"AccessKeyId":"AKID","SecretAccessKey":"s/e+c"})", kNow);
    ASSERT_TRUE(long_lived) << long_lived.error().message;
    EXPECT_EQ(long_lived->access_key, "AKID");
    EXPECT_EQ(long_lived->secret_key.reveal(), "s/e+c");
    EXPECT_TRUE(long_lived->session_token.empty());
    const std::string session = R"({"Version": 1, "AccessKeyId": "ASIA", "SecretAccessKey": "s", "SessionToken": "t==",
        "Expiration": "2026-11-25T00:00:01+00:00"})";
    const auto valid = parse_exported_credentials(session, kNow);
    ASSERT_TRUE(valid) << valid.error().message;
    EXPECT_EQ(valid->session_token.reveal(), "t==");
    EXPECT_EQ(parse_exported_credentials(session, kNow + 1s).error().code, Errc::deadline_passed);
}

TEST(AwsCredentials, other_output_is_refused_and_not_repeated) {
    for (const char* text : {"", "usage: aws", "{}", R"({"AccessKeyId":"A"})", R"({"SecretAccessKey":"hunter2"})",
                             R"({"AccessKeyId":"A","SecretAccessKey":["hunter2"]})",
                             R"({"AccessKeyId":"A","SecretAccessKey":"hunter2","Expiration":7})"}) {
        const auto read = parse_exported_credentials(text, kNow);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error().message.find("hunter2"), std::string::npos);
    }
}

}  // namespace
}  // namespace memdb::client
