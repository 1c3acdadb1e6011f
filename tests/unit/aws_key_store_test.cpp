// Against real files: absent, unreadable for reasons of its mode, and without what is needed.
#include "keys/aws_key_store.hpp"

#include "tests/support/scratch_folder.hpp"

#include <sys/stat.h>

#include <gtest/gtest.h>

#include <string>

namespace memdb::keys {
namespace {

using tests::put;
using tests::ScratchFolder;

TEST(AwsKeys, are_those_of_the_default_section_of_a_file_that_nobody_else_may_read) {
    const ScratchFolder folder;
    const auto path = folder.path() / "aws";
    const std::string name = path.string();
    const auto read = [&](const std::string& text, mode_t mode) {
        put(path, text);
        EXPECT_EQ(::chmod(path.c_str(), mode), 0);
        const auto keys = read_aws_keys(path);
        return keys ? keys->access_key + " " + keys->secret_key.reveal() + " " + keys->session_token.reveal()
                    : std::string(to_string(keys.error().code)) + " " + keys.error().message;
    };
    const std::string good = "[default]\naws_access_key_id = AKID\naws_secret_access_key = s\n";
    EXPECT_EQ(read_aws_keys(path).error().code, Errc::not_found);
    EXPECT_EQ(read(good, 0400), "AKID s ");
    EXPECT_EQ(read(good + "aws_session_token = " + std::string(4000, 't') + "\n", 0600),
              "AKID s " + std::string(4000, 't'));
    EXPECT_EQ(read(good, 0404), "not_permitted " + name + ": everybody may read it");
    EXPECT_EQ(read("[work]\n", 0400), "malformed " + name + ": has no section [default]");
    EXPECT_EQ(read("[default]\nregion = x\n", 0400),
              "malformed " + name + ": has no aws_access_key_id and aws_secret_access_key");
    EXPECT_EQ(read("secret\n", 0400), "malformed " + name + ": line 1: \"name = value\" is expected");
    EXPECT_EQ(read_aws_keys(folder.path()).error().code, Errc::not_permitted);
}

}  // namespace
}  // namespace memdb::keys
