#include "reach/resp_codec.hpp"

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using namespace memdb;
using namespace memdb::reach;

namespace {

std::string golden(const std::string& name) {
    std::ifstream in(std::string(MEMDB_SOURCE_DIR "/tests/unit/golden/") + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

struct Outcome {
    std::vector<Reply> replies;
    std::optional<Failure> failure;
    bool operator==(const Outcome&) const = default;
};

void drain(ReplyDecoder& decoder, Outcome& outcome) {
    for (;;) {
        auto next = decoder.next();
        if (!next) {
            outcome.failure = next.error();
            return;
        }
        if (!*next) return;
        outcome.replies.push_back(**next);
    }
}

Outcome decode(std::vector<std::string_view> pieces, ReplyLimits limits = kTopologyReply) {
    ReplyDecoder decoder(limits);
    Outcome outcome;
    for (const std::string_view piece : pieces) {
        decoder.feed(piece);
        drain(decoder, outcome);
    }
    return outcome;
}

Reply text(std::string value) { return {.kind = Reply::Kind::text, .text = std::move(value)}; }
Reply number(std::int64_t value) { return {.kind = Reply::Kind::integer, .integer = value}; }

TEST(RespCodec, reads_every_kind_of_reply) {
    const Outcome got =
        decode({"+PONG\r\n-NOAUTH Authentication required.\r\n:-7\r\n$5\r\na\r\nbc\r\n$-1\r\n*-1\r\n*0\r\n"
                "*2\r\n$0\r\n\r\n*1\r\n:1\r\n"});
    EXPECT_FALSE(got.failure);
    const std::vector<Reply> want = {
        {.kind = Reply::Kind::status, .text = "PONG"},
        {.kind = Reply::Kind::error, .text = "NOAUTH Authentication required."},
        number(-7),
        text("a\r\nbc"),
        {},
        {},
        {.kind = Reply::Kind::array},
        {.kind = Reply::Kind::array, .items = {text(""), {.kind = Reply::Kind::array, .items = {number(1)}}}},
    };
    EXPECT_EQ(got.replies, want);
}

TEST(RespCodec, splits_anywhere) {
    std::size_t cuts = 0;
    for (const char* name : {"cluster_shards.resp", "cluster_slots.resp", "cluster_slots_unknown_endpoint.resp"}) {
        const std::string bytes = golden(name) + "+PONG\r\n";
        ASSERT_GT(bytes.size(), 100U) << name;
        const Outcome whole = decode({bytes});
        ASSERT_EQ(whole.replies.size(), 2U);
        ASSERT_FALSE(whole.failure);
        for (std::size_t cut = 0; cut <= bytes.size(); ++cut, ++cuts) {
            const std::string_view view = bytes;
            ASSERT_EQ(decode({view.substr(0, cut), view.substr(cut)}), whole) << name << " cut at " << cut;
        }
    }
    RecordProperty("cuts", static_cast<int>(cuts));
}

TEST(RespCodec, reads_byte_by_byte) {
    const std::string bytes = golden("cluster_shards.resp");
    std::vector<std::string_view> pieces;
    for (std::size_t i = 0; i < bytes.size(); ++i) pieces.push_back(std::string_view(bytes).substr(i, 1));
    EXPECT_EQ(decode(pieces), decode({bytes}));
}

struct Refused {
    const char* name;
    std::string bytes;
    Errc code;
    std::string_view message;
};

TEST(RespCodec, refuses_what_is_no_reply_or_too_much) {
    std::string nested;
    for (int i = 0; i < 100; ++i) nested += "*1\r\n";
    const Refused table[] = {
        {"http", "HTTP/1.1 400 Bad Request\r\n\r\n", Errc::malformed, "bytes that are no reply"},
        {"tls alert", std::string("\x15\x03\x03\x00\x02\x02\x28", 7), Errc::malformed, "bytes that are no reply"},
        {"resp3 map", "%1\r\n+a\r\n+b\r\n", Errc::malformed, ""},
        {"resp3 push", ">1\r\n+a\r\n", Errc::malformed, ""},
        {"resp3 double", ",1.5\r\n", Errc::malformed, ""},
        {"resp3 null", "_\r\n", Errc::malformed, ""},
        {"bad integer", ":x\r\n", Errc::malformed, "bytes that are no reply"},
        {"huge bulk header", "$9223372036854775807\r\n", Errc::too_large,
         "a string header of 9223372036854775807 bytes"},
        {"bulk above the cap", "$2097153\r\n", Errc::too_large, "a string header of 2097153 bytes"},
        {"huge bulk inside a list", "*2\r\n+a\r\n$99999999\r\n", Errc::too_large, "a string header of 99999999 bytes"},
        {"huge list", "*2147483647\r\n", Errc::too_large, "more elements than allowed"},
        {"list above the cap", "*8193\r\n", Errc::too_large, "more elements than allowed (8193)"},
        {"nested bomb", nested, Errc::too_large, "nested too deeply"},
        {"endless status line", "+" + std::string((2U << 20) + 1, 'a'), Errc::too_large, "more than 2097152 bytes"},
    };
    for (const Refused& row : table) {
        SCOPED_TRACE(row.name);
        const Outcome got = decode({row.bytes, "+PONG\r\n"});
        ASSERT_TRUE(got.failure);
        EXPECT_TRUE(got.replies.empty());
        EXPECT_EQ(got.failure->code, row.code) << got.failure->message;
        EXPECT_NE(got.failure->message.find(row.message), std::string::npos) << got.failure->message;
    }
}

TEST(RespCodec, a_line_that_begins_with_digits_is_no_string_header) {
    const Reply want{.kind = Reply::Kind::status, .text = "99999999999999999999999"};
    const std::string bytes = "+" + want.text + "\r\n";
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        const Outcome got = decode({std::string_view(bytes).substr(0, cut), std::string_view(bytes).substr(cut)});
        EXPECT_FALSE(got.failure) << cut;
        EXPECT_EQ(got.replies, std::vector<Reply>{want}) << cut;
    }
}

TEST(RespCodec, counts_the_elements_of_the_whole_reply) {
    std::string bytes = "*8192\r\n";
    for (int i = 0; i < 7; ++i) {
        bytes += "*8192\r\n";
        for (int k = 0; k < 8192; ++k) bytes += ":1\r\n";
    }
    EXPECT_FALSE(decode({bytes}).failure);
    const Outcome beyond = decode({bytes, "*1\r\n"});
    ASSERT_TRUE(beyond.failure);
    EXPECT_EQ(beyond.failure->code, Errc::too_large);
}

TEST(RespCodec, limits_count_per_reply_and_not_per_connection) {
    ReplyDecoder decoder(kShortReply);
    for (int i = 0; i < 10000; ++i) {
        decoder.feed("+PONG\r\n*1\r\n:1\r\n");
        for (int k = 0; k < 2; ++k) {
            const auto reply = decoder.next();
            ASSERT_TRUE(reply);
            ASSERT_TRUE(*reply);
        }
        ASSERT_FALSE(*decoder.next());
    }
}

TEST(RespCodec, a_short_reply_may_not_be_a_topology) {
    EXPECT_TRUE(decode({golden("cluster_shards.resp")}, kShortReply).failure);
    ReplyDecoder decoder(kShortReply);
    decoder.expect(kTopologyReply);
    decoder.feed(golden("cluster_shards.resp"));
    EXPECT_TRUE(decoder.next());
}

TEST(RespCodec, a_failure_stays) {
    ReplyDecoder decoder(kShortReply);
    decoder.feed("?\r\n");
    const auto first = decoder.next();
    decoder.feed("+PONG\r\n");
    const auto second = decoder.next();
    ASSERT_FALSE(first);
    ASSERT_FALSE(second);
    EXPECT_EQ(first.error(), second.error());
}

TEST(RespCodec, formats_commands_binary_safe) {
    const std::string_view zero("a\0b", 3);
    EXPECT_EQ(format_command(std::array{std::string_view("AUTH"), zero, std::string_view()}),
              std::string("*3\r\n$4\r\nAUTH\r\n$3\r\na\0b\r\n$0\r\n\r\n", 29));
    EXPECT_EQ(format_command(std::array{std::string_view("PING")}), "*1\r\n$4\r\nPING\r\n");
}

TEST(RespCodec, names_the_class_of_an_error) {
    const auto class_of = [](std::string value) {
        const Reply reply{.kind = Reply::Kind::error, .text = std::move(value)};
        return std::string(error_class(reply));
    };
    EXPECT_EQ(class_of("WRONGPASS invalid username-password pair or user is disabled."), "WRONGPASS");
    EXPECT_EQ(class_of("NOAUTH"), "NOAUTH");
    EXPECT_EQ(class_of("ERR max number of clients reached"), "ERR");
    EXPECT_EQ(class_of("something else"), "");
    EXPECT_EQ(class_of(""), "");
    EXPECT_EQ(error_class(Reply{.kind = Reply::Kind::status, .text = "OK"}), "");
}

TEST(RespCodec, evidence_is_one_printable_line) {
    EXPECT_EQ(one_line("a\r\nb\x1b[31m\xc3\xa4"), "a??b?[31m??");
    EXPECT_EQ(one_line("abcdef", 3), "abc...");
}

}  // namespace
