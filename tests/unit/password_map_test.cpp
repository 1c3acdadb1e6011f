#include "app/password_map.hpp"

#include "health/finding_catalog.hpp"

#include <gtest/gtest.h>

#include <string>

namespace memdb::app {
namespace {

const config::PasswordSource kFile{config::PasswordPlace::file, "/etc/memdbd/dev.password"};

TEST(PasswordMap, the_named_password_counts_and_an_unusable_one_changes_nothing) {
    const Secret<> stored(std::string("stored")), in_use(std::string("in use"));
    const auto used = [&](const std::optional<NamedPassword>& named, const Secret<>& before) {
        return password_to_use(named, stored, before).reveal();
    };
    EXPECT_EQ(used(std::nullopt, in_use), "stored") << "no entry, or none any more";
    EXPECT_EQ(used(NamedPassword{kFile, Secret<>(std::string("named"))}, in_use), "named");
    EXPECT_EQ(used(NamedPassword{kFile, Secret<>(std::string("named"))}, {}), "named");
    EXPECT_EQ(used(NamedPassword{kFile, Failure{}}, in_use), "in use");
    EXPECT_EQ(used(NamedPassword{kFile, Failure{}}, {}), "") << "never the stored one behind a person's back";
}

TEST(PasswordMap, says_which_file_and_why_and_how_bad_it_is) {
    const Failure why{Errc::not_permitted, "/etc/memdbd/dev.password: everybody may read it"};
    const auto warned = password_conditions(kFile, why, true);
    ASSERT_EQ(warned.size(), 1U);
    EXPECT_EQ(warned[0].code, "password-unusable");
    EXPECT_EQ(warned[0].evidence, why.message);
    EXPECT_EQ(warned[0].severity, health::Severity::warning);
    EXPECT_NE(warned[0].summary.find("the one before stays in use"), std::string::npos);
    const auto without = password_conditions({config::PasswordPlace::credential, "dev"}, why, false);
    EXPECT_EQ(without[0].severity, health::Severity::error);
    EXPECT_EQ(without[0].evidence, "credential:dev: " + why.message);
    EXPECT_EQ(without[0].summary.find("stays in use"), std::string::npos);
    ASSERT_NE(health::find_entry("password-unusable"), nullptr);
    EXPECT_EQ(health::find_entry("password-unusable")->layer, health::Layer::auth);
}

}  // namespace
}  // namespace memdb::app
