#include "config/ovpn_lexer.hpp"

#include <gtest/gtest.h>

namespace memdb::config {
namespace {

using std::string_literals::operator""s;

/// "name[word][word]" for each directive, blocks as "<name>{text}"; or "!" and the message.
std::string lexed(std::string_view text) {
    const auto directives = lex_ovpn(text, "f.ovpn");
    if (!directives) return "!" + directives.error().message;
    std::string shown;
    for (const Directive& directive : *directives) {
        if (!shown.empty()) shown += ' ';
        if (directive.inline_text) {
            shown += "<" + directive.name + ">{" + *directive.inline_text + "}";
            continue;
        }
        shown += directive.name;
        for (const std::string& word : directive.words) shown += "[" + word + "]";
    }
    return shown;
}

struct Row {
    std::string text, expected;
};

void expect(const std::vector<Row>& rows) {
    for (const Row& row : rows) EXPECT_EQ(lexed(row.text), row.expected) << row.text;
}

TEST(OvpnLexer, words_are_split_as_openvpn_does) {
    expect({
        {"", ""},
        {"\n\n  \n", ""},
        {"client", "client"},
        {"remote a 443 udp\n", "remote[a][443][udp]"},
        {" \t\v\fremote\ta\v443\f\n", "remote[a][443]"},
        {"remote a 443\r\nproto udp\r\n", "remote[a][443] proto[udp]"},
        {"\xEF\xBB\xBF"
         "client\n",
         "client"},
        {"--up x", "up[x]"},
        {"\"up\" 'x y' \"\"", "up[x y][]"},
        {"'--up' x", "up[x]"},
        {"echo \"a\\\"b\\\\c\\ d\" 'a\\b' a\\ b \\\\x \\\"y", "echo[a\"b\\c d][a\\b][a b][\\x][\"y]"},
        {"echo a\"b c'd", "echo[a\"b][c'd]"},
        {"echo \"it's\" 'say \"x\"'", "echo[it's][say \"x\"]"},
        {"a 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15", "a[1][2][3][4][5][6][7][8][9][10][11][12][13][14][15]"},
    });
}

TEST(OvpnLexer, a_comment_begins_at_the_start_of_a_line_or_of_a_word) {
    expect({
        {"# x\n;y\n  # z\nclient", "client"},
        {"client # up x", "client"},
        {"remote a ;443", "remote[a]"},
        {"remote a#b c;d", "remote[a#b][c;d]"},
        {"remote \"#a\" ';b'", "remote[#a][;b]"},
        {"# caf\xC3\xA9 \x01", ""},
        {"# 'unclosed \\q", ""},
    });
}

TEST(OvpnLexer, inline_blocks_open_and_close_as_openvpn_does) {
    expect({
        {"<ca>\nA\n</ca>\n", "<ca>{A\n}"},
        {"<ca>\r\nA\r\n</ca>\r\nclient", "<ca>{A\n} client"},
        {"  \"<ca>\" # comment\n A\n\n\t</ca>  \n", "<ca>{ A\n\n}"},
        {"--<ca>\nA\n</ca>", "<ca>{A\n}"},
        {"<ca>\n</ca>", "<ca>{}"},
        {"<ca>\n# up x\n'unclosed \\q \xC3\xA9\n</ca>", "<ca>{# up x\n'unclosed \\q \xC3\xA9\n}"},
        {"<ca>\nup x </ca>\n</ca>", "<ca>{up x </ca>\n}"},
        {"<up>\nx\n</up>", "<up>{x\n}"},
    });
}

TEST(OvpnLexer, refuses_by_file_and_line) {
    expect({
        {"client\necho \\x",
         "!f.ovpn:2: a backslash may only stand before \\, \" or a blank: write \\\\ for one, or / in paths"},
        {"cert C:\\keys\\a.crt",
         "!f.ovpn:1: a backslash may only stand before \\, \" or a blank: write \\\\ for one, or / in paths"},
        {"echo a\\",
         "!f.ovpn:1: a backslash may only stand before \\, \" or a blank: write \\\\ for one, or / in paths"},
        {"echo \\#a",
         "!f.ovpn:1: a backslash may only stand before \\, \" or a blank: write \\\\ for one, or / in paths"},
        {"echo \\'a'",
         "!f.ovpn:1: a backslash may only stand before \\, \" or a blank: write \\\\ for one, or / in paths"},
        {"echo \\ a", "!f.ovpn:1: a backslash before a blank begins a word: use quotes"},
        {"echo \"a", "!f.ovpn:1: the closing \" is missing"},
        {"echo 'a", "!f.ovpn:1: the closing ' is missing"},
        {"echo \"a\\\"", "!f.ovpn:1: the closing \" is missing"},
        {"echo \"a\"b", "!f.ovpn:1: the word goes on after its closing \": put a blank there"},
        {"echo 'a'#b", "!f.ovpn:1: the word goes on after its closing ': put a blank there"},
        {"a 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16", "!f.ovpn:1: more than 16 words"},
        {"client\rup x\n", "!f.ovpn:1: a carriage return inside the line"},
        {"client\r", "!f.ovpn:1: a carriage return inside the line"},
        {"client\r\r\n", "!f.ovpn:1: a carriage return inside the line"},
        {"# a\rup x\n", "!f.ovpn:1: a carriage return inside the line"},
        {"<ca>\nA\r</ca>\n</ca>", "!f.ovpn:2: a carriage return inside the line"},
        {"client\0up x"s, "!f.ovpn:1: a NUL byte inside the line"},
        {"# \0"s, "!f.ovpn:1: a NUL byte inside the line"},
        {"<ca>\n\0</ca>\n</ca>"s, "!f.ovpn:2: a NUL byte inside the line"},
        {"echo caf\xC3\xA9", "!f.ovpn:1: byte 0xC3 in a word: only printable ASCII is read"},
        {"echo \"a\tb\"", "!f.ovpn:1: byte 0x09 in a word: only printable ASCII is read"},
        {"client\n\xEF\xBB\xBF"
         "client",
         "!f.ovpn:2: byte 0xEF in a word: only printable ASCII is read"},
        {"Client", "!f.ovpn:1: \"Client\" is no directive"},
        {"\"\" a", "!f.ovpn:1: \"\" is no directive"},
        {"-- a", "!f.ovpn:1: \"--\" is no directive"},
        {"<>\n</>", "!f.ovpn:1: <> is no inline block"},
        {"<CA>\n</CA>", "!f.ovpn:1: <CA> is no inline block"},
        {"<ca> x\nA\n</ca>", "!f.ovpn:1: text after <ca>"},
        {"</ca>", "!f.ovpn:1: </ca> without its beginning"},
        {"client\n<ca>\nA\n", "!f.ovpn:2: </ca> is missing"},
        {"<ca>\nA\n</ca>up x", "!f.ovpn:3: text after </ca>"},
        {"<ca>\nA\n</ca> # x", "!f.ovpn:3: text after </ca>"},
        {"<ca>\nA\n<cert>\nB\n</cert>", "!f.ovpn:3: \"<cert>\" inside <ca> of line 1: is </ca> missing?"},
        {"<ca>\nA\n </CA>\n", "!f.ovpn:3: \"</CA>\" inside <ca> of line 1: is </ca> missing?"},
    });
}

TEST(OvpnLexer, a_line_has_at_most_254_bytes_wherever_it_is) {
    const std::string fits = "# " + std::string(252, 'x');
    EXPECT_EQ(lexed(fits + "\nclient"), "client");
    const std::string reason = "the line has 255 bytes, at most 254 are allowed (comments count)";
    EXPECT_EQ(lexed(fits + "x\nclient"), "!f.ovpn:1: " + reason);
    EXPECT_EQ(lexed(fits + "x"), "!f.ovpn:1: " + reason);
    EXPECT_EQ(lexed(fits + "\r\n"), "!f.ovpn:1: " + reason);
    EXPECT_EQ(lexed("\xEF\xBB\xBF" + fits),
              "!f.ovpn:1: the line has 257 bytes, at most 254 are allowed (comments count)");
    EXPECT_EQ(lexed("<ca>\n" + fits + "x\n</ca>"), "!f.ovpn:2: " + reason);
}

TEST(OvpnLexer, an_end_tag_at_a_chunk_boundary_smuggles_nothing) {
    // openvpn reads 255 bytes at a time: the second piece would begin with </ca>, and "up x" would be a directive.
    const std::string text = "<ca>\n" + std::string(255, 'A') + "</ca>\nup x\n</ca>\n";
    EXPECT_EQ(lexed(text).rfind("!f.ovpn:2: the line has 260 bytes", 0), 0u);
}

TEST(OvpnLexer, whole_files_have_limits) {
    const auto huge = lex_ovpn(std::string(kOvpnSizeLimit + 1, '\n'), "f.ovpn");
    ASSERT_FALSE(huge);
    EXPECT_EQ(huge.error().code, Errc::too_large);

    std::string many;
    for (std::size_t i = 0; i < kDirectiveLimit; ++i) many += "client\n";
    EXPECT_TRUE(lex_ovpn(many, "f.ovpn"));
    EXPECT_EQ(lexed(many + "client\n"), "!f.ovpn:513: more than 512 directives");
}

TEST(OvpnLexer, lines_are_counted_across_blocks) {
    const auto directives = lex_ovpn("# a\nclient\n<ca>\nA\nB\n</ca>\n\nverb 3\n", "f.ovpn");
    ASSERT_TRUE(directives);
    ASSERT_EQ(directives->size(), 3u);
    EXPECT_EQ((*directives)[0].line, 2u);
    EXPECT_EQ((*directives)[1].line, 3u);
    EXPECT_EQ((*directives)[2].line, 8u);
}

TEST(OvpnLexer, file_names_from_a_client_cannot_colour_the_terminal) {
    const auto refused = lex_ovpn("\"", "a\x1b[31m\n.ovpn");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "a\\x1B[31m\\x0A.ovpn:1: the closing \" is missing");
}

TEST(OvpnLexer, a_quoted_word_is_read_back) {
    for (const std::string word : {"server", "", "a b", "a\"b", "a\\b", "#a", "CN=server, O=x", "'x'", "<ca>", ";"}) {
        const auto directives = lex_ovpn("echo " + quote_ovpn_word(word), "f.ovpn");
        ASSERT_TRUE(directives) << directives.error().message;
        EXPECT_EQ(directives->front().words, std::vector<std::string>{word});
    }
}

TEST(OvpnLexer, every_cut_gives_an_answer) {
    const std::string text =
        "client\nremote \"a b\" 443 # x\n<ca>\n-----BEGIN CERTIFICATE-----\n</ca>\nverify-x509-name 'a' name\n";
    for (std::size_t length = 0; length <= text.size(); ++length) (void)lexed(text.substr(0, length));
}

}  // namespace
}  // namespace memdb::config
