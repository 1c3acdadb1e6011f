#include "host/name_resolver.hpp"

#include <boost/asio.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>

using namespace memdb;
using host::NameResolver;
namespace asio = boost::asio;

namespace {

using Answer = std::optional<Result<NameResolver::Addresses>>;

/// A UDP socket on loopback that takes questions. Says nothing, or "no such name".
class Server {
  public:
    explicit Server(asio::io_context& io) : socket_(io, {asio::ip::address_v4::loopback(), 0}) {}
    [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(socket_.local_endpoint().port()); }

    void deny_everything() {
        socket_.async_receive_from(asio::buffer(question_), from_, [this](const auto& error, std::size_t size) {
            if (error) return;
            question_[2] = static_cast<char>(0x81);
            question_[3] = static_cast<char>(0x83);  // NXDOMAIN
            socket_.send_to(asio::buffer(question_, size), from_);
            deny_everything();
        });
    }

  private:
    asio::ip::udp::socket socket_;
    asio::ip::udp::endpoint from_;
    std::array<char, 512> question_{};
};

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

}  // namespace
