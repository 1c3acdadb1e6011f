// One profile's DNS against a stand-in for systemd-resolved, on a real dbus-daemon and real devices in a namespace.
#include "app/dns_agent.hpp"

#include "tests/support/network_namespace.hpp"
#include "tests/support/private_bus.hpp"
#include "tests/support/stand_in_resolved.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

namespace memdb::app {
namespace {

using Clock = std::chrono::steady_clock;
using testing::ElementsAre;

/// Everything of one test, in the thread that lives in the namespace.
struct World {
    World() {
        bus.start();
        tests::sh(
            "ip link add tun0 type veth peer name far0 && ip link set tun0 up && ip link set far0 up"
            " && ip address add 10.99.0.2/24 dev tun0 && ip route add 10.20.0.0/16 via 10.99.0.1 dev tun0"
            " && ip link add tun1 type veth peer name far1 && ip link set tun1 up && ip link set far1 up"
            " && ip address add 10.98.0.2/24 dev tun1 && ip route add 10.30.0.0/16 via 10.98.0.1 dev tun1");
        auto opened = host::RouteWatch::open(io, [] {});
        EXPECT_TRUE(opened);
        routes = std::move(*opened);
    }
    void open(bool with_service = true) {
        if (with_service) service = std::make_unique<tests::StandInResolved>();
        link = std::make_unique<host::ResolvedLink>(connection, [this] {
            if (agent) agent->service_changed();
            if (other) other->service_changed();
        });
        run_until([this] { return link->running().has_value(); });
        agent = make("demo", "clustercfg.a.lab.test");
    }
    std::unique_ptr<DnsAgent> make(const std::string& profile, const std::string& host) {
        return std::make_unique<DnsAgent>(io, *link, routes.get(), settings, profile, std::vector<std::string>{host},
                                          DnsAgent::Hooks{[this] { ++changes; }, [this] { ++applications; },
                                                          [this](bool set) { touches.push_back(set); }});
    }
    void run_until(const std::function<bool()>& done) {
        const auto end = Clock::now() + 10s;
        io.restart();
        while (!done() && Clock::now() < end) {
            io.run_one_for(5ms);
            if (service) service->turn();
        }
        EXPECT_TRUE(done());
    }
    void settle(DnsStanding standing) {
        run_until([&] { return agent->standing() == standing; });
    }
    void run_idle() {
        const auto end = Clock::now() + 100ms;
        run_until([&] { return Clock::now() >= end; });
    }
    [[nodiscard]] int index(const std::string& device) const {
        const auto found = routes->link().index_of(device);
        return found && *found ? static_cast<int>(**found) : 0;
    }
    tunnel::TunnelState up(const std::string& device = "tun0", const std::string& server = "10.20.0.2") {
        tunnel::TunnelState state;
        state.phase = tunnel::Phase::up;
        state.device = device;
        state.connected_at = TimePoint{} + ++connections * 1s;
        state.pushed.emplace().dns = {{*parse_address(server)}};
        return state;
    }

    tests::PrivateBus bus;
    boost::asio::io_context io;
    host::BusLink connection{io};
    config::DnsSettings settings;
    std::unique_ptr<host::RouteWatch> routes;
    std::unique_ptr<tests::StandInResolved> service;
    std::unique_ptr<host::ResolvedLink> link;
    std::unique_ptr<DnsAgent> agent, other;
    int changes = 0, applications = 0, connections = 0;
    std::vector<bool> touches;
};

void in_world(const std::function<void(World&)>& body) {
    tests::in_own_network([&] {
        World world;
        body(world);
    });
}

TEST(DnsAgent, applies_while_the_tunnel_is_up_and_takes_back_when_it_is_lost) {
    in_world([](World& w) {
        w.open();
        EXPECT_EQ(w.agent->view(), std::nullopt);
        tunnel::TunnelState state = w.up();
        w.agent->follow(state, true);
        w.settle(DnsStanding::applied);
        EXPECT_EQ(to_string(w.service->links.at(w.index("tun0"))), "10.20.0.2 for ~a.lab.test");
        EXPECT_EQ(w.applications, 1);
        EXPECT_EQ(w.agent->view(), (control::DnsView{{"10.20.0.2"}, {"~a.lab.test"}, true, std::nullopt}));

        const auto calls = w.service->calls.size();
        state.bytes_in = 5;
        w.agent->follow(state, true);
        w.run_idle();
        EXPECT_EQ(w.service->calls.size(), calls) << "no work when nothing changed";

        state.phase = tunnel::Phase::stopping;
        w.agent->follow(state, true);
        w.run_until([&] { return w.service->links.empty(); });
        EXPECT_EQ(w.agent->view(), std::nullopt);
        w.run_until([&] { return w.touches == std::vector<bool>{true, false}; });
        w.agent->follow(w.up(), true);
        w.settle(DnsStanding::applied);
        EXPECT_EQ(w.service->links.size(), 1U);
    });
}

TEST(DnsAgent, a_disconnect_takes_back_although_the_tunnel_is_still_up) {
    in_world([](World& w) {
        w.open();
        const tunnel::TunnelState state = w.up();
        w.agent->follow(state, true);
        w.settle(DnsStanding::applied);
        w.agent->follow(state, false);
        w.run_until([&] { return w.service->links.empty(); });
    });
}

TEST(DnsAgent, follows_the_tunnel_to_another_device_and_other_servers) {
    in_world([](World& w) {
        w.open();
        w.agent->follow(w.up(), true);
        w.settle(DnsStanding::applied);
        w.agent->follow(w.up("tun1", "10.30.0.2"), true);
        w.settle(DnsStanding::applied);
        EXPECT_EQ(w.service->links.size(), 1U);
        EXPECT_EQ(to_string(w.service->links.at(w.index("tun1"))), "10.30.0.2 for ~a.lab.test");
        w.agent->follow(w.up("tun1", "10.30.0.3"), true);
        w.settle(DnsStanding::applied);
        EXPECT_EQ(to_string(w.service->links.at(w.index("tun1"))), "10.30.0.3 for ~a.lab.test");
    });
}

TEST(DnsAgent, two_profiles_do_not_meet) {
    in_world([](World& w) {
        w.open();
        w.other = w.make("second", "clustercfg.b.lab.test");
        w.agent->follow(w.up(), true);
        w.other->follow(w.up("tun1", "10.30.0.2"), true);
        w.run_until([&] { return w.service->links.size() == 2 && w.other->standing() == DnsStanding::applied; });
        w.other->follow({}, true);
        w.run_until([&] { return w.service->links.size() == 1; });
        EXPECT_EQ(w.service->links.begin()->first, w.index("tun0"));
        EXPECT_EQ(w.agent->standing(), DnsStanding::applied);
    });
}

TEST(DnsAgent, a_service_that_comes_later_or_anew_is_told) {
    in_world([](World& w) {
        w.open(false);
        w.agent->follow(w.up(), true);
        EXPECT_EQ(w.agent->standing(), DnsStanding::absent);
        EXPECT_EQ(w.agent->view()->trouble, "systemd-resolved does not run");
        for (int turn = 0; turn < 2; ++turn) {
            w.service = std::make_unique<tests::StandInResolved>();
            w.settle(DnsStanding::applied);
            EXPECT_EQ(w.service->links.size(), 1U);
            w.service.reset();
            w.settle(DnsStanding::absent);
        }
    });
}

TEST(DnsAgent, a_refusal_is_said_once_and_tried_again_when_asked) {
    in_world([](World& w) {
        w.open();
        w.service->errors["SetLinkDefaultRoute"] = "org.freedesktop.DBus.Error.AccessDenied";
        const tunnel::TunnelState state = w.up();
        w.agent->follow(state, true);
        w.settle(DnsStanding::denied);
        EXPECT_EQ(w.applications, 0);
        EXPECT_EQ(w.agent->advice(), dns_advice(DnsStanding::denied, "tun0"));
        w.service->errors.clear();
        const auto calls = w.service->calls.size();
        w.run_idle();
        EXPECT_EQ(w.service->calls.size(), calls) << "it does not knock by itself";
        w.agent->look_again(state, true);
        w.settle(DnsStanding::applied);
    });
}

TEST(DnsAgent, a_device_of_networkds_is_left_to_it) {
    in_world([](World& w) {
        w.open();
        w.service->errors["SetLinkDefaultRoute"] = "org.freedesktop.resolve1.LinkBusy";
        w.agent->follow(w.up(), true);
        w.settle(DnsStanding::managed);
    });
}

TEST(DnsAgent, settings_count_from_the_next_look) {
    in_world([](World& w) {
        w.open();
        const tunnel::TunnelState state = w.up();
        w.agent->follow(state, true);
        w.settle(DnsStanding::applied);
        w.settings.apply = false;
        w.agent->look_again(state, true);
        w.run_until([&] { return w.service->links.empty(); });
        EXPECT_EQ(w.agent->standing(), DnsStanding::off);
        w.settings.apply = true;
        w.settings.domains = config::DnsDomains::all;
        w.agent->look_again(state, true);
        w.settle(DnsStanding::applied);
        EXPECT_TRUE(w.service->links.at(w.index("tun0")).default_route);
    });
}

TEST(DnsAgent, a_server_that_lies_elsewhere_is_not_told) {
    in_world([](World& w) {
        w.open();
        w.agent->follow(w.up("tun0", "10.30.0.2"), true);
        EXPECT_EQ(w.agent->standing(), DnsStanding::no_server);
        w.run_idle();
        EXPECT_THAT(w.service->calls, ElementsAre());
    });
}

TEST(DnsAgent, a_device_that_is_gone_already_is_no_trouble) {
    in_world([](World& w) {
        w.open();
        w.agent->follow(w.up("tun7"), true);
        EXPECT_EQ(w.agent->standing(), DnsStanding::idle);
        w.run_idle();
        EXPECT_THAT(w.service->calls, ElementsAre());
    });
}

TEST(DnsAgent, one_that_goes_is_called_back_no_more) {
    in_world([](World& w) {
        w.open();
        w.agent->follow(w.up(), true);
        w.agent.reset();
        w.run_idle();
        EXPECT_EQ(w.applications, 0);
    });
}

}  // namespace
}  // namespace memdb::app
