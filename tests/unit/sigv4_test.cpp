#include "reach/sigv4.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace memdb;
using namespace memdb::reach;
using namespace std::chrono;

const Secret<> kSecret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");  // of the documentation

std::string hex(const SigningKey& key) {
    std::string text;
    for (const unsigned char byte : key) {
        text += "0123456789abcdef"[byte >> 4U];
        text += "0123456789abcdef"[byte & 15U];
    }
    return text;
}

// docs.aws.amazon.com, "Examples of how to derive a signing key"; the second is of "Signing AWS requests".
TEST(Sigv4, derives_the_published_signing_keys) {
    EXPECT_EQ(hex(signing_key(kSecret, "20120215", "us-east-1", "iam")),
              "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d");
    EXPECT_EQ(hex(signing_key(kSecret, "20150830", "us-east-1", "iam")),
              "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
}

// docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
TEST(Sigv4, presigns_the_published_get_of_s3) {
    PresignRequest request;
    request.host = "examplebucket.s3.amazonaws.com";
    request.path = "/test.txt";
    request.service = "s3";
    request.region = "us-east-1";
    request.expires = 86400s;
    request.payload_hash = kUnsignedPayload;
    const AwsCredentials keys{"AKIAIOSFODNN7EXAMPLE", Secret<>("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), {}};
    EXPECT_EQ(sigv4_presign(request, keys, WallTime(sys_days(2013y / May / 24))).reveal(),
              "X-Amz-Algorithm=AWS4-HMAC-SHA256"
              "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
              "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
              "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

/// Of the aws-sig-v4-test-suite: GET of example.amazonaws.com, service "service".
std::string suite_signature(const std::string& path, const std::string& query) {
    const std::string request = "GET\n" + path + "\n" + query +
                                "\nhost:example.amazonaws.com\nx-amz-date:20150830T123600Z\n\nhost;x-amz-date\n" +
                                std::string(kEmptyPayload);
    return sigv4_signature(request, kSecret, "20150830T123600Z", "us-east-1", "service");
}

TEST(Sigv4, signs_the_paths_of_the_published_test_suite) {
    EXPECT_EQ(canonical_path("/\u1234"), "/%E1%88%B4");
    EXPECT_EQ(suite_signature(canonical_path("/\u1234"), ""),
              "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85");
    EXPECT_EQ(suite_signature(canonical_path("/example space/"), ""),
              "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741");
    EXPECT_EQ(
        suite_signature(canonical_path("/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"), ""),
        "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f");
}

TEST(Sigv4, signs_the_queries_of_the_published_test_suite) {
    const std::string unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    struct Row {
        const char* name;
        QueryParameters query;
        const char* canonical;
        const char* signature;
    };
    const Row rows[] = {
        {"get-vanilla", {}, "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        {"get-vanilla-empty-query-key",
         {{"Param1", "value1"}},
         "Param1=value1",
         "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
        {"get-vanilla-query-order-key-case",
         {{"Param2", "value2"}, {"Param1", "value1"}},
         "Param1=value1&Param2=value2",
         "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
        {"get-vanilla-query-order-value",
         {{"Param1", "value2"}, {"Param1", "value1"}},
         "Param1=value1&Param1=value2",
         "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"},
        {"get-vanilla-query-unreserved",
         {{unreserved, unreserved}},
         nullptr,
         "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
        {"get-vanilla-utf8-query",
         {{"\u1234", "bar"}},
         "%E1%88%B4=bar",
         "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
    };
    for (const Row& row : rows) {
        const std::string query = canonical_query(row.query);
        EXPECT_TRUE(row.canonical == nullptr || query == row.canonical) << row.name << " " << query;
        EXPECT_EQ(suite_signature("/", query), row.signature) << row.name;
    }
}

TEST(Sigv4, sorts_by_what_is_sent_not_by_what_was_meant) {
    EXPECT_EQ(canonical_query({{"a-", "1"}, {"a", "2"}, {"a+", "3"}}), "a=2&a%2B=3&a-=1");
    EXPECT_EQ(canonical_query({{"a", " "}, {"a", "/"}, {"a", ""}}), "a=&a=%20&a=%2F");
    EXPECT_EQ(sigv4_encode("a b+c~d%\n/=&"), "a%20b%2Bc~d%25%0A%2F%3D%26");
}

TEST(Sigv4, stamps_whole_seconds_of_four_digit_years) {
    EXPECT_EQ(sigv4_stamp(WallTime(sys_days(2015y / August / 30)) + 12h + 36min + 999ms), "20150830T123600Z");
    EXPECT_EQ(sigv4_stamp(WallTime{}), "19700101T000000Z");
    EXPECT_EQ(sigv4_stamp(WallTime{} - 1ms), "19691231T235959Z");
    EXPECT_EQ(sigv4_stamp(WallTime::max()), "99991231T235959Z");
    EXPECT_EQ(sigv4_stamp(WallTime::min()), "00000101T000000Z");
}

}  // namespace
