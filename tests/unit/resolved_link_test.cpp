// Against a stand-in with systemd-resolved's name, on a real dbus-daemon of each test's own.
#include "host/resolved_link.hpp"

#include "tests/support/private_bus.hpp"
#include "tests/support/stand_in_resolved.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <optional>
#include <thread>

namespace memdb::host {
namespace {

using Clock = std::chrono::steady_clock;
using testing::ElementsAre;

const LinkDns kDns{{{*parse_address("10.20.0.2")}, {*parse_address("fd00::2")}},
                   {{"demo.lab.test", true}, {"corp.example", false}},
                   false};

struct Resolved : testing::Test {
    using Outcome = std::optional<std::optional<DnsFailure>>;

    void SetUp() override { bus.start(); }
    void run_until(const std::function<bool()>& done, Duration limit = 10s) {
        const auto end = Clock::now() + limit;
        io.restart();
        while (!done() && Clock::now() < end) {
            io.run_one_for(5ms);
            if (resolved) resolved->turn();
        }
        EXPECT_TRUE(done());
    }
    void open(Duration limit = 5s) {
        link = std::make_unique<ResolvedLink>(
            connection, [this] { seen.push_back(*link->running()); }, limit);
        run_until([this] { return link->running().has_value(); });
    }
    void open_with_service(Duration limit = 5s) {
        resolved = std::make_unique<tests::StandInResolved>();
        open(limit);
        EXPECT_TRUE(*link->running());
    }
    DnsTrouble trouble_of_apply(const LinkDns& dns = kDns) {
        Outcome outcome;
        link->apply(7, dns, [&](std::optional<DnsFailure> failure) { outcome = std::move(failure); });
        run_until([&] { return outcome.has_value(); });
        EXPECT_TRUE(*outcome);
        return (*outcome)->trouble;
    }
    void apply(const LinkDns& dns = kDns) {
        Outcome outcome;
        link->apply(7, dns, [&](std::optional<DnsFailure> failure) { outcome = std::move(failure); });
        EXPECT_FALSE(outcome) << "never from inside a member function";
        run_until([&] { return outcome.has_value(); });
        EXPECT_FALSE(*outcome) << (*outcome)->text;
    }
    std::optional<DnsFailure> revert() {
        Outcome outcome;
        link->revert(7, [&](std::optional<DnsFailure> failure) { outcome = std::move(failure); });
        run_until([&] { return outcome.has_value(); });
        return *outcome;
    }

    tests::PrivateBus bus;
    boost::asio::io_context io;
    BusLink connection{io};
    std::unique_ptr<tests::StandInResolved> resolved;
    std::unique_ptr<ResolvedLink> link;
    std::vector<bool> seen;
};

TEST_F(Resolved, takes_servers_domains_and_the_default_route_of_one_device) {
    open_with_service();
    apply();
    EXPECT_EQ(resolved->links, (std::map<int, LinkDns>{{7, kDns}}));
    EXPECT_THAT(resolved->calls, ElementsAre("SetLinkDefaultRoute 7", "SetLinkDomains 7", "SetLinkDNS 7"))
        << "with the servers first, every name would be asked of them for a moment";
    LinkDns all{{{*parse_address("10.20.0.2"), 5353}}, {{".", true}}, true};
    apply(all);
    EXPECT_EQ(resolved->links.at(7), all);
    EXPECT_EQ(resolved->calls.back(), "SetLinkDNSEx 7");
}

TEST_F(Resolved, takes_it_back) {
    open_with_service();
    apply();
    EXPECT_FALSE(revert());
    EXPECT_TRUE(resolved->links.empty());
    resolved->errors["RevertLink"] = "org.freedesktop.resolve1.NoSuchLink";
    EXPECT_FALSE(revert()) << "it went with the device";
    resolved->errors["RevertLink"] = "org.freedesktop.DBus.Error.AccessDenied";
    EXPECT_EQ(revert().value_or(DnsFailure{}).trouble, DnsTrouble::denied);
    resolved.reset();
    EXPECT_FALSE(revert()) << "nobody is there to hold it";
}

TEST_F(Resolved, tells_refusals_apart) {
    open_with_service();
    struct Row {
        const char* error;
        DnsTrouble trouble;
    };
    for (const Row& row : {Row{"org.freedesktop.DBus.Error.AccessDenied", DnsTrouble::denied},
                           Row{"org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", DnsTrouble::denied},
                           Row{"org.freedesktop.resolve1.LinkBusy", DnsTrouble::managed},
                           Row{"org.freedesktop.resolve1.NoSuchLink", DnsTrouble::no_link},
                           Row{"org.freedesktop.DBus.Error.UnknownMethod", DnsTrouble::failed},
                           Row{"org.freedesktop.DBus.Error.InvalidArgs", DnsTrouble::failed}}) {
        for (const char* method : {"SetLinkDefaultRoute", "SetLinkDomains", "SetLinkDNS"}) {
            resolved->errors = {{method, row.error}};
            EXPECT_EQ(trouble_of_apply(), row.trouble) << row.error << " of " << method;
            EXPECT_TRUE(row.trouble == DnsTrouble::no_link || resolved->links.empty()) << "nothing half is left";
            resolved->links.clear();
        }
    }
}

TEST_F(Resolved, says_what_was_refused_first_where_nothing_can_be_taken_back_either) {
    open_with_service();
    resolved->errors = {{"SetLinkDNS", "org.freedesktop.resolve1.LinkBusy"},
                        {"RevertLink", "org.freedesktop.DBus.Error.AccessDenied"}};
    EXPECT_EQ(trouble_of_apply(), DnsTrouble::managed);
}

TEST_F(Resolved, is_never_started_and_never_waited_for) {
    open();
    EXPECT_EQ(link->running(), false);
    EXPECT_EQ(trouble_of_apply(), DnsTrouble::absent);
}

TEST_F(Resolved, a_mute_one_is_given_up) {
    resolved = std::make_unique<tests::StandInResolved>();
    open(100ms);
    auto mute = std::move(resolved);
    EXPECT_EQ(trouble_of_apply(), DnsTrouble::late);
}

TEST_F(Resolved, its_coming_going_and_replacement_are_noticed) {
    open();
    seen.clear();
    resolved = std::make_unique<tests::StandInResolved>();
    run_until([this] { return seen == std::vector<bool>{true}; });
    resolved.reset();
    run_until([this] { return seen == std::vector<bool>{true, false}; });
    resolved = std::make_unique<tests::StandInResolved>();
    run_until([this] { return seen == std::vector<bool>{true, false, true}; });
    apply();
}

TEST_F(Resolved, a_bus_that_is_restarted_takes_it_along) {
    open_with_service();
    seen.clear();
    bus.stop();
    run_until([this] { return !*link->running(); });
    EXPECT_EQ(trouble_of_apply(), DnsTrouble::late);
    resolved.reset();
    bus.start();
    resolved = std::make_unique<tests::StandInResolved>();
    run_until([this] { return *link->running(); });
    apply();
}

TEST_F(Resolved, calls_nothing_back_once_it_is_gone) {
    open_with_service();
    bool called = false;
    link->apply(7, kDns, [&](const auto&) { called = true; });
    link->revert(7, [&](const auto&) { called = true; });
    link.reset();
    const auto end = Clock::now() + 200ms;
    run_until([&] { return Clock::now() >= end; });
    EXPECT_FALSE(called);
}

TEST_F(Resolved, can_be_told_to_take_back_without_a_loop) {
    resolved = std::make_unique<tests::StandInResolved>();
    resolved->links[7] = kDns;
    const auto revert_meanwhile = [this] {
        auto done = std::async(std::launch::async, [] { return revert_link_dns(7, 5s); });
        run_until([&] { return done.wait_for(0s) == std::future_status::ready; });
        return done.get();
    };
    EXPECT_TRUE(revert_meanwhile());
    EXPECT_TRUE(resolved->links.empty());
    resolved->errors["RevertLink"] = "org.freedesktop.DBus.Error.AccessDenied";
    EXPECT_EQ(revert_meanwhile().error().code, Errc::not_permitted);
    const auto mute = revert_link_dns(7, 100ms);
    ASSERT_FALSE(mute);
    EXPECT_EQ(mute.error().code, Errc::deadline_passed);
    resolved.reset();
    EXPECT_TRUE(revert_link_dns(7, 5s)) << "no service";
    bus.stop();
    EXPECT_TRUE(revert_link_dns(7, 100ms)) << "no bus";
}

}  // namespace
}  // namespace memdb::host
