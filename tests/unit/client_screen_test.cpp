#include "client/screen.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace memdb::client {
namespace {

constexpr ScreenSize kSmall{10, 3};

TEST(Screen, a_line_is_cut_at_the_edge_and_its_colours_are_closed) {
    EXPECT_EQ(fit("0123456789", 10), "0123456789");
    EXPECT_EQ(fit("0123456789x", 10), "0123456789");
    EXPECT_EQ(fit("✓✓✓", 2), "✓✓");
    EXPECT_EQ(fit("\x1b[32mgreen\x1b[0m", 3), "\x1b[32mgre\x1b[0m");
    EXPECT_EQ(fit("\x1b[32mgr\x1b[0mey", 3), "\x1b[32mgr\x1b[0me");
    EXPECT_EQ(fit("\x1b[32mgreen\x1b[0m", 5), "\x1b[32mgreen\x1b[0m");
    EXPECT_EQ(visible_columns("\x1b[1;31m✗\x1b[0m x"), 3u);
}

TEST(Screen, only_lines_that_differ_are_drawn) {
    const ScreenLines before = {"one", "two", "three"};
    EXPECT_EQ(draw(before, before, kSmall), "");
    EXPECT_EQ(draw(before, {"one", "2", "three"}, kSmall), "\x1b[?2026h\x1b[2;1H2\x1b[K\x1b[?2026l");
}

TEST(Screen, a_line_as_wide_as_the_screen_keeps_its_last_character) {
    EXPECT_EQ(draw({"a"}, {"0123456789"}, kSmall), "\x1b[?2026h\x1b[1;1H0123456789\x1b[?2026l");
}

TEST(Screen, a_fresh_screen_is_cleared_and_lines_that_are_gone_are_erased) {
    EXPECT_EQ(draw({}, {"a", "", "b"}, kSmall), "\x1b[?2026h\x1b[2J\x1b[1;1Ha\x1b[K\x1b[3;1Hb\x1b[K\x1b[?2026l");
    EXPECT_EQ(draw({"a", "b"}, {"a"}, kSmall), "\x1b[?2026h\x1b[2;1H\x1b[K\x1b[?2026l");
}

TEST(Screen, nothing_is_drawn_below_its_last_row) {
    EXPECT_EQ(draw({"a", "b", "c"}, {"a", "b", "c", "d"}, kSmall), "");
}

}  // namespace
}  // namespace memdb::client
