#include "config/password_policy.hpp"

#include <sys/stat.h>

#include <gtest/gtest.h>

#include <string>

namespace memdb::config {
namespace {

constexpr Reader kMemdbd{990, 980};

std::string verdict(mode_t mode, uid_t owner, gid_t group, std::uint64_t size = 20) {
    const auto allowed = check_password_file({mode, owner, group, size}, kMemdbd);
    return allowed ? "" : allowed.error().message;
}

TEST(PasswordPolicy, judges_the_file_that_was_opened) {
    struct Row {
        mode_t mode;
        uid_t owner;
        gid_t group;
        std::string_view want;
    };
    constexpr mode_t kFile = S_IFREG;
    const Row rows[] = {
        {kFile | 0400, 990, 980, ""},
        {kFile | 0600, 990, 5, ""},
        {kFile | 0400, 0, 0, ""},
        {kFile | 0700, 0, 0, ""},
        {kFile | 0440, 0, 0, ""},    // a systemd credential: its ACL's mask shows as the group's bits
        {kFile | 0440, 0, 980, ""},  // root gives it to memdbd by its group
        {kFile | 0640, 990, 0, ""},
        {kFile | 0400, 1000, 980, "belongs to uid 1000: it must belong to memdbd (uid 990) or root"},
        {kFile | 0440, 990, 5, "its group, gid 5, may read it: only memdbd's own (gid 980) or root's may"},
        {kFile | 0460, 990, 980, "its group may write it"},
        {kFile | 0420, 0, 0, "its group may write it"},
        {kFile | 0444, 0, 0, "everybody may read it"},
        {kFile | 0404, 990, 980, "everybody may read it"},
        {kFile | 0402, 990, 980, "everybody may write it"},
        {kFile | 0666, 990, 980, "everybody may write it"},
        {S_IFDIR | 0700, 990, 980, "is no regular file"},
        {S_IFIFO | 0600, 990, 980, "is no regular file"},
        {S_IFCHR | 0600, 0, 0, "is no regular file"},
        {S_IFBLK | 0600, 0, 0, "is no regular file"},
        {S_IFSOCK | 0600, 0, 0, "is no regular file"},
    };
    for (const Row& row : rows)
        EXPECT_EQ(verdict(row.mode, row.owner, row.group), row.want)
            << std::oct << row.mode << std::dec << " " << row.owner << " " << row.group;
}

TEST(PasswordPolicy, no_mode_lets_a_stranger_in) {
    for (mode_t mode = 0; mode <= 0777; ++mode) {
        if ((mode & 0022) != 0 || (mode & 0004) != 0) {
            EXPECT_NE(verdict(S_IFREG | mode, 0, 0), "") << std::oct << mode;
        }
        EXPECT_NE(verdict(S_IFREG | mode, 1000, 980), "") << std::oct << mode;
        if ((mode & 0040) != 0) {
            EXPECT_NE(verdict(S_IFREG | mode, 990, 5), "") << std::oct << mode;
        }
    }
}

TEST(PasswordPolicy, the_file_may_be_as_long_as_a_password_and_its_line_break) {
    EXPECT_EQ(verdict(S_IFREG | 0400, 0, 0, kPasswordLimit + 2), "");
    EXPECT_EQ(verdict(S_IFREG | 0400, 0, 0, kPasswordLimit + 3), "has more than 1024 bytes");
}

TEST(PasswordPolicy, one_line_break_at_the_end_is_not_the_password) {
    struct Row {
        std::string_view text, want;
    };
    const Row rows[] = {{"", ""},       {"\n", ""},       {"\r\n", ""},     {"a", "a"},        {"a\n", "a"},
                        {"a\r\n", "a"}, {"a\n\n", "a\n"}, {" a \n", " a "}, {"a\nb\n", "a\nb"}};
    for (const Row& row : rows) EXPECT_EQ(password_line(row.text), row.want) << row.text;
}

TEST(PasswordPolicy, a_password_is_one_line_without_control_characters) {
    for (const std::string& good : {std::string("a b"), std::string("\xc3\xa4"), std::string(kPasswordLimit, 'x')})
        EXPECT_TRUE(check_password(good)) << good;
    for (const std::string& bad : {std::string("a\nb"), std::string("a\0b", 3), std::string("a\r"), std::string("\t"),
                                   std::string("\x7f"), std::string(kPasswordLimit + 1, 'x')}) {
        const auto checked = check_password(bad);
        ASSERT_FALSE(checked) << bad;
        EXPECT_EQ(checked.error().message.find(bad), std::string::npos);
    }
}

}  // namespace
}  // namespace memdb::config
