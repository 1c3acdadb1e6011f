// Against the real kernel, in a network namespace of its own for each test.
#include "host/route_watch.hpp"

#include "tests/support/got.hpp"
#include "tests/support/network_namespace.hpp"

#include <boost/asio.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

using namespace memdb;
using namespace memdb::host;
using memdb::tests::got;
using memdb::tests::in_own_network;
using memdb::tests::make_laptop;
using memdb::tests::sh;
using Clock = std::chrono::steady_clock;

namespace {

/// A watch with a loop, and what it told.
struct Watched {
    Watched() {
        watch = got(RouteWatch::open(io, [this] { calls.push_back(Clock::now()); }));
    }

    /// Runs the loop until there were more than `count` calls; false when that takes more than 2 s.
    bool more_than(std::size_t count) {
        const auto limit = Clock::now() + 2s;
        io.restart();
        while (calls.size() <= count && Clock::now() < limit) io.run_one_for(10ms);
        return calls.size() > count;
    }
    /// Runs the loop until nothing more can come: a change that is told with certainty is made, and told.
    std::size_t calls_until_settled() {
        for (std::size_t before = calls.size();; before = calls.size()) {
            io.restart();
            io.run_for(RouteWatch::kQuiet + 2 * RouteWatch::kFirstWord);
            if (calls.size() == before) return before;
        }
    }

    boost::asio::io_context io;
    std::vector<Clock::time_point> calls;
    std::unique_ptr<RouteWatch> watch;
};

/// Whether `line` is told.
void expect_told(Watched& watched, const std::string& line) {
    const std::size_t before = watched.calls_until_settled();
    sh(line);
    EXPECT_EQ(watched.calls.size(), before) << "never from inside anything but the loop";
    EXPECT_TRUE(watched.more_than(before)) << line;
}

void expect_not_told(Watched& watched, const std::string& line) {
    const std::size_t before = watched.calls_until_settled();
    sh(line);
    EXPECT_EQ(watched.calls_until_settled(), before) << line;
}

}  // namespace

TEST(RouteWatch, tells_of_links_addresses_routes_and_rules_of_both_families) {
    in_own_network([] {
        make_laptop();
        Watched watched;
        EXPECT_EQ(watched.calls_until_settled(), 0U) << "what was there before is no news";
        for (const char* line : {
                 "ip route add 10.20.0.0/16 via 192.0.2.3",
                 "ip route change 10.20.0.0/16 via 192.0.2.4",
                 "ip route del 10.20.0.0/16",
                 "ip -6 route add fd20::/16 via fd00:2::3",
                 "ip -6 route del fd20::/16",
                 "ip address add 198.51.100.1/32 dev lan",
                 "ip address del 198.51.100.1/32 dev lan",
                 "ip -6 address add fd00:3::2/64 dev lan nodad",
                 "ip rule add to 10.30.0.0/16 lookup 77",
                 "ip link add name second type veth peer name third",
                 "ip link set far down",
                 "ip link set far up",
                 "ip link set lan down",
                 "ip link set lan up",
                 "ip route add default via 192.0.2.1 dev lan",  // went silently with `lan down`, and is back the same
                 "ip link del second",
             })
            expect_told(watched, line);
    });
}

TEST(RouteWatch, says_nothing_about_what_only_is_said_again) {
    in_own_network([] {
        make_laptop();
        sh("ip -6 address add fd00:3::2/64 dev lan nodad valid_lft 1000 preferred_lft 900"
           " && ip -6 route add default via fd00:2::1 dev lan proto ra metric 600 expires 1000");
        Watched watched;
        for (const char* line : {
                 // What a router advertisement makes of them.
                 "ip -6 address change fd00:3::2/64 dev lan valid_lft 2000 preferred_lft 1900",
                 "ip -6 route replace default via fd00:2::1 dev lan proto ra metric 600 expires 2000",
                 "ip route replace default via 192.0.2.1 dev lan",
                 "ip link set lan mtu 1400",
                 "ip link set lan alias office",
                 "ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev lan",
             })
            expect_not_told(watched, line);
        expect_told(watched, "ip -6 route replace default via fd00:2::7 dev lan proto ra metric 600 expires 2000");
        expect_told(watched, "ip -6 route replace default via fd00:2::1 dev lan proto ra metric 600 expires 2000");
    });
}

TEST(RouteWatch, tells_a_burst_in_a_few_calls_and_its_last_state) {
    in_own_network([] {
        make_laptop();
        Watched watched;
        std::size_t seen = 0;
        boost::asio::io_context io;
        const auto started = Clock::now();
        const auto watch = got(RouteWatch::open(io, [&] {
            const auto routes = got(watched.watch->routes());
            seen = static_cast<std::size_t>(std::ranges::count(routes, 7U, &Route::metric));
            watched.calls.push_back(Clock::now());
        }));
        std::string lines;
        for (int i = 0; i < 200; ++i) lines += "route add 10.9." + std::to_string(i) + ".0/24 via 192.0.2.3 metric 7\n";
        sh("printf '" + lines + "' | ip -batch -");
        while (seen != 200 && Clock::now() - started < 3s) io.run_one_for(10ms);
        EXPECT_EQ(seen, 200U);
        io.run_for(2 * RouteWatch::kQuiet);
        const auto took = std::chrono::duration_cast<Duration>(Clock::now() - started);
        EXPECT_LE(watched.calls.size(), static_cast<std::size_t>(took / RouteWatch::kQuiet) + 1);
        for (std::size_t i = 1; i < watched.calls.size(); ++i)
            EXPECT_GE(watched.calls[i] - watched.calls[i - 1], RouteWatch::kQuiet - 2ms);
    });
}

TEST(RouteWatch, an_overrun_is_a_change_and_the_watch_goes_on) {
    in_own_network([] {
        make_laptop();
        Watched watched;
        EXPECT_EQ(watched.calls_until_settled(), 0U);
        // More than the socket's buffer holds, with nobody reading.
        std::string line = "for n in 1 2 3; do for i in $(seq 0 255); do";
        line += " echo route add 10.$n.$i.0/24 via 192.0.2.3; echo route del 10.$n.$i.0/24; done; done | ip -batch -";
        sh(line);
        EXPECT_TRUE(watched.more_than(0));
        expect_told(watched, "ip route add 10.20.0.0/16 via 192.0.2.3");
    });
}

TEST(RouteWatch, may_be_destroyed_by_its_own_call_and_calls_no_more) {
    in_own_network([] {
        make_laptop();
        boost::asio::io_context io;
        int calls = 0;
        std::unique_ptr<RouteWatch> watch = got(RouteWatch::open(io, [&] {
            ++calls;
            watch.reset();
        }));
        sh("ip route add 10.20.0.0/16 via 192.0.2.3");
        io.run_for(2s);  // ends by itself: nothing is left to wait for
        EXPECT_EQ(calls, 1);

        watch = got(RouteWatch::open(io, [&] { ++calls; }));
        sh("ip route add 10.21.0.0/16 via 192.0.2.3");
        io.restart();
        io.poll();
        watch.reset();
        io.run_for(2s);
        EXPECT_EQ(calls, 1);
    });
}
