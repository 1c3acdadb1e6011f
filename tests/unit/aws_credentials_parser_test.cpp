#include "config/aws_credentials_parser.hpp"

#include <gtest/gtest.h>

#include <string>

namespace memdb::config {
namespace {

using enum AwsFileKind;

constexpr std::string_view kCredentials =
    "# mine\n[default]\naws_access_key_id = AKID\naws_secret_access_key=se/cr+et\n\n"
    "[work] ; of the company\r\naws_access_key_id = ASIA\r\naws_secret_access_key = other\r\naws_session_token = "
    "tok==\r\n[half]\naws_access_key_id = A\n";

TEST(AwsCredentialsParser, reads_the_section_that_is_wanted) {
    const auto mine = parse_aws_file(kCredentials.substr(0, kCredentials.find("[half]")), "default", credentials);
    ASSERT_TRUE(mine) << mine.error().message;
    ASSERT_TRUE(mine->keys);
    EXPECT_EQ(mine->keys->access_key, "AKID");
    EXPECT_EQ(mine->keys->secret_key.reveal(), "se/cr+et");
    EXPECT_TRUE(mine->keys->session_token.empty());
    const auto work = parse_aws_file(kCredentials.substr(0, kCredentials.find("[half]")), "work", credentials);
    ASSERT_TRUE(work && work->keys);
    EXPECT_EQ(work->keys->session_token.reveal(), "tok==");
    const auto none = parse_aws_file(kCredentials, "none", credentials);
    EXPECT_TRUE(none && !none->is_there && !none->keys);
}

TEST(AwsCredentialsParser, sections_of_the_configuration_have_another_name) {
    const std::string_view text =
        "[default]\nregion = eu-central-1\ns3 =\n  addressing_style = path\n[profile  work]\nsso_session = corp\n"
        "sso_account_id = 1\n[sso-session corp]\nsso_region = eu-central-1\n[profile \"with key\"]\n"
        "aws_access_key_id = A\naws_secret_access_key = S\n";
    const auto standard = parse_aws_file(text, "default", config);
    EXPECT_TRUE(standard && standard->is_there && !standard->keys && standard->instead.empty());
    const auto work = parse_aws_file(text, "work", config);
    ASSERT_TRUE(work);
    EXPECT_EQ(work->instead, "sso_session");
    EXPECT_TRUE(parse_aws_file(text, "with key", config)->keys);
    EXPECT_FALSE(parse_aws_file(text, "corp", config)->is_there);
    EXPECT_FALSE(parse_aws_file(text, "work", credentials)->is_there);
}

TEST(AwsCredentialsParser, what_makes_no_sense_is_refused_by_its_line_and_not_repeated) {
    struct Row {
        std::string text;
        std::string_view why;
    };
    const Row rows[] = {
        {"SECRET = 1\n", "line 1: a setting before the first [section]"},
        {"[default]\nSECRET\n", "line 2: \"name = value\" is expected"},
        {"[default\n", "line 1: \"[section]\" is expected"},
        {"[default] SECRET\n", "line 1: \"[section]\" is expected"},
        {"[default]\n[default]\n", "line 2: the section is there twice"},
        {"[default]\nx = 1\nx = SECRET\n", "line 3: the setting is there twice"},
        {"[default]\naws_secret_access_key = SECRET\n", "line 2: aws_secret_access_key without aws_access_key_id"},
        {"[default]\naws_access_key_id = SECRET\n", "line 2: aws_access_key_id without aws_secret_access_key"},
        {"[default]\naws_secret_access_key = SECRET two\n", "line 2: the value must be one printable word"},
        {"[default]\naws_secret_access_key =\n", "line 2: the value must be one printable word"},
    };
    for (const Row& row : rows) {
        const auto read = parse_aws_file(row.text, "default", credentials);
        ASSERT_FALSE(read) << row.text;
        EXPECT_EQ(read.error().message, row.why);
    }
    EXPECT_EQ(parse_aws_file(std::string(kAwsFileLimit + 1, '#'), "default", credentials).error().code,
              Errc::too_large);
    EXPECT_TRUE(parse_aws_file("", "default", credentials));
}

}  // namespace
}  // namespace memdb::config
