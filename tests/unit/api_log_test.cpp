#include "control/api.hpp"

#include <gtest/gtest.h>

namespace memdb::control {
namespace {

TEST(ApiLog, comes_back_as_it_was) {
    const LogReport report{{"2026-05-06T07:08:09.123Z info tunnel: up", "quotes \" and \\ and → too"}, 7};
    const auto back = parse_log_report(to_json(report));
    ASSERT_TRUE(back.has_value()) << back.error().message;
    EXPECT_EQ(*back, report);
    EXPECT_EQ(to_json(LogReport{}), R"({"lines":[],"forgotten":0})");
}

TEST(ApiLog, refuses_what_is_no_log) {
    for (const char* text : {"", "[]", "{}", R"({"lines":[1],"forgotten":0})", R"({"lines":[]})"})
        EXPECT_TRUE(parse_log_report(text).has_error()) << text;
}

}  // namespace
}  // namespace memdb::control
