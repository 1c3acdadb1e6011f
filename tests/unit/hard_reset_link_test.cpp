#include "tunnel/hard_reset_link.hpp"

#include "base/clock.hpp"
#include "tests/support/forged_icmp.hpp"
#include "tunnel/hard_reset_codec.hpp"

#include <boost/asio.hpp>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <deque>
#include <functional>
#include <optional>
#include <string>

using namespace memdb;
using namespace memdb::tunnel;
using memdb::config::Transport;
namespace asio = boost::asio;
using Answers = std::optional<std::vector<HardResetLink::Answer>>;

namespace {

enum class Habit { answer, silent, foreign };

/// What a server says to `packet`: session id of its own, one acknowledgement, the client's session id, packet 0.
std::string reply_to(const std::string& packet, Habit habit) {
    std::string client = packet.substr(1, 8);
    if (habit == Habit::foreign) client[3] = static_cast<char>(~client[3]);
    return "\x40serverid\x01" + std::string(4, '\0') + client + std::string(4, '\0');
}

/// Speaks the wire of an OpenVPN server on loopback; has one habit for each packet that comes, the last for all others.
class Server {
  public:
    using Habits = std::deque<Habit>;
    Server(asio::io_context& io, Habits habits, const char* address = "127.0.0.1")
        : socket_(io, {asio::ip::make_address(address), 0}), habits_(std::move(habits)) {
        read();
    }
    [[nodiscard]] ServerAddress address() const {
        const auto at = socket_.local_endpoint();
        return {at.address().to_string(), at.port(), Transport::udp};
    }
    std::vector<std::string> packets;

  private:
    void read() {
        socket_.async_receive_from(asio::buffer(buffer_), from_, [this](const auto& error, std::size_t size) {
            if (error) return;
            packets.emplace_back(buffer_.data(), size);
            const Habit habit = habits_.front();
            if (habits_.size() > 1) habits_.pop_front();
            if (habit != Habit::silent) socket_.send_to(asio::buffer(reply_to(packets.back(), habit)), from_);
            read();
        });
    }
    asio::ip::udp::socket socket_;
    asio::ip::udp::endpoint from_;
    std::array<char, 512> buffer_{};
    Habits habits_;
};

/// The same over TCP, one habit for each connection. Sends its answer in two pieces.
class TcpServer {
  public:
    TcpServer(asio::io_context& io, Server::Habits habits, const char* address = "127.0.0.1")
        : acceptor_(io, {asio::ip::make_address(address), 0}), habits_(std::move(habits)) {
        accept();
    }
    [[nodiscard]] ServerAddress address() const {
        const auto at = acceptor_.local_endpoint();
        return {at.address().to_string(), at.port(), Transport::tcp};
    }
    bool closes = false;
    std::vector<std::string> packets;

  private:
    struct Client {
        explicit Client(asio::ip::tcp::socket s) : socket(std::move(s)) {}
        asio::ip::tcp::socket socket;
        std::array<char, 16> packet{};
    };
    void accept() {
        acceptor_.async_accept([this](const auto& error, asio::ip::tcp::socket socket) {
            if (error) return;
            const Habit habit = habits_.front();
            if (habits_.size() > 1) habits_.pop_front();
            serve(std::make_shared<Client>(std::move(socket)), habit);
            accept();
        });
    }
    void serve(const std::shared_ptr<Client>& client, Habit habit) {
        asio::async_read(client->socket, asio::buffer(client->packet), [=, this](const auto& error, std::size_t size) {
            if (error) return;
            packets.emplace_back(client->packet.data(), size);
            if (closes) return client->socket.close();
            clients_.push_back(client);
            if (habit == Habit::silent) return;
            const std::string reply = reply_to(packets.back().substr(2), habit);
            asio::write(client->socket, asio::buffer(std::string{'\0', static_cast<char>(reply.size())} + "\x40"));
            asio::post(acceptor_.get_executor(), [=] { asio::write(client->socket, asio::buffer(reply.substr(1))); });
        });
    }
    asio::ip::tcp::acceptor acceptor_;
    std::vector<std::shared_ptr<Client>> clients_;
    Server::Habits habits_;
};

/// A port of `Protocol` on loopback where nobody is.
template <class Protocol>
std::uint16_t free_port(asio::io_context& io) {
    typename Protocol::socket socket(io, {asio::ip::address_v4::loopback(), 0});
    return socket.local_endpoint().port();
}

class HardResetLinkTest : public testing::Test {
  protected:
    /// The answers; fails the test when none come.
    std::vector<HardResetLink::Answer> probe(std::vector<ServerAddress> servers, unsigned tries, Duration limit) {
        Answers answers;
        link.probe(std::move(servers), tries, limit, [&](auto all) {
            EXPECT_FALSE(link.running());
            EXPECT_FALSE(answers);
            answers = std::move(all);
            io.stop();
        });
        EXPECT_FALSE(answers) << "called from inside";
        EXPECT_TRUE(link.running());
        io.restart();
        io.run_for(10s);
        EXPECT_TRUE(answers);
        return answers.value_or(std::vector<HardResetLink::Answer>(64));
    }

    asio::io_context io;
    HardResetLink link{io};
};

TEST_F(HardResetLinkTest, hears_a_server_that_answers) {
    Server server(io, {Habit::answer});
    const auto answers = probe({server.address()}, 2, 5s);
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers[0].server, server.address());
    EXPECT_TRUE(answers[0].answered);
    EXPECT_EQ(answers[0].evidence, "answer to packet 1");
    EXPECT_GT(answers[0].took, 0us);
    EXPECT_LT(answers[0].took, 5s);
    EXPECT_EQ(server.packets.size(), 1U);
}

TEST_F(HardResetLinkTest, sends_again_to_a_server_that_is_silent_at_first) {
    Server server(io, {Habit::silent, Habit::answer});
    TcpServer tcp(io, {Habit::silent, Habit::answer});
    const auto answers = probe({server.address(), tcp.address()}, 2, 200ms);
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_TRUE(answers[i].answered) << i;
        EXPECT_EQ(answers[i].evidence, "answer to packet 2") << i;
        EXPECT_GE(answers[i].took, 200ms) << i;
    }
    ASSERT_EQ(server.packets.size(), 2U);
    EXPECT_EQ(server.packets[0], server.packets[1]);
}

TEST_F(HardResetLinkTest, gives_up_on_silence_after_the_last_limit) {
    Server server(io, {Habit::silent});
    TcpServer tcp(io, {Habit::silent});
    const Stopwatch watch;
    const auto answers = probe({server.address(), tcp.address()}, 3, 50ms);
    EXPECT_GE(watch.elapsed(), 145ms);  // timers are cut to whole milliseconds
    for (const auto& answer : answers) {
        EXPECT_FALSE(answer.answered);
        EXPECT_EQ(answer.evidence, "no answer to 3 packets");
    }
    EXPECT_EQ(server.packets.size(), 3U);
    EXPECT_EQ(tcp.packets.size(), 3U);
    EXPECT_EQ(probe({server.address()}, 0, 10ms).at(0).evidence, "no answer to 1 packet");
}

TEST_F(HardResetLinkTest, a_foreign_answer_does_not_count_and_does_not_hide_a_good_one) {
    Server bad(io, {Habit::foreign});
    Server good(io, {Habit::foreign, Habit::answer});
    TcpServer tcp(io, {Habit::foreign});
    const auto answers = probe({bad.address(), good.address(), tcp.address()}, 2, 100ms);
    EXPECT_FALSE(answers[0].answered);
    EXPECT_EQ(answers[0].evidence, "an answer of another session");
    EXPECT_TRUE(answers[1].answered);
    EXPECT_FALSE(answers[2].answered);
    EXPECT_EQ(answers[2].evidence, "an answer of another session");
}

TEST_F(HardResetLinkTest, a_refusal_is_evidence_and_the_limit_is_waited_for) {
    const ServerAddress udp{"127.0.0.1", free_port<asio::ip::udp>(io), Transport::udp};
    const ServerAddress tcp{"127.0.0.1", free_port<asio::ip::tcp>(io), Transport::tcp};
    const auto answers = probe({udp, tcp}, 2, 60ms);
    for (const auto& answer : answers) {
        EXPECT_FALSE(answer.answered);
        EXPECT_EQ(answer.evidence, "Connection refused") << to_string(answer.server);
        EXPECT_TRUE(answer.asked);
        EXPECT_GE(answer.took, 115ms);
    }
}

TEST_F(HardResetLinkTest, a_server_that_comes_after_a_refusal_is_heard) {
    const std::uint16_t port = free_port<asio::ip::udp>(io);
    std::optional<asio::ip::udp::socket> late;
    asio::steady_timer timer(io, 50ms);
    timer.async_wait([&](const auto&) {
        late.emplace(io, asio::ip::udp::endpoint(asio::ip::address_v4::loopback(), port));
        late->async_wait(asio::ip::udp::socket::wait_read, [&](const auto&) {
            std::string packet(100, '\0');
            asio::ip::udp::endpoint from;
            packet.resize(late->receive_from(asio::buffer(packet), from));
            late->send_to(asio::buffer(reply_to(packet, Habit::answer)), from);
        });
    });
    const auto answers = probe({{"127.0.0.1", port, Transport::udp}}, 2, 150ms);
    EXPECT_TRUE(answers[0].answered);
}

TEST_F(HardResetLinkTest, a_connection_that_the_server_closes_is_evidence) {
    TcpServer tcp(io, {Habit::answer});
    tcp.closes = true;
    const auto answers = probe({tcp.address()}, 1, 60ms);
    EXPECT_FALSE(answers[0].answered);
    EXPECT_EQ(answers[0].evidence, "the server closed the connection");
}

TEST_F(HardResetLinkTest, asks_all_at_the_same_time_and_keeps_their_order) {
    Server slow(io, {Habit::silent}), fast(io, {Habit::answer});
    TcpServer tcp(io, {Habit::answer});
    const Stopwatch watch;
    std::vector<std::string> as_they_came;
    Answers answers;
    link.probe(
        {slow.address(), fast.address(), tcp.address(), slow.address()}, 2, 500ms,
        [&](auto all) {
            answers = std::move(all);
            io.stop();
        },
        [&](const HardResetLink::Answer& one) {
            EXPECT_FALSE(answers);
            as_they_came.push_back(to_string(one.server));
        });
    io.run_for(10s);
    ASSERT_TRUE(answers);
    EXPECT_LT(watch.elapsed(), 1900ms);
    ASSERT_EQ(answers->size(), 4U);
    EXPECT_FALSE(answers->at(0).answered);
    EXPECT_TRUE(answers->at(1).answered);
    EXPECT_TRUE(answers->at(2).answered);
    EXPECT_EQ(answers->at(3).server, slow.address());
    ASSERT_EQ(as_they_came.size(), 4U);
    EXPECT_NE(as_they_came[0], to_string(slow.address()));
    EXPECT_EQ(as_they_came[3], to_string(slow.address()));
    ASSERT_EQ(slow.packets.size(), 4U);
    EXPECT_NE(slow.packets[0], slow.packets[1]) << "each has a session id of its own";
}

TEST_F(HardResetLinkTest, speaks_ipv6) {
    Server udp(io, {Habit::answer}, "::1");
    TcpServer tcp(io, {Habit::answer}, "::1");
    for (const auto& answer : probe({udp.address(), tcp.address()}, 1, 5s))
        EXPECT_TRUE(answer.answered) << to_string(answer.server) << answer.evidence;
}

TEST_F(HardResetLinkTest, what_the_kernel_cannot_send_is_decided_at_once) {
    const Stopwatch watch;
    const auto answers = probe({{"no address", 443, Transport::udp},
                                {"255.255.255.255", 443, Transport::udp},
                                {"255.255.255.255", 443, Transport::tcp}},
                               2, 2s);
    EXPECT_LT(watch.elapsed(), 3s);
    EXPECT_EQ(answers[0].evidence, "not an IP address");
    EXPECT_EQ(answers[1].evidence, "Permission denied");
    for (const auto& answer : answers) EXPECT_FALSE(answer.answered);
    EXPECT_FALSE(answers[0].asked);
    EXPECT_TRUE(answers[1].asked) << "a firewall of this machine is no missing network";
    EXPECT_FALSE(answers[2].asked) << answers[2].evidence;
}

// Linux reports "administratively prohibited" as an error of the next call, like one of its own.
TEST_F(HardResetLinkTest, a_forged_icmp_does_not_hide_the_servers_answer) {
    const int raw = ::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
    ASSERT_GE(raw, 0) << "needs root, as the tests in namespaces do";
    asio::ip::udp::socket server(io, {asio::ip::address_v4::loopback(), 0});
    std::string packet(100, '\0');
    asio::ip::udp::endpoint from;
    int heard = 0;
    std::function<void()> serve = [&] {
        server.async_receive_from(asio::buffer(packet), from, [&](const auto& error, std::size_t) {
            if (error) return;
            if (++heard == 1) {
                tests::forge_prohibition(raw, from.port(), server.local_endpoint().port());
                return serve();
            }
            server.send_to(asio::buffer(reply_to(packet, Habit::answer)), from);
        });
    };
    serve();
    const auto answers = probe({{"127.0.0.1", server.local_endpoint().port(), Transport::udp}}, 2, 200ms);
    ::close(raw);
    EXPECT_EQ(heard, 2);
    EXPECT_TRUE(answers[0].answered) << answers[0].evidence;
    EXPECT_TRUE(answers[0].asked);
}

TEST_F(HardResetLinkTest, none_and_too_many_servers_have_an_end_too) {
    EXPECT_TRUE(probe({}, 2, 1s).empty());
    Server server(io, {Habit::answer});
    const auto answers = probe(std::vector(HardResetLink::kServerLimit + 1, server.address()), 1, 5s);
    ASSERT_EQ(answers.size(), HardResetLink::kServerLimit + 1);
    EXPECT_TRUE(answers[HardResetLink::kServerLimit - 1].answered);
    EXPECT_EQ(answers.back().evidence, "not asked: too many servers");
    EXPECT_FALSE(answers.back().asked);
    EXPECT_TRUE(answers.front().asked);
}

TEST_F(HardResetLinkTest, a_new_probe_replaces_the_old_and_cancel_ends_all) {
    Server silent(io, {Habit::silent}), server(io, {Habit::answer});
    link.probe(
        {silent.address(), server.address()}, 1, 100ms, [](auto) { FAIL(); }, [](auto&) { FAIL(); });
    EXPECT_TRUE(probe({server.address()}, 1, 5s).at(0).answered);
    link.probe(
        {server.address()}, 1, 100ms, [](auto) { FAIL(); }, [](auto&) { FAIL(); });
    link.cancel();
    EXPECT_FALSE(link.running());
    io.restart();
    io.run_for(150ms);
}

TEST_F(HardResetLinkTest, callbacks_may_cancel_ask_again_and_destroy) {
    Server silent(io, {Habit::silent}), server(io, {Habit::answer});
    auto own = std::make_unique<HardResetLink>(io);
    int calls = 0;
    const std::vector both{server.address(), silent.address()};
    own->probe(
        both, 1, 100ms, [](auto) { FAIL(); },
        [&](const auto&) {
            own->probe(both, 1, 20ms, [&](auto) {
                own->probe(
                    both, 1, 100ms, [](auto) { FAIL(); },
                    [&](const auto&) {
                        ++calls;
                        own.reset();
                    });
            });
        });
    const Stopwatch watch;
    while (calls == 0 && watch.elapsed() < 5s) io.run_one_for(10ms);
    io.run_for(50ms);  // and nothing comes after it
    EXPECT_EQ(calls, 1);
}

TEST_F(HardResetLinkTest, may_go_while_it_asks) {
    Server silent(io, {Habit::silent});
    {
        HardResetLink own(io);
        own.probe({silent.address()}, 2, 20ms, [](auto) { FAIL(); });
        io.run_for(5ms);
    }
    io.restart();
    io.run_for(60ms);
}

}  // namespace
