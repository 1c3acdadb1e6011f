// Real unix sockets in a temporary directory; the server's loop runs in a thread of its own, clients block in the
// test's.
#include "control/control_server.hpp"

#include "control/socket_files.hpp"
#include "tests/support/snapshots.hpp"
#include "tests/support/unix_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

namespace memdb::control {
namespace {

using support::Client;
using support::reachable_profile;
using support::snapshot_of;
using support::TemporaryFolder;
using testing::HasSubstr;
using testing::StartsWith;

std::string get(std::string_view path) { return "GET " + std::string(path) + " HTTP/1.1\r\n\r\n"; }

class ControlServerTest : public testing::Test {
  protected:
    void serve(ServerLimits limits = {}) {
        const auto listening = bind_control_socket(path_, 0660, {});
        ASSERT_TRUE(listening.has_value()) << listening.error().message;
        Callbacks callbacks;
        callbacks.snapshot = [this]() -> const Snapshot& { return snapshot_; };
        callbacks.perform = [this](const Intent& intent, std::function<void(Reply)> answer) {
            performed_ += std::string(name_of(intent)) + " ";
            if (!mute_) answer(Reply{202, "{}"});
        };
        callbacks.diagnose = [this](const std::string& profile, const auto& tell) {
            if (mute_) return tell(error_reply(ErrorCode::busy, "the doctor is with " + profile));
            tell("{\"check\":1}\n");
            end_ = [tell] {
                for (const char* line : {"{\"report\":2}\n", ""}) tell(std::string(line));
            };
            if (!hold_) end_();
        };
        server_.emplace(io_, *listening, path_, AccessPolicy{990, 4242, 4242}, std::move(callbacks), limits,
                        [this](int) {
                            return Result<Peer>(Peer{uid_.load(), 1, {}, 77});
                        });
        thread_ = std::thread([this] { io_.run(); });
    }

    void TearDown() override {
        on_loop([this] { server_.reset(); });
        work_.reset();
        if (thread_.joinable()) thread_.join();
    }

    /// Runs on the server's thread and waits for the end.
    void on_loop(const std::function<void()>& work) {
        if (!thread_.joinable()) return;
        const auto done = std::make_shared<std::promise<void>>();  // outlives set_value() on the other thread
        boost::asio::post(io_, [done, &work] {
            work();
            done->set_value();
        });
        done->get_future().wait();
    }

    std::string ask(std::string_view request) {
        Client client(path_);
        client.send(request);
        return client.read_until("}");
    }

    TemporaryFolder folder_;
    std::string path_ = folder_.file("memdbd.sock");
    Snapshot snapshot_ = snapshot_of({reachable_profile()});
    std::atomic<uid_t> uid_ = 0;
    bool mute_ = false;
    bool hold_ = false;  ///< the doctor's last lines, until end_()
    std::function<void()> end_;
    std::string performed_;
    boost::asio::io_context io_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ = boost::asio::make_work_guard(io_);
    std::optional<ControlServer> server_;
    std::thread thread_;
};

TEST_F(ControlServerTest, answers_the_snapshot_and_keeps_the_connection) {
    serve();
    Client client(path_);
    for (int i = 0; i < 3; ++i) {
        client.send(get("/v1/status"));
        EXPECT_THAT(client.read_until("\"findings\":[]}"), HasSubstr("HTTP/1.1 200 OK\r\n"));
        client.read_until(to_json(snapshot_));
        EXPECT_THAT(client.read_until("}"), testing::EndsWith("\r\n\r\n" + to_json(snapshot_)));
        client.forget();
    }
}

TEST_F(ControlServerTest, closes_when_the_client_asks_to) {
    serve();
    Client client(path_);
    client.send("GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(client.read_all(), testing::EndsWith("\r\n\r\nok: 1 of 1 reachable\n"));
    EXPECT_TRUE(client.ended());
}

TEST_F(ControlServerTest, answers_pipelined_requests_in_order) {
    serve();
    Client client(path_);
    client.send(get("/healthz") + "POST /v1/profiles/demo/connect HTTP/1.1\r\nContent-Length: 0\r\n\r\n" +
                get("/v1/nothing"));
    const std::string all = client.read_until("no such path");
    const auto first = all.find("200 OK"), second = all.find("202 Accepted"), third = all.find("404 Not Found");
    EXPECT_TRUE(first < second && second < third && third != std::string::npos) << all;
}

TEST_F(ControlServerTest, a_request_may_come_byte_by_byte) {
    serve();
    Client client(path_);
    for (const char c : get("/healthz")) client.send(std::string_view(&c, 1));
    EXPECT_THAT(client.read_until("reachable"), StartsWith("HTTP/1.1 200 OK"));
}

TEST_F(ControlServerTest, head_has_no_body) {
    serve();
    Client client(path_);
    client.send("HEAD /healthz HTTP/1.1\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(client.read_all(), testing::EndsWith("Content-Length: 21\r\n\r\n"));
}

TEST_F(ControlServerTest, asks_for_the_body_when_the_client_waits_for_that) {
    serve();
    Client client(path_);
    client.send("POST /v1/profiles/demo/ping HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    client.forget();
    client.send("{}");
    EXPECT_THAT(client.read_until("\r\n\r\n{}"), StartsWith("HTTP/1.1 202"));
}

TEST_F(ControlServerTest, refuses_2_mib_at_once_and_others_are_unaffected) {
    serve();
    Client client(path_);
    client.send("POST /v1/profiles HTTP/1.1\r\nContent-Length: 2097152\r\n\r\n");
    client.send(std::string(2097152, 'x'));
    EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 413 "));
    Client chunked(path_);
    chunked.send("POST /v1/profiles HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n200000\r\n");
    chunked.send(std::string(2097152, 'x'));
    EXPECT_THAT(chunked.read_all(), StartsWith("HTTP/1.1 413 "));
    EXPECT_THAT(ask(get("/v1/status")), StartsWith("HTTP/1.1 200"));
    EXPECT_EQ(performed_, "");
}

TEST_F(ControlServerTest, refuses_a_header_of_more_than_8_kib) {
    serve();
    EXPECT_THAT(ask("GET / HTTP/1.1\r\nX: " + std::string(9000, 'x') + "\r\n\r\n"), StartsWith("HTTP/1.1 431 "));
}

TEST_F(ControlServerTest, answers_garbage_with_400) {
    serve();
    for (const std::string_view garbage :
         {std::string_view("\0\1\2\3\r\n\r\n", 8), std::string_view("hello\r\n\r\n"),
          std::string_view("GET / HTTP/9.9\r\n\r\n"), std::string_view("GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"),
          std::string_view("{\"id\":1}\n\r\n\r\n"),
          std::string_view("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")})
        EXPECT_THAT(ask(garbage), StartsWith("HTTP/1.1 400 ")) << garbage;
    EXPECT_THAT(ask(get("/v1/status")), StartsWith("HTTP/1.1 200"));
}

TEST_F(ControlServerTest, half_a_request_and_silence_ends_with_408) {
    ServerLimits limits;
    limits.request = 50ms;
    serve(limits);
    Client half(path_), silent(path_);
    half.send("GET /v1/sta");
    EXPECT_THAT(half.read_all(), StartsWith("HTTP/1.1 408 "));
    EXPECT_TRUE(half.ended());
    EXPECT_THAT(silent.read_all(), StartsWith("HTTP/1.1 408 "));
    EXPECT_THAT(ask(get("/v1/status")), StartsWith("HTTP/1.1 200"));
}

TEST_F(ControlServerTest, an_idle_connection_is_closed_without_a_word) {
    ServerLimits limits;
    limits.idle = 30ms;
    serve(limits);
    Client client(path_);
    client.send(get("/healthz"));
    client.read_until("reachable\n");
    client.forget();
    EXPECT_EQ(client.read_all(), "");
    EXPECT_TRUE(client.ended());
}

TEST_F(ControlServerTest, two_hundred_idle_connections_of_one_user_disturb_nobody) {
    serve();
    uid_ = 990;
    std::vector<std::unique_ptr<Client>> idle;
    for (int i = 0; i < 200; ++i) {
        idle.push_back(std::make_unique<Client>(path_));
        ASSERT_TRUE(idle.back()->connected());
    }
    EXPECT_THAT(idle.back()->read_all(), StartsWith("HTTP/1.1 503 "));
    EXPECT_THAT(idle.back()->read_all(), HasSubstr("\"code\":\"busy\""));
    on_loop([&] { EXPECT_EQ(server_->connections(), ServerLimits{}.per_uid); });
    uid_ = 0;
    EXPECT_THAT(ask(get("/v1/status")), StartsWith("HTTP/1.1 200"));
    idle[3].reset();  // one of the sixteen goes: its place is free again
    idle[4].reset();
    on_loop([] {});
    on_loop([] {});
    uid_ = 990;
    EXPECT_THAT(ask(get("/v1/profiles")), StartsWith("HTTP/1.1 200"));
}

TEST_F(ControlServerTest, the_last_places_are_roots) {
    ServerLimits limits;
    limits.connections = 4;
    limits.root_reserve = 2;
    serve(limits);
    uid_ = 990;
    Client first(path_), second(path_), third(path_);
    EXPECT_THAT(third.read_all(), StartsWith("HTTP/1.1 503 "));
    uid_ = 0;
    EXPECT_THAT(ask(get("/v1/profiles")), StartsWith("HTTP/1.1 200"));
}

TEST_F(ControlServerTest, a_caller_without_rights_learns_how_to_get_them) {
    serve();
    uid_ = 1234;
    EXPECT_THAT(ask(get("/v1/status")), testing::AllOf(StartsWith("HTTP/1.1 403 "), HasSubstr("usermod -aG memdb")));
    // Not even its body is read.
    EXPECT_THAT(ask("POST /v1/profiles HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n"), StartsWith("HTTP/1.1 403 "));
    EXPECT_EQ(performed_, "");
}

TEST_F(ControlServerTest, the_service_user_reads_and_changes_nothing) {
    serve();
    uid_ = 990;
    EXPECT_THAT(ask(get("/v1/status")), StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(ask("POST /v1/profiles/demo/connect HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 403 "));
    EXPECT_EQ(performed_, "");
}

TEST_F(ControlServerTest, an_intent_that_is_never_answered_is_given_up) {
    ServerLimits limits;
    limits.perform = 30ms;
    mute_ = true;
    serve(limits);
    EXPECT_THAT(ask("POST /v1/profiles/demo/connect HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 500 "));
    on_loop([&] { EXPECT_EQ(performed_, "connect "); });
}

Event verdict_event() {
    return {WallTime{}, "demo", VerdictChanged{health::Verdict::reachable, health::Verdict::degraded}};
}

TEST_F(ControlServerTest, a_stream_gets_the_snapshot_first_and_then_changes) {
    serve();
    Client client(path_);
    client.send(get("/v1/events"));
    EXPECT_THAT(client.read_until("\n\r\n"), HasSubstr("Transfer-Encoding: chunked\r\n\r\n"));
    EXPECT_THAT(client.read_until("\n\r\n"), HasSubstr("{\"type\":\"snapshot\""));
    client.forget();
    on_loop([&] { server_->publish({verdict_event(), verdict_event()}); });
    const std::string two = to_json_line(verdict_event()) + to_json_line(verdict_event());
    EXPECT_THAT(client.read_until("\n\r\n"), HasSubstr("\r\n" + two + "\r\n"));
    on_loop([&] { server_->close(); });
    client.read_all();
    EXPECT_TRUE(client.ended());
    EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(ControlServerTest, an_old_client_gets_the_stream_without_chunks) {
    serve();
    Client client(path_);
    client.send("GET /v1/events HTTP/1.0\r\n\r\n");
    EXPECT_THAT(client.read_until("\n{"), HasSubstr("Connection: close\r\n\r\n{\"type\":\"snapshot\""));
}

TEST_F(ControlServerTest, a_slow_reader_is_dropped_and_a_quick_one_is_not) {
    ServerLimits limits;
    limits.stream_queue = 4096;
    serve(limits);
    Client slow(path_), quick(path_);
    for (Client* client : {&slow, &quick}) {
        client->send(get("/v1/events"));
        client->read_until("\"snapshot\"");
    }
    // `quick` reads each batch; `slow` reads nothing until the kernel's buffer and the queue are full.
    std::size_t open = 2;
    for (int i = 0; i < 5000 && open == 2; ++i) {
        quick.forget();
        on_loop([&] { server_->publish(std::vector<Event>(20, verdict_event())); });
        quick.read_until("\n\r\n");
        on_loop([&] { open = server_->connections(); });
    }
    EXPECT_EQ(open, 1u);
    quick.forget();
    on_loop([&] { server_->publish({verdict_event()}); });
    EXPECT_THAT(quick.read_until("degraded"), HasSubstr("degraded"));
    slow.read_all();
    EXPECT_TRUE(slow.ended());
}

TEST_F(ControlServerTest, a_reader_that_leaves_frees_its_place) {
    serve();
    {
        Client client(path_);
        client.send(get("/v1/events"));
        client.read_until("\"snapshot\"");
    }
    std::size_t open = 1;
    for (int i = 0; i < 1000 && open > 0; ++i) on_loop([&] { open = server_->connections(); });
    EXPECT_EQ(open, 0u);
}

TEST_F(ControlServerTest, the_doctors_lines_come_in_chunks_and_then_the_end) {
    serve();
    Client client(path_);
    client.send("POST /v1/profiles/demo/diagnose HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
    EXPECT_THAT(client.read_all(),
                testing::EndsWith("\r\n\r\nc\r\n{\"check\":1}\n\r\nd\r\n{\"report\":2}\n\r\n0\r\n\r\n"));
}

TEST_F(ControlServerTest, an_old_client_gets_the_doctors_lines_without_chunks_and_no_events_among_them) {
    hold_ = true;
    serve();
    Client client(path_);
    client.send("POST /v1/profiles/demo/diagnose HTTP/1.0\r\nContent-Length: 0\r\n\r\n");
    client.read_until("check");
    on_loop([this] {
        server_->publish({verdict_event()});
        end_();
    });
    EXPECT_THAT(client.read_all(), testing::EndsWith("Connection: close\r\n\r\n{\"check\":1}\n{\"report\":2}\n"));
}

TEST_F(ControlServerTest, a_doctor_who_is_busy_says_so) {
    serve();
    mute_ = true;
    EXPECT_THAT(ask("POST /v1/profiles/demo/diagnose HTTP/1.1\r\nContent-Length: 0\r\n\r\n"),
                testing::AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("the doctor is with demo")));
}

}  // namespace
}  // namespace memdb::control
