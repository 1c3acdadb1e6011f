// Against the real dbus-daemon, on a bus of each test's own.
#include "host/bus_link.hpp"

#include "tests/support/private_bus.hpp"

#include <systemd/sd-bus.h>
#include <boost/asio.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace memdb::host {
namespace {

using Clock = std::chrono::steady_clock;

const char* const kDriver = "org.freedesktop.DBus";

struct SystemBus : testing::Test {
    ~SystemBus() override { sd_bus_flush_close_unref(peer); }

    void run_until(const std::function<bool()>& done, Duration limit = 10s) {
        const auto end = Clock::now() + limit;
        io.restart();
        while (!done() && Clock::now() < end) io.run_one_for(20ms);
        EXPECT_TRUE(done());
    }
    void open() {
        link = std::make_unique<BusLink>(io);
        told = link->on_bus([this](bool there) { states.push_back(there); });
    }
    /// Keeps what org.example.Peer says.
    BusLink::Subscription listen(std::vector<bool>& heard) {
        return link->on_signal({"org.example.Peer", "/test", "org.example.Peer", "Happened"},
                               [&heard](sd_bus_message* message) {
                                   int value = 0;
                                   EXPECT_GT(sd_bus_message_read(message, "b", &value), 0);
                                   heard.push_back(value != 0);
                               });
    }
    /// Another program on the same bus, which owns `name`.
    void open_peer(const char* name) {
        ASSERT_GE(sd_bus_open_system(&peer), 0);
        ASSERT_GE(sd_bus_request_name(peer, name, 0), 0);
    }
    void emit(const char* interface, int value) {
        ASSERT_GE(sd_bus_emit_signal(peer, "/test", interface, "Happened", "b", value), 0);
        ASSERT_GE(sd_bus_flush(peer), 0);
    }
    std::optional<Result<std::string>> ask(const BusLink::Call& call, Duration limit = 5s) {
        auto answer = std::make_shared<std::optional<Result<std::string>>>();
        link->call(call, limit, [answer](Result<sd_bus_message*> reply) {
            if (reply.has_error()) {
                *answer = Result<std::string>(reply.error());
                return;
            }
            const char* text = "";
            (void)sd_bus_message_read(*reply, "s", &text);
            *answer = Result<std::string>(std::string(text));
        });
        EXPECT_FALSE(answer->has_value()) << "never from inside a member function";
        run_until([&] { return answer->has_value(); });
        return *answer;
    }

    tests::PrivateBus bus;
    boost::asio::io_context io;
    std::unique_ptr<BusLink> link;
    std::vector<bool> states;
    BusLink::Subscription told;
    sd_bus* peer = nullptr;
};

TEST_F(SystemBus, calls_and_gets_the_answer) {
    bus.start();
    open();
    run_until([this] { return !states.empty(); });
    EXPECT_EQ(states, std::vector<bool>{true});
    EXPECT_TRUE(link->connected());
    BusLink::Call owner{kDriver, "/org/freedesktop/DBus", kDriver, "GetNameOwner"};
    owner.arguments = [](sd_bus_message* message) { return sd_bus_message_append(message, "s", kDriver); };
    const auto answer = ask(owner);
    ASSERT_TRUE(answer && answer->has_value());
    EXPECT_EQ(**answer, kDriver);
}

TEST_F(SystemBus, says_why_a_call_has_no_answer) {
    bus.start();
    open();
    run_until([this] { return !states.empty(); });
    const auto unknown = ask({"org.example.Nobody", "/", "org.example.Nobody", "Ask"});
    ASSERT_TRUE(unknown && unknown->has_error());
    EXPECT_EQ(unknown->error().code, Errc::not_found);
    EXPECT_NE(unknown->error().message.find("ServiceUnknown"), std::string::npos);

    open_peer("org.example.Mute");  // nobody drives it: it never answers
    const auto mute = ask({"org.example.Mute", "/", "org.example.Mute", "Ask"}, 100ms);
    ASSERT_TRUE(mute && mute->has_error());
    EXPECT_EQ(mute->error().code, Errc::deadline_passed);
}

TEST_F(SystemBus, has_a_deadline_while_the_bus_itself_is_mute) {
    bus.start();
    open();
    run_until([this] { return !states.empty(); });
    bus.freeze(true);
    const auto answer = ask({kDriver, "/org/freedesktop/DBus", kDriver, "GetId"}, 100ms);
    bus.freeze(false);
    ASSERT_TRUE(answer && answer->has_error());
    EXPECT_EQ(answer->error().code, Errc::deadline_passed);
}

TEST_F(SystemBus, without_a_bus_calls_fail_and_it_is_found_later) {
    open();
    const auto answer = ask({kDriver, "/org/freedesktop/DBus", kDriver, "GetId"});
    ASSERT_TRUE(answer && answer->has_error());
    EXPECT_EQ(answer->error().code, Errc::peer_closed);
    EXPECT_TRUE(states.empty());
    bus.start();
    run_until([this] { return !states.empty(); });
    EXPECT_TRUE(states.back());
}

TEST_F(SystemBus, signals_come_again_after_the_bus_was_restarted) {
    bus.start();
    open();
    std::vector<bool> heard;
    const auto kept = listen(heard);
    run_until([this] { return states.size() == 1; });
    open_peer("org.example.Peer");
    emit("org.example.Peer", 1);
    run_until([&] { return heard.size() == 1; });

    // A call that is under way ends with the bus.
    bool ended = false;
    link->call({"org.example.Peer", "/", "org.example.Peer", "Ask"}, 60s, [&](Result<sd_bus_message*> reply) {
        ended = reply.has_error() && reply.error().code != Errc::deadline_passed;
    });
    sd_bus_close_unref(std::exchange(peer, nullptr));
    bus.stop();
    run_until([&] { return states.size() == 2; });
    EXPECT_TRUE(ended);
    EXPECT_FALSE(link->connected());
    bus.start();
    run_until([this] { return states.size() == 3; });
    open_peer("org.example.Peer");
    emit("org.example.Peer", 0);
    run_until([&] { return heard.size() == 2; });
    EXPECT_EQ(heard, (std::vector<bool>{true, false}));
}

TEST_F(SystemBus, signals_of_another_sender_are_not_heard) {
    bus.start();
    open();
    int heard = 0, others = 0;
    const auto kept = link->on_signal({"org.example.Real", "/test", "org.example.Shared", "Happened"},
                                      [&](sd_bus_message*) { ++heard; });
    const auto all = link->on_signal({"org.example.Forger", "/test", "org.example.Shared", "Happened"},
                                     [&](sd_bus_message*) { ++others; });
    run_until([this] { return states.size() == 1; });
    open_peer("org.example.Forger");
    emit("org.example.Shared", 1);
    run_until([&] { return others == 1; });
    EXPECT_EQ(heard, 0);
}

TEST_F(SystemBus, signals_sent_to_us_alone_by_another_are_not_heard) {
    bus.start();
    open();
    std::vector<bool> heard;
    const auto kept = listen(heard);
    run_until([this] { return states.size() == 1; });
    open_peer("org.example.Peer");
    emit("org.example.Peer", 1);
    run_until([&] { return heard.size() == 1; });

    sd_bus* forger = nullptr;
    ASSERT_GE(sd_bus_open_system(&forger), 0);
    for (int number = 0; number < 8; ++number) {  // we are one of these
        sd_bus_message* forged = nullptr;
        ASSERT_GE(sd_bus_message_new_signal(forger, &forged, "/test", "org.example.Peer", "Happened"), 0);
        ASSERT_GE(sd_bus_message_append(forged, "b", 0), 0);
        ASSERT_GE(sd_bus_send_to(forger, forged, (":1." + std::to_string(number)).c_str(), nullptr), 0);
        sd_bus_message_unref(forged);
    }
    sd_bus_flush_close_unref(forger);
    emit("org.example.Peer", 1);
    run_until([&] { return heard.size() >= 2; });
    EXPECT_EQ(heard, (std::vector<bool>{true, true}));
}

TEST_F(SystemBus, a_subscription_that_has_gone_hears_nothing) {
    bus.start();
    open();
    int first = 0, second = 0;
    auto gone = link->on_signal({"org.example.Peer", "/test", "org.example.Peer", "Happened"},
                                [&](sd_bus_message*) { ++first; });
    const auto kept = link->on_signal({"org.example.Peer", "/test", "org.example.Peer", "Happened"},
                                      [&](sd_bus_message*) { ++second; });
    run_until([this] { return states.size() == 1; });
    gone = {};
    open_peer("org.example.Peer");
    emit("org.example.Peer", 1);
    run_until([&] { return second == 1; });
    EXPECT_EQ(first, 0);
    link.reset();  // in any order
}

}  // namespace
}  // namespace memdb::host
