#include "config/password_source.hpp"

#include <gtest/gtest.h>

#include <string>

namespace memdb::config {
namespace {

TEST(PasswordSource, is_a_credential_or_an_absolute_path) {
    for (const std::string_view text :
         {"credential:p", "credential:prod.password-1", "credential:...", "credential:a b"}) {
        const auto source = parse_password_source(text);
        ASSERT_TRUE(source) << text;
        EXPECT_EQ(source->place, PasswordPlace::credential);
        EXPECT_EQ(to_string(*source), text);
        EXPECT_EQ(path_of(*source, "/run/credentials/memdbd.service"),
                  "/run/credentials/memdbd.service/" + source->name);
        EXPECT_EQ(path_of(*source, ""), std::nullopt);
    }
    for (const std::string_view text : {"/x", "/etc/memdbd/a b", "/etc/../x"}) {
        const auto source = parse_password_source(text);
        ASSERT_TRUE(source) << text;
        EXPECT_EQ(source->place, PasswordPlace::file);
        EXPECT_EQ(to_string(*source), text);
        EXPECT_EQ(path_of(*source, "/run/credentials/memdbd.service"), text);
    }
}

TEST(PasswordSource, refuses_the_rest_and_does_not_repeat_it) {
    for (const std::string& text :
         {std::string(), std::string("hunter2-the-password"), std::string("relative/path"), std::string("credential"),
          std::string("credential:"), std::string("credential:."), std::string("credential:.."),
          std::string("credential:a/b"), std::string("credential:/etc/x"), std::string("credential:a\n"),
          std::string("Credential:abc"), std::string("/x\0y", 4), std::string("/x\n"), "/" + std::string(4000, 'x'),
          "credential:" + std::string(256, 'x')}) {
        const auto source = parse_password_source(text);
        ASSERT_FALSE(source) << text;
        EXPECT_EQ(source.error().code, Errc::bad_input);
        EXPECT_EQ(source.error().message.find("hunter2"), std::string::npos);
    }
}

}  // namespace
}  // namespace memdb::config
