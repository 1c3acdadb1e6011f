#include "base/log_ring.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace memdb {
namespace {

using testing::ElementsAre;

TEST(LogRing, keeps_lines_without_their_breaks) {
    LogRing ring;
    ring.add("one\n");
    ring.add("two");
    EXPECT_THAT(ring.lines(), ElementsAre("one", "two"));
    EXPECT_EQ(ring.forgotten(), 0u);
}

TEST(LogRing, forgets_the_oldest_beyond_its_number) {
    LogRing ring;
    for (std::size_t i = 0; i < kLogLines + 5; ++i) ring.add(std::to_string(i));
    EXPECT_EQ(ring.lines().size(), kLogLines);
    EXPECT_EQ(ring.lines().front(), "5");
    EXPECT_EQ(ring.forgotten(), 5u);
}

TEST(LogRing, is_bounded_in_bytes_whatever_the_lines_are) {
    LogRing ring;
    for (int i = 0; i < 500; ++i) ring.add(std::string(1 << 20, 'x'));
    std::size_t bytes = 0;
    for (const auto& line : ring.lines()) bytes += line.size();
    EXPECT_EQ(ring.lines().back().size(), kLogLineBytes);
    EXPECT_LE(bytes, kLogBytes);
    EXPECT_GT(bytes, kLogBytes - 2 * kLogLineBytes);
}

TEST(LogRing, what_is_no_text_becomes_a_question_mark) {
    struct Row {
        std::string in, out;
    };
    const Row rows[] = {
        {"a\x1b[31mb", "a?[31mb"},
        {"a\tb\r", "a?b?"},
        {"10 → 20 µs ✓ 😀", "10 → 20 µs ✓ 😀"},
        {"\xff\xfe\xc0\xaf", "????"},
        {"csi \xc2\x9b overlong \xe0\x80\x80", "csi ?? overlong ???"},
        {"cut \xe2\x86", "cut ??"},
        {"surrogate \xed\xa0\x80", "surrogate ???"},
        {std::string("nul\0", 4), "nul?"},
    };
    for (const Row& row : rows) {
        LogRing ring;
        ring.add(row.in);
        EXPECT_EQ(ring.lines().front(), row.out);
    }
}

TEST(LogRing, a_long_line_is_not_cut_within_a_character) {
    LogRing ring;
    ring.add(std::string(kLogLineBytes - 1, 'x') + "→");
    EXPECT_EQ(ring.lines().front(), std::string(kLogLineBytes - 1, 'x'));
}

}  // namespace
}  // namespace memdb
