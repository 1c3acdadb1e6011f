// Against a socket that answers with canned bytes: what the agent, or something else, could say.
#include "client/control_client.hpp"

#include "base/clock.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

namespace memdb::client {
namespace {

/// Accepts once, reads the request's head, writes `answer`, then closes or (with `stay`) waits until the client is
/// gone.
class CannedAgent {
  public:
    explicit CannedAgent(std::string answer, bool stay = false) {
        std::string name = (std::filesystem::temp_directory_path() / "memdb-client-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
        path_ = folder_ / "s";
        listening_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path_.copy(address.sun_path, sizeof address.sun_path - 1);
        EXPECT_EQ(::bind(listening_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(::listen(listening_, 1), 0);
        thread_ = std::thread([this, stay, text = std::move(answer)] { serve(text, stay); });
    }
    ~CannedAgent() {
        ::shutdown(listening_, SHUT_RDWR);
        thread_.join();
        ::close(listening_);
        std::filesystem::remove_all(folder_);
    }
    CannedAgent(const CannedAgent&) = delete;
    CannedAgent& operator=(const CannedAgent&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    void serve(const std::string& answer, bool stay) const {
        const int client = ::accept(listening_, nullptr, nullptr);
        if (client < 0) return;
        std::string head;
        char c = 0;
        while (head.find("\r\n\r\n") == std::string::npos && ::recv(client, &c, 1, 0) == 1) head += c;
        (void)::send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
        while (stay && ::recv(client, &c, 1, 0) > 0) {
        }
        ::close(client);
    }

    std::filesystem::path folder_;
    std::string path_;
    int listening_ = -1;
    std::thread thread_;
};

std::string answer(std::string_view status, std::string_view body) {
    return "HTTP/1.1 " + std::string(status) + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           std::string(body);
}

TEST(ControlClient, returns_the_body) {
    const CannedAgent agent(answer("202 Accepted", "{}"));
    const auto response = ControlClient(agent.path()).request("POST", "/v1/profiles/a/connect");
    ASSERT_TRUE(response.has_value()) << response.error().message;
    EXPECT_EQ(response->status, 202u);
    EXPECT_EQ(response->body, "{}");
}

TEST(ControlClient, no_agent_is_3_with_advice) {
    const auto response = ControlClient("/nonexistent/memdbd.sock").request("GET", "/v1/status");
    ASSERT_TRUE(response.has_error());
    EXPECT_EQ(response.error().exit, Exit::no_agent);
    EXPECT_EQ(response.error().message,
              "the agent is not running: no answer on /nonexistent/memdbd.sock; start it with `systemctl start "
              "memdbd.socket`");
    EXPECT_EQ(ControlClient(std::string(200, 'x')).request("GET", "/").error().exit, Exit::usage);
}

TEST(ControlClient, refusals_carry_the_agents_words) {
    const CannedAgent forbidden(
        answer("403 Forbidden", R"({"error":{"code":"not_permitted","message":"join the group"}})"));
    const auto response = ControlClient(forbidden.path()).request("GET", "/v1/status");
    EXPECT_EQ(response.error().exit, Exit::not_permitted);
    EXPECT_EQ(response.error().message, "join the group");
    const CannedAgent missing(answer("404 Not Found", "<html>"));
    EXPECT_EQ(ControlClient(missing.path()).request("GET", "/").error().message, "the agent answered 404");
}

TEST(ControlClient, what_is_no_agent_is_told) {
    const CannedAgent garbage("SSH-2.0-OpenSSH\r\n\r\n");
    EXPECT_THAT(ControlClient(garbage.path()).request("GET", "/").error().message, testing::HasSubstr("is not memdbd"));
    const CannedAgent closed("");
    EXPECT_EQ(ControlClient(closed.path()).request("GET", "/").error().exit, Exit::no_agent);
    const CannedAgent half("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    EXPECT_EQ(ControlClient(half.path()).request("GET", "/").error().exit, Exit::no_agent);
    const CannedAgent endless("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", true);
    EXPECT_THAT(ControlClient(endless.path()).request("GET", "/").error().message, testing::HasSubstr("is not memdbd"));
}

TEST(ControlClient, a_silent_agent_costs_no_more_than_the_limit) {
    const CannedAgent silent("", true);
    const auto response = ControlClient(silent.path()).request("GET", "/", {}, 20ms);
    EXPECT_EQ(response.error().exit, Exit::timed_out);
}

TEST(EventReader, returns_lines_across_chunks_and_tells_the_end) {
    const CannedAgent agent("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{\"a\"\r\n7\r\n:1}\n{}\n\r\n");
    auto reader = EventReader::open(agent.path());
    ASSERT_TRUE(reader.has_value()) << reader.error().message;
    EXPECT_EQ(**reader->next_line({}), "{\"a\":1}");
    EXPECT_EQ(**reader->next_line({}), "{}");
    EXPECT_EQ(reader->next_line({}).error().exit, Exit::no_agent);
}

TEST(EventReader, stops_waiting_at_the_deadline) {
    const CannedAgent agent("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{}\n\r\n", true);
    auto reader = EventReader::open(agent.path());
    ASSERT_TRUE(reader.has_value()) << reader.error().message;
    EXPECT_EQ(**reader->next_line(now() + 5s), "{}");
    EXPECT_EQ(*reader->next_line(now() + 10ms), std::nullopt);
}

TEST(EventReader, a_refused_stream_is_a_problem) {
    const CannedAgent agent(answer("403 Forbidden", R"({"error":{"code":"not_permitted","message":"join"}})"));
    EXPECT_EQ(EventReader::open(agent.path()).error().exit, Exit::not_permitted);
}

TEST(PercentEncode, leaves_only_plain_characters) {
    EXPECT_EQ(percent_encode("demo-1_a.b"), "demo-1_a.b");
    EXPECT_EQ(percent_encode("a b/\n\xc3"), "a%20b%2F%0A%C3");
}

}  // namespace
}  // namespace memdb::client
