#include "reach/plain_reply_map.hpp"

#include <gtest/gtest.h>

namespace memdb::reach {
namespace {

TEST(PlainReplyMap, knows_a_redis_without_tls_by_how_it_begins) {
    EXPECT_EQ(plain_reply_in("+PONG\r\n"), "+PONG");
    EXPECT_EQ(plain_reply_in("-NOAUTH Authentication required.\r\n-x"), "-NOAUTH Authentication required.");
    EXPECT_EQ(plain_reply_in("-DENIED in protected\x1bmode"), "-DENIED in protected?mode");
    for (const std::string_view other :
         {"", "-", "-1\r\n", "+OK\r\n", "\x15\x03\x01\x02\x02\x46", "HTTP/1.1 400 Bad Request\r\n"})
        EXPECT_EQ(plain_reply_in(other), "") << other;
}

}  // namespace
}  // namespace memdb::reach
