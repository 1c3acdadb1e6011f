// What can be shown without setting this machine's clock or putting it to sleep; tests/lab/test_sleep.py stands in for
// both.
#include "host/clock_watch.hpp"

#include "base/clock.hpp"

#include <boost/asio.hpp>

#include <gtest/gtest.h>

namespace memdb::host {
namespace {

TEST(ClockWatch, is_armed_and_wakes_nobody_while_the_clock_goes_on) {
    boost::asio::io_context io;
    int calls = 0;
    auto watch = ClockWatch::open(io, [&] { ++calls; });
    ASSERT_TRUE(watch.has_value()) << watch.error().message;
    EXPECT_EQ(io.run_for(100ms), 0U);
    EXPECT_EQ(calls, 0);
    watch->reset();
    io.restart();
    io.run_for(20ms);
    EXPECT_EQ(calls, 0) << "not after it is gone";
}

TEST(Clock, what_was_slept_is_steady_while_awake) {
    const Duration before = slept_since_boot();
    for (int i = 0; i < 1000; ++i) {
        const Duration again = slept_since_boot();
        EXPECT_LT(std::chrono::abs(again - before), 100ms);
    }
}

}  // namespace
}  // namespace memdb::host
