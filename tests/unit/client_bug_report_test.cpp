#include "client/bug_report.hpp"

#include "tests/support/snapshots.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace memdb::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(BugReport, settings_are_shown_without_what_only_explains) {
    EXPECT_EQ(bare_settings("# all\n[log]\n#level = \"info\"\n\n  level = \"debug\"\n"),
              "[log]\n  level = \"debug\"\n");
    EXPECT_EQ(bare_settings(""), "");
}

TEST(BugReport, json_has_a_field_a_line) {
    EXPECT_EQ(pretty_json(R"({"a":{"b":"x","c":[1,2]},"d":[{"e":"f"}],"g":[]})"),
              "{\n  \"a\": {\n    \"b\": \"x\",\n    \"c\": [1,2]\n  },\n  \"d\": [\n    {\n      \"e\": \"f\"\n    "
              "}\n  ],\n  \"g\": []\n}");
    EXPECT_EQ(pretty_json("the agent is not running"), "the agent is not running");
}

TEST(BugReport, people_are_found_where_the_snapshot_has_them) {
    auto profile = support::reachable_profile();
    profile.clusters[0].user = "app";
    profile.credential->subject = "C=DE, CN=client1.domain.tld, O=x";
    profile.rotation.emplace();
    profile.rotation->common_name = "client2";
    EXPECT_THAT(persons_in(support::snapshot_of({profile})), ElementsAre("app", "client1.domain.tld", "client2"));
    profile.clusters[0].user = "demo";  // as the profile is called: the report could not be read any more
    EXPECT_THAT(persons_in(support::snapshot_of({profile})), ElementsAre("client1.domain.tld", "client2"));
}

TEST(BugReport, has_its_parts_in_order_and_says_what_is_left_out) {
    const BugReport report{"2026-05-06T07:08:09Z",     "memdbctl 1\n", "[log]\n", "{}", "none",
                           "a \x1b[2J line of alice\n"};
    const std::string text = report_text(report, {"alice", "/home/alice", "", {}});
    EXPECT_THAT(text,
                testing::StartsWith("memdbctl bugreport, made at 2026-05-06T07:08:09Z\n\nRead it before you send it."));
    EXPECT_THAT(text, HasSubstr("\n== versions\nmemdbctl 1\n\n== settings\n[log]\n\n== snapshot\n{}\n\n== "
                                "history\nnone\n\n== log\na ?[2J line of <user>\n"));
    EXPECT_THAT(text, Not(HasSubstr("alice")));
}

}  // namespace
}  // namespace memdb::client
