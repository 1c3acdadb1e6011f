#include "app/watchdog_policy.hpp"

#include <gtest/gtest.h>

using namespace memdb;
using namespace memdb::app;

TEST(WatchdogPolicy, names_whoever_waits_for_a_moment_that_is_long_gone) {
    const TimePoint now{1h};
    const std::vector<Waiting> all = {{"event only", {}},
                                      {"in time", now + 1ms},
                                      {"due", now},
                                      {"on a busy machine", now - kLateLimit},
                                      {"stuck", now - kLateLimit - 1ms},
                                      {"stuck for long", TimePoint{}}};
    EXPECT_EQ(left_waiting(all, now), (std::vector<std::string>{"stuck", "stuck for long"}));
    EXPECT_TRUE(left_waiting({}, now).empty());
}
