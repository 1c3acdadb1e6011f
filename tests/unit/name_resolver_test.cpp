#include "host/name_resolver.hpp"
#include "tests/support/network_namespace.hpp"
#include "tests/support/scratch_folder.hpp"

#include <boost/asio.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

using namespace memdb;
using host::NameResolver;
namespace asio = boost::asio;

namespace {

using Answer = std::optional<Result<NameResolver::Addresses>>;

/// A UDP socket on loopback that takes questions. Says nothing, or "no such name", or an IPv4 address.
class Server {
  public:
    explicit Server(asio::io_context& io, const char* at = "127.0.0.1")
        : socket_(io, {asio::ip::make_address(at), 0}) {}
    [[nodiscard]] std::string address() const {
        const auto at = socket_.local_endpoint();
        const std::string host = at.address().to_string();
        return (at.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(at.port());
    }

    void deny_everything() {
        reply_to_everything([this](std::size_t) {
            question_[2] = static_cast<char>(0x81);
            question_[3] = static_cast<char>(0x83);  // NXDOMAIN
            return std::string();
        });
    }

    /// The A record 192.0.2.`last`; no AAAA record.
    void answer_everything(char last) {
        reply_to_everything([this, last](std::size_t size) {
            const bool is_a = question_[size - 3] == 1;  // type and class end the question
            question_[2] = static_cast<char>(0x81);
            question_[3] = static_cast<char>(0x80);
            question_[7] = is_a ? 1 : 0;
            const char answer[] = {'\xc0', 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, '\xc0', 0, 2, last};
            return is_a ? std::string(answer, sizeof answer) : std::string();
        });
    }

    int asked = 0;

  private:
    void reply_to_everything(std::function<std::string(std::size_t)> reply) {
        socket_.async_receive_from(asio::buffer(question_), from_, [this, reply](const auto& error, std::size_t size) {
            if (error) return;
            ++asked;
            const std::string more = reply(size);
            socket_.send_to(asio::buffer(std::string(question_.data(), size) + more), from_);
            reply_to_everything(reply);
        });
    }

    asio::ip::udp::socket socket_;
    asio::ip::udp::endpoint from_;
    std::array<char, 512> question_{};
};

/// The first address that `server` gives for `name`, or the failure's message.
std::string ask(asio::io_context& io, NameResolver& resolver, const std::string& server, const std::string& name) {
    Answer answer;
    resolver.resolve_at(server, name, 2s, [&](auto result) {
        answer = std::move(result);
        io.stop();
    });
    EXPECT_FALSE(answer) << "called from inside";
    io.restart();
    io.run_for(5s);
    if (!answer) return "no answer";
    return *answer ? (*answer)->front().to_string() : answer->error().message;
}

TEST(NameResolver, answers_literals_itself_but_never_inside_the_call) {
    asio::io_context io;
    NameResolver resolver(io);
    for (const char* literal : {"10.20.1.11", "2001:db8::1"}) {
        Answer answer;
        resolver.resolve(literal, 1s, [&](auto result) { answer = std::move(result); });
        EXPECT_FALSE(answer);
        io.restart();
        io.run();
        ASSERT_TRUE(answer && *answer);
        ASSERT_EQ((*answer)->size(), 1U);
        EXPECT_EQ((*answer)->front().to_string(), literal);
    }
}

TEST(NameResolver, gives_up_on_a_silent_server_at_the_deadline) {
    asio::io_context io;
    const Server server(io);
    NameResolver resolver(io, server.address());
    Answer answer;
    resolver.resolve("demo.lab.test", 50ms, [&](auto result) {
        answer = std::move(result);
        io.stop();
    });
    io.run_for(5s);
    ASSERT_TRUE(answer);
    ASSERT_FALSE(*answer);
    EXPECT_EQ(answer->error().code, Errc::deadline_passed);
    EXPECT_EQ(answer->error().message, "the name server 127.0.0.1 does not answer");
}

TEST(NameResolver, a_name_that_does_not_exist_is_not_found) {
    asio::io_context io;
    Server server(io);
    server.deny_everything();
    NameResolver resolver(io, server.address());
    Answer answer;
    resolver.resolve("demo.lab.test", 5s, [&](auto result) {
        answer = std::move(result);
        io.stop();
    });
    io.run_for(5s);
    ASSERT_TRUE(answer);
    ASSERT_FALSE(*answer);
    EXPECT_EQ(answer->error().code, Errc::not_found);
    EXPECT_EQ(answer->error().message, "no address for demo.lab.test (asked 127.0.0.1)");
}

TEST(NameResolver, a_cancelled_question_never_calls_back) {
    asio::io_context io;
    const Server server(io);
    NameResolver resolver(io, server.address());
    bool called = false;
    const auto slow = resolver.resolve("demo.lab.test", 20ms, [&](auto) { called = true; });
    const auto literal = resolver.resolve("10.0.0.1", 1s, [&](auto) { called = true; });
    resolver.cancel(slow);
    resolver.cancel(literal);
    resolver.cancel(slow);
    resolver.cancel(4711);
    io.run_for(100ms);
    EXPECT_FALSE(called);
}

TEST(NameResolver, may_go_while_questions_are_open) {
    asio::io_context io;
    const Server server(io);
    bool called = false;
    {
        NameResolver resolver(io, server.address());
        resolver.resolve("a.test", 20ms, [&](auto) { called = true; });
        resolver.resolve("10.0.0.1", 20ms, [&](auto) { called = true; });
        io.poll();
    }
    called = false;
    io.restart();
    io.run_for(100ms);
    EXPECT_FALSE(called);
}

TEST(NameResolver, names_that_cannot_be_are_not_found) {
    asio::io_context io;
    NameResolver resolver(io, "127.0.0.1:9");
    for (const std::string& name : {std::string(), std::string(300, 'a')}) {
        Answer answer;
        resolver.resolve(name, 1s, [&](auto result) { answer = std::move(result); });
        io.restart();
        io.run_for(2s);
        ASSERT_TRUE(answer && !*answer);
        EXPECT_EQ(answer->error().code, Errc::not_found);
    }
}

TEST(NameResolver, knows_the_hosts_file) {
    asio::io_context io;
    NameResolver resolver(io, "127.0.0.1:9");
    Answer answer;
    resolver.resolve("localhost", 2s, [&](auto result) { answer = std::move(result); });
    io.run_for(3s);
    ASSERT_TRUE(answer && *answer);
    EXPECT_TRUE((*answer)->front().is_loopback());
}

TEST(NameResolver, asks_the_server_that_the_caller_names) {
    asio::io_context io;
    Server system(io), direct(io);
    system.answer_everything(1);
    direct.answer_everything(2);
    NameResolver resolver(io, system.address());
    EXPECT_EQ(ask(io, resolver, direct.address(), "demo.lab.test"), "192.0.2.2");
    EXPECT_EQ(system.asked, 0);
    EXPECT_EQ(ask(io, resolver, system.address(), "demo.lab.test"), "192.0.2.1");
    EXPECT_EQ(ask(io, resolver, direct.address(), "10.20.1.11"), "10.20.1.11");
    Answer answer;
    resolver.resolve("demo.lab.test", 2s, [&](auto result) {
        answer = std::move(result);
        io.stop();
    });
    io.restart();
    io.run_for(5s);
    ASSERT_TRUE(answer && *answer);
    EXPECT_EQ((*answer)->front().to_string(), "192.0.2.1");
}

TEST(NameResolver, asks_a_server_by_ipv6) {
    asio::io_context io;
    Server server(io, "::1");
    server.answer_everything(7);
    NameResolver resolver(io);
    EXPECT_EQ(ask(io, resolver, server.address(), "demo.lab.test"), "192.0.2.7");
}

TEST(NameResolver, a_named_server_is_asked_past_the_hosts_file) {
    const tests::ScratchFolder folder;
    const std::string hosts = (folder.path() / "hosts").string();
    tests::in_own_network([&] {
        // A hosts file for this thread alone, so that it is known to have the name.
        ASSERT_EQ(::unshare(CLONE_NEWNS), 0) << "needs root";
        tests::sh("mount --make-rprivate / && echo 192.0.2.99 in-hosts.test >" + hosts + " && mount --bind " + hosts +
                  " /etc/hosts");
        asio::io_context io;
        Server server(io);
        server.answer_everything(3);
        NameResolver resolver(io);
        EXPECT_EQ(ask(io, resolver, server.address(), "in-hosts.test"), "192.0.2.3");
        Answer system;
        resolver.resolve("in-hosts.test", 2s, [&](auto result) {
            system = std::move(result);
            io.stop();
        });
        io.restart();
        io.run_for(5s);
        ASSERT_TRUE(system && *system);
        EXPECT_EQ((*system)->front().to_string(), "192.0.2.99") << "the system's way does read it";
    });
}

TEST(NameResolver, failures_at_a_named_server_name_it) {
    asio::io_context io;
    const Server silent(io);
    Server denies(io);
    denies.deny_everything();
    NameResolver resolver(io);
    EXPECT_EQ(ask(io, resolver, denies.address(), "demo.lab.test"), "no address for demo.lab.test (asked 127.0.0.1)");
    EXPECT_EQ(ask(io, resolver, silent.address(), ""), "the name is no host name");
    Answer answer;
    resolver.resolve_at(silent.address(), "demo.lab.test", 50ms, [&](auto result) {
        answer = std::move(result);
        io.stop();
    });
    io.restart();
    io.run_for(5s);
    ASSERT_TRUE(answer && !*answer);
    EXPECT_EQ(answer->error().code, Errc::deadline_passed);
    EXPECT_EQ(answer->error().message, "the name server 127.0.0.1 does not answer");
}

TEST(NameResolver, what_is_no_server_is_bad_input) {
    asio::io_context io;
    NameResolver resolver(io);
    for (const char* server : {"", "dns.example", "10.20.0", "10.20.0.2:", "10.20.0.2:0", "10.20.0.2:65536", "[fd00::2",
                               "[fd00::2]53", "[fd00::2]:", "[10.20.0.2]:53", "10.20.0.2,10.20.0.3", "fe80::1%lo"}) {
        Answer answer;
        resolver.resolve_at(server, "demo.lab.test", 1s, [&](auto result) { answer = std::move(result); });
        EXPECT_FALSE(answer);
        io.restart();
        io.run_for(2s);
        ASSERT_TRUE(answer && !*answer) << server;
        EXPECT_EQ(answer->error().code, Errc::bad_input) << server;
    }
}

TEST(NameResolver, accepts_every_spelling_of_a_server) {
    asio::io_context io;
    NameResolver resolver(io);
    for (const char* server : {"127.0.0.77", "127.0.0.77:53", "127.0.0.77:9", "::1", "[::1]", "[::1]:9"}) {
        Answer answer;
        resolver.resolve_at(server, "demo.lab.test", 20ms, [&](auto result) { answer = std::move(result); });
        io.restart();
        io.run_for(2s);
        ASSERT_TRUE(answer && !*answer) << server;
        EXPECT_NE(answer->error().code, Errc::bad_input) << server;
        const std::string address = server[0] == '1' ? "127.0.0.77" : "::1";
        EXPECT_NE(answer->error().message.find(address), std::string::npos) << answer->error().message;
    }
}

TEST(NameResolver, more_servers_than_are_kept_answer_all_the_same) {
    asio::io_context io;
    std::deque<Server> servers;
    for (std::size_t i = 0; i < NameResolver::kServerLimit + 2; ++i)
        servers.emplace_back(io).answer_everything(static_cast<char>(i));
    NameResolver resolver(io);
    std::vector<std::string> answers;  // of questions that are open when their link is replaced
    for (int round = 0; round < 2; ++round)
        for (const Server& server : servers)
            resolver.resolve_at(server.address(), "demo.lab.test", 2s, [&](auto result) {
                answers.push_back(result ? result->front().to_string() : result.error().message);
                if (answers.size() == 2 * servers.size()) io.stop();
            });
    io.run_for(5s);
    ASSERT_EQ(answers.size(), 2 * servers.size());
    std::ranges::sort(answers);
    for (std::size_t i = 0; i < answers.size(); ++i) EXPECT_EQ(answers[i], "192.0.2." + std::to_string(i / 2));
    for (std::size_t i = 0; i < servers.size(); ++i)
        EXPECT_EQ(ask(io, resolver, servers[i].address(), "x.test"), "192.0.2." + std::to_string(i));
}

TEST(NameResolver, questions_to_named_servers_can_be_cancelled_and_dropped) {
    asio::io_context io;
    const Server silent(io);
    bool called = false;
    {
        NameResolver resolver(io);
        resolver.cancel(resolver.resolve_at(silent.address(), "a.test", 20ms, [&](auto) { called = true; }));
        resolver.cancel(resolver.resolve_at("nonsense", "a.test", 20ms, [&](auto) { called = true; }));
        io.run_for(60ms);
        resolver.resolve_at(silent.address(), "a.test", 20ms, [&](auto) { called = true; });
        resolver.resolve_at("nonsense", "a.test", 20ms, [&](auto) { called = true; });
    }
    io.restart();
    io.run_for(60ms);
    EXPECT_FALSE(called);
}

TEST(NameResolver, an_idle_link_has_no_timer_and_no_socket) {
    asio::io_context io;
    NameResolver resolver(io);
    {
        Server server(io);
        server.answer_everything(4);
        EXPECT_EQ(ask(io, resolver, server.address(), "demo.lab.test"), "192.0.2.4");
    }
    io.restart();
    EXPECT_LT(io.run_for(2s), 10U) << "what is left ends at once";
    EXPECT_TRUE(io.stopped()) << "nothing waits any more";
}

}  // namespace
