// The real openvpn is killed in a network namespace of its own, and what it leaves behind is cleaned up.
#include "host/cleanup_runner.hpp"

#include "host/leftover_process.hpp"
#include "tests/support/child.hpp"
#include "tests/support/got.hpp"
#include "tests/support/network_namespace.hpp"
#include "tests/support/scratch_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <vector>

using namespace memdb;
using namespace memdb::host;
using memdb::tests::Child;
using memdb::tests::got;
using memdb::tests::in_own_network;
using memdb::tests::make_laptop;
using memdb::tests::sh;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

const IpAddress server = parse_address("198.51.100.1").value();

/// A laptop with a state directory, and what its routes were at first.
struct Laptop {
    Laptop() {
        make_laptop();
        before = sorted_routes();
    }

    std::vector<Route> sorted_routes() {
        auto routes = got(link.routes());
        std::ranges::sort(routes);
        return routes;
    }
    [[nodiscard]] bool has(const std::string& text) {
        return std::ranges::any_of(got(link.routes()), [&](const Route& route) { return to_string(route) == text; });
    }
    void wait_until(const std::function<bool()>& holds) {
        for (int i = 0; i < 500 && !holds(); ++i) ::usleep(10'000);
        ASSERT_TRUE(holds());
    }

    /// Starts openvpn on a tunnel to nowhere, recorded as the agent does it, and waits for its last route.
    void start_openvpn(const std::string& redirect) {
        Footprint footprint = footprint_before("demo", boot_id(), server, got(link.routes()));
        ASSERT_TRUE(store.write(footprint));
        const std::string key = (state.path() / "static.key").string();
        sh("openvpn --genkey secret " + key);
        std::vector<std::string> argv = {"openvpn", "--dev",      "tun7",     "--dev-type",
                                         "tun",     "--ifconfig", "10.8.0.2", "10.8.0.1"};
        for (const char* word :
             {"--route-gateway", "10.8.0.1", "--remote", "198.51.100.1", "--proto", "udp4", "--secret"})
            argv.emplace_back(word);
        argv.push_back(key);
        for (const char* word :
             {"--cipher", "AES-256-CBC", "--route", "10.20.0.0", "255.255.0.0", "--verb", "0", "--redirect-gateway"})
            argv.emplace_back(word);
        argv.push_back(redirect);
        openvpn = std::make_unique<Child>(argv);
        wait_until([&] { return has("10.20.0.0/16 via 10.8.0.1 dev tun7"); });
        const ProcessMark mark = got(mark_of(openvpn->pid()));
        footprint.openvpn_pid = mark.pid;
        footprint.openvpn_start_time = mark.start_time;
        footprint.openvpn_exe = mark.exe;
        footprint.device = "tun7";
        footprint.device_index = got(link.index_of("tun7")).value();
        ASSERT_TRUE(store.write(footprint));
    }
    void kill_openvpn() {
        openvpn->signal(SIGKILL);
        openvpn->wait();
        openvpn.reset();
    }
    bool has_record() { return !got(store.list()).empty(); }

    memdb::tests::ScratchFolder state;
    FootprintStore store{state.path()};
    RouteLink link = got(RouteLink::open());
    std::vector<Route> before;
    std::unique_ptr<Child> openvpn;
};

}  // namespace

TEST(CleanupRunner, after_an_openvpn_that_ended_in_order_nothing_is_to_be_done) {
    in_own_network([] {
        Laptop laptop;
        EXPECT_EQ(clean_up(laptop.store, laptop.link), CleanupReport{});
        laptop.start_openvpn("def1");
        laptop.openvpn->signal(SIGTERM);
        laptop.openvpn->wait();
        EXPECT_EQ(clean_up(laptop.store, laptop.link), CleanupReport{});
        EXPECT_EQ(laptop.sorted_routes(), laptop.before);
        EXPECT_FALSE(laptop.has_record());
    });
}

TEST(CleanupRunner, removes_the_host_route_that_a_killed_openvpn_leaves) {
    in_own_network([] {
        Laptop laptop;
        laptop.start_openvpn("def1");
        laptop.kill_openvpn();
        EXPECT_NE(laptop.sorted_routes(), laptop.before);
        const CleanupReport report = clean_up(laptop.store, laptop.link);
        EXPECT_THAT(report.done, ElementsAre("demo: removed the route 198.51.100.1/32 via 192.0.2.1 dev lan"));
        EXPECT_THAT(report.problems, IsEmpty());
        EXPECT_EQ(laptop.sorted_routes(), laptop.before);
        EXPECT_FALSE(laptop.has_record());
        EXPECT_EQ(clean_up(laptop.store, laptop.link), CleanupReport{});
    });
}

TEST(CleanupRunner, gives_back_the_default_route_that_a_killed_openvpn_has_taken) {
    in_own_network([] {
        Laptop laptop;
        sh("ip route change default via 192.0.2.1 dev lan proto dhcp src 192.0.2.2");
        laptop.before = laptop.sorted_routes();
        laptop.start_openvpn("block-local");  // without def1, as AWS pushes it on some networks
        laptop.kill_openvpn();
        EXPECT_FALSE(laptop.has("default via 192.0.2.1 dev lan"));
        const CleanupReport report = clean_up(laptop.store, laptop.link);
        EXPECT_THAT(report.done,
                    testing::UnorderedElementsAre("demo: removed the route 198.51.100.1/32 via 192.0.2.1 dev lan",
                                                  "demo: removed the route 192.0.2.1/32 via 192.0.2.1 dev lan",
                                                  "demo: restored the route default via 192.0.2.1 dev lan"));
        EXPECT_THAT(report.problems, IsEmpty());
        EXPECT_EQ(laptop.sorted_routes(), laptop.before);
    });
}

TEST(CleanupRunner, takes_the_dns_of_a_device_back_that_has_outlived_everything) {
    in_own_network([] {
        Laptop laptop;
        sh("ip tuntap add tun7 mode tun");
        Footprint footprint = footprint_before("demo", boot_id(), server, got(laptop.link.routes()));
        footprint.device = "tun7";
        footprint.device_index = got(laptop.link.index_of("tun7")).value();
        footprint.dns_set = true;
        ASSERT_TRUE(laptop.store.write(footprint));
        std::vector<unsigned> reverted;
        bool refuses = true;
        const auto revert = [&](unsigned link) {
            reverted.push_back(link);
            return refuses ? Result<void>(Failure{Errc::not_permitted, "not permitted"}) : Result<void>();
        };
        EXPECT_THAT(clean_up(laptop.store, laptop.link, revert).problems, ElementsAre("demo: not permitted"));
        EXPECT_TRUE(laptop.has_record()) << "it is still to be done";
        refuses = false;
        EXPECT_THAT(clean_up(laptop.store, laptop.link, revert).done, ElementsAre("demo: took the tunnel's DNS back"));
        EXPECT_THAT(reverted, ElementsAre(footprint.device_index, footprint.device_index));
        EXPECT_FALSE(laptop.has_record());

        ASSERT_TRUE(laptop.store.write(footprint));
        EXPECT_EQ(clean_up(laptop.store, laptop.link), CleanupReport{}) << "somebody else does it";
        EXPECT_FALSE(laptop.has_record());
    });
}

TEST(CleanupRunner, ends_an_openvpn_that_lives_on_and_lets_it_undo_its_part) {
    in_own_network([] {
        Laptop laptop;
        laptop.start_openvpn("def1");
        laptop.openvpn->signal(SIGSTOP);  // the way in which one outlives its management connection
        const CleanupReport report = clean_up(laptop.store, laptop.link);
        EXPECT_THAT(report.done, ElementsAre("demo: ended the leftover openvpn"));
        EXPECT_THAT(report.problems, IsEmpty());
        EXPECT_EQ(laptop.openvpn->wait(), 0) << "it ended by itself, told by SIGTERM";
        EXPECT_EQ(laptop.sorted_routes(), laptop.before);
        EXPECT_FALSE(laptop.has_record());
    });
}

TEST(CleanupRunner, leaves_what_others_have_made_meanwhile) {
    in_own_network([] {
        Laptop laptop;
        laptop.start_openvpn("block-local");
        laptop.kill_openvpn();
        // Another VPN takes the name of the device; the user sets an own default route.
        sh("ip tuntap add dev tun7 mode tun && ip address add 10.9.0.2/24 dev tun7 && ip link set tun7 up"
           " && ip route add 10.30.0.0/16 via 10.9.0.1 && ip route add default via 192.0.2.9 dev lan"
           " && ip route del 198.51.100.1/32 && ip route del 192.0.2.1/32");
        laptop.before = laptop.sorted_routes();
        EXPECT_EQ(clean_up(laptop.store, laptop.link), CleanupReport{});
        EXPECT_EQ(laptop.sorted_routes(), laptop.before);
        EXPECT_FALSE(laptop.has_record());
    });
}

TEST(CleanupRunner, a_default_route_of_a_network_that_is_gone_is_not_restored) {
    in_own_network([] {
        Laptop laptop;
        laptop.start_openvpn("block-local");
        laptop.kill_openvpn();
        sh("ip address flush dev lan && ip address add 203.0.113.2/24 dev lan");  // elsewhere
        EXPECT_EQ(clean_up(laptop.store, laptop.link), CleanupReport{});
        EXPECT_FALSE(laptop.has("default via 192.0.2.1 dev lan"));
        EXPECT_FALSE(laptop.has_record());
    });
}

TEST(CleanupRunner, drops_the_record_of_another_boot) {
    in_own_network([] {
        Laptop laptop;
        Child somebody({"sleep", "60"});
        const ProcessMark mark = got(mark_of(somebody.pid()));
        Footprint footprint = footprint_before("demo", "another-boot", server, laptop.before);
        footprint.openvpn_pid = mark.pid;
        footprint.openvpn_start_time = mark.start_time;
        footprint.openvpn_exe = mark.exe;
        if (boot_id().empty()) footprint.openvpn_start_time = ticks_since_boot() + 1'000'000;
        ASSERT_TRUE(laptop.store.write(footprint));
        sh("ip route del default");
        EXPECT_EQ(clean_up(laptop.store, laptop.link), CleanupReport{});
        EXPECT_TRUE(got(lives(mark)));
        EXPECT_FALSE(laptop.has("default via 192.0.2.1 dev lan"));
        EXPECT_FALSE(laptop.has_record());
    });
}

TEST(CleanupRunner, a_damaged_record_is_kept_and_the_others_are_cleaned_up) {
    in_own_network([] {
        Laptop laptop;
        laptop.start_openvpn("def1");
        laptop.kill_openvpn();
        memdb::tests::put(laptop.store.path_of("broken"), "{}");
        const CleanupReport report = clean_up(laptop.store, laptop.link);
        EXPECT_THAT(report.problems, ElementsAre(testing::AllOf(HasSubstr("broken: "), HasSubstr("nothing was undone"),
                                                                HasSubstr("host/broken.json"))));
        EXPECT_EQ(report.done.size(), 1U);
        EXPECT_THAT(got(laptop.store.list()), ElementsAre("broken"));
        EXPECT_EQ(clean_up(laptop.store, laptop.link, "demo"), CleanupReport{}) << "one profile alone";
    });
}

TEST(CleanupRunner, without_the_right_to_change_routes_the_record_is_kept) {
    in_own_network([] {
        Laptop laptop;
        laptop.start_openvpn("def1");
        laptop.kill_openvpn();
        // A thread's own effective capabilities: the others of this process keep theirs.
        memdb::tests::drop_net_admin();
        const CleanupReport report = clean_up(laptop.store, laptop.link);
        EXPECT_THAT(report.done, IsEmpty());
        EXPECT_THAT(report.problems, ElementsAre(HasSubstr("demo: removing the route 198.51.100.1/32")));
        EXPECT_TRUE(laptop.has_record());
    });
}
