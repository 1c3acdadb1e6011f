#include "tunnel/endpoint_label.hpp"

#include <gtest/gtest.h>

namespace memdb::tunnel {
namespace {

TEST(EndpointLabel, IsTwelveHexDigitsOfThe48LowerBits) {
    EXPECT_EQ(endpoint_label(0), "000000000000");
    EXPECT_EQ(endpoint_label(0xABCDEF), "000000abcdef");
    EXPECT_EQ(endpoint_label(0xFFFF'1234'5678'9ABC), "123456789abc");
    EXPECT_EQ(endpoint_label(~std::uint64_t{0}), "ffffffffffff");
}

}  // namespace
}  // namespace memdb::tunnel
