#include "base/line_splitter.hpp"

#include <gtest/gtest.h>

using memdb::LineSplitter;
using memdb::SplitLine;

namespace {

std::vector<SplitLine> fed(LineSplitter& splitter, std::string_view bytes) { return splitter.feed(bytes); }

TEST(LineSplitter, ends_lines_at_lf_and_crlf_and_keeps_the_rest) {
    LineSplitter splitter(10);
    EXPECT_EQ(fed(splitter, "a\r\nb\n\nc"), (std::vector<SplitLine>{{"a"}, {"b"}, {""}}));
    EXPECT_EQ(fed(splitter, "d\r"), std::vector<SplitLine>{});
    EXPECT_EQ(fed(splitter, "\n"), (std::vector<SplitLine>{{"cd"}}));
}

TEST(LineSplitter, takes_a_line_of_exactly_the_limit_with_either_end) {
    LineSplitter splitter(4);
    EXPECT_EQ(fed(splitter, "abcd\nabcd\r\n"), (std::vector<SplitLine>{{"abcd"}, {"abcd"}}));
}

TEST(LineSplitter, reports_a_longer_line_once_and_goes_on_after_it) {
    LineSplitter splitter(4);
    EXPECT_EQ(fed(splitter, "abcde"), (std::vector<SplitLine>{{"", true}}));
    EXPECT_EQ(fed(splitter, "fghi"), std::vector<SplitLine>{});
    EXPECT_EQ(fed(splitter, "j\nok\n"), (std::vector<SplitLine>{{"ok"}}));
}

TEST(LineSplitter, counts_a_cr_inside_a_line_as_a_byte) {
    LineSplitter splitter(4);
    EXPECT_EQ(fed(splitter, "abcd\re\nab\rd\n"), (std::vector<SplitLine>{{"", true}, {"ab\rd"}}));
}

TEST(LineSplitter, never_holds_more_than_the_limit_and_a_cr) {
    LineSplitter splitter(16);
    const std::string much(1 << 20, 'x');
    std::size_t lines = 0;
    for (std::size_t at = 0; at < much.size(); at += 7) {
        lines += splitter.feed(std::string_view(much).substr(at, 7)).size();
        ASSERT_LE(splitter.held(), 17u);
    }
    EXPECT_EQ(lines, 1u);
}

TEST(LineSplitter, gives_the_same_lines_for_every_split) {
    const std::string text = "one\r\ntwo\n\r\n\rthree\r\r\ntoo long for it\r\nfour4\nend";
    LineSplitter whole(6);
    const auto expected = whole.feed(text);
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        LineSplitter splitter(6);
        auto got = splitter.feed(text.substr(0, cut));
        for (auto& line : splitter.feed(text.substr(cut))) got.push_back(line);
        EXPECT_EQ(got, expected) << "cut at " << cut;
    }
}

}  // namespace
