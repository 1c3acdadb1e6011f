#include "host/ask_link.hpp"

#include <boost/asio.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace memdb::host {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

const AskLink::Question kQuestion{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\r\n\r\n"};

/// Takes one connection, reads a request, and says what it is told to, in two pieces.
class Server {
  public:
    Server(asio::io_context& io, std::string answer, bool closes)
        : acceptor_(io, {asio::ip::make_address("127.0.0.1"), 0}), peer_(io), answer_(std::move(answer)) {
        acceptor_.async_accept(peer_, [this, closes](const auto& error) {
            if (error) return;
            asio::async_read_until(peer_, asio::dynamic_buffer(request), "\r\n\r\n",
                                   [this, closes](const auto& failed, auto) {
                                       if (failed) return;
                                       const auto half = answer_.size() / 2;
                                       asio::write(peer_, asio::buffer(answer_.substr(0, half)));
                                       asio::write(peer_, asio::buffer(answer_.substr(half)));
                                       if (closes) peer_.close();
                                   });
        });
    }
    [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    std::string request;

  private:
    tcp::acceptor acceptor_;
    tcp::socket peer_;
    std::string answer_;
};

std::optional<std::string> got(asio::io_context& io, std::uint16_t port, Duration limit = 5s) {
    AskLink link(io);
    std::optional<std::string> answer;
    link.ask("127.0.0.1", port, kQuestion, limit, [&](std::string text) {
        EXPECT_FALSE(answer) << "called twice";
        answer = std::move(text);
    });
    EXPECT_FALSE(answer) << "called from inside";
    io.restart();
    io.run_for(10s);
    return answer;
}

TEST(AskLink, hands_over_the_head_of_the_answer_without_waiting_for_the_end) {
    asio::io_context io;
    Server server(io, "HTTP/1.1 302 Found\r\nLocation: http://portal.test/\r\n\r\n", false);
    EXPECT_EQ(got(io, server.port()), "HTTP/1.1 302 Found\r\nLocation: http://portal.test/\r\n\r\n");
    EXPECT_EQ(server.request, kQuestion.text);
}

TEST(AskLink, hands_over_what_came_before_the_stream_ended_or_the_limit_passed) {
    for (const bool closes : {true, false}) {
        asio::io_context io;
        Server server(io, "SSH-2.0-x\r\n", closes);
        EXPECT_EQ(got(io, server.port(), 300ms), "SSH-2.0-x\r\n");
    }
}

TEST(AskLink, reads_no_more_than_it_needs) {
    asio::io_context io;
    Server server(io, std::string(100'000, 'x'), true);
    const auto answer = got(io, server.port());
    ASSERT_TRUE(answer);
    EXPECT_GE(answer->size(), AskLink::kAnswerLimit);
    EXPECT_LT(answer->size(), 3 * AskLink::kAnswerLimit);
}

TEST(AskLink, says_nothing_of_nobody) {
    asio::io_context io;
    std::uint16_t port = 0;
    {
        const Server gone(io, "", true);
        port = gone.port();
    }
    EXPECT_EQ(got(io, port), "");
}

TEST(AskLink, calls_nobody_back_once_it_is_cancelled) {
    asio::io_context io;
    Server first(io, "HTTP/1.1 200 OK\r\n\r\n", true),
        server(io, "HTTP/1.1 200 OK\r\n\r\n", true);  // each accepts once
    AskLink link(io);
    link.ask("127.0.0.1", first.port(), kQuestion, 5s, [](const std::string&) { FAIL() << "cancelled"; });
    link.cancel();
    link.ask("not an address", 80, kQuestion, 5s, [](const std::string&) { FAIL() << "replaced"; });
    std::optional<std::string> last;
    link.ask("127.0.0.1", server.port(), kQuestion, 5s, [&](std::string text) { last = std::move(text); });
    io.run_for(10s);
    EXPECT_EQ(last, "HTTP/1.1 200 OK\r\n\r\n");
}

}  // namespace
}  // namespace memdb::host
