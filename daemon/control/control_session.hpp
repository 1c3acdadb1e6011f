// One connection to the control socket, or to the loopback listener: bytes to requests, replies and event lines to
// bytes (design §6).
//
// Decides nothing but limits: control_handler says what a request means, the app performs intents. One request at a
// time; what a client sends ahead waits in its buffer, then in the kernel.
#pragma once

#include "base/time.hpp"
#include "control/control_handler.hpp"
#include "control/wiping_allocator.hpp"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace memdb::control {

/// What the server asks of the app. Both are called on the loop's thread.
struct Callbacks {
    std::function<const Snapshot&()> snapshot;
    /// Performs the intent and answers once, at any time, on the loop's thread, also from inside the call.
    std::function<void(Intent, std::function<void(Reply)>)> perform;
    /// Examines a profile. Each piece of the answer is one or more whole lines, or a Reply instead of the first one; an
    /// empty text is the end. On the loop's thread, also from inside the call.
    std::function<void(const std::string& profile, std::function<void(std::variant<Reply, std::string>)>)> diagnose{};
    /// What a request means; handle_loopback for a socket that anybody on this machine can reach.
    Answer (*meaning)(const Request& request, Right right, const Snapshot& snapshot) = handle;
};

struct ServerLimits {
    std::size_t connections = 64;
    std::size_t per_uid = 16;
    std::size_t root_reserve = 8;           ///< of `connections`, for uid 0 only
    std::size_t stream_queue = 256 * 1024;  ///< bytes that wait for one reader of events; more drops it
    Duration request = 10s;                 ///< to send a whole request
    Duration idle = 60s;                    ///< between requests of one connection
    Duration reply = 10s;                   ///< to take a reply
    Duration perform = 30s;                 ///< for the app to answer an intent
    std::size_t body = kBodyLimit;          ///< bytes of a request's body
    Duration linger = 1s;                   ///< for a refused client to stop sending and read why
};

/// What all sessions share. Outlives them, or is taken away with detach().
struct SessionHost {
    Callbacks callbacks;
    ServerLimits limits;
    std::function<void()> ended;  ///< some session is over
};

class ControlSession : public std::enable_shared_from_this<ControlSession> {
  public:
    using Socket = boost::asio::generic::stream_protocol::socket;

    ControlSession(Socket socket, Peer peer, Right right, const SessionHost& host);
    ~ControlSession() = default;
    ControlSession(const ControlSession&) = delete;
    ControlSession& operator=(const ControlSession&) = delete;

    void start();
    /// Queues lines for a client that reads events; others are not concerned. A reader that is too far behind is
    /// dropped.
    void publish(std::string_view lines);
    /// Closes at once and never calls the host again.
    void detach();

    [[nodiscard]] bool open() const { return socket_.is_open(); }
    [[nodiscard]] uid_t uid() const { return peer_.uid; }

  private:
    using Text = boost::beast::http::basic_string_body<char, std::char_traits<char>, WipingAllocator<char>>;
    using Parser = boost::beast::http::request_parser<Text>;

    void next_request();
    void read();
    void parse();
    void parsed();
    void refuse(const boost::system::error_code& error);
    void say_continue();
    void perform(Intent intent);
    void reply(const Reply& reply);
    void write();
    void written();
    void begin_stream(bool of_events);
    void diagnose(const std::string& profile);
    void take_piece(const std::variant<Reply, std::string>& piece);
    void show_events();
    void watch_for_end();
    void add_chunk(std::string_view lines);
    void linger();
    void close();
    void drain();
    void expire_after(Duration limit, void (ControlSession::*action)());
    void request_late();
    void answer_late();

    Socket socket_;
    boost::asio::steady_timer timer_;
    Peer peer_;
    Right right_;
    const SessionHost* host_;

    std::optional<Parser> parser_;
    std::vector<char, WipingAllocator<char>> input_;
    std::size_t input_size_ = 0;  ///< bytes of input_ that are not parsed yet
    std::string output_;          ///< being written
    std::string pending_;         ///< event lines that wait for output_
    std::uint64_t question_ = 0;  ///< counts intents: a late answer to an earlier one is dropped
    bool asked_ = false;          ///< an intent is with the app
    bool idle_ = false;           ///< between two requests
    bool keep_ = false;           ///< the connection goes on after this reply
    bool head_ = false;
    bool continued_ = false;     ///< "100 Continue" was sent
    bool streaming_ = false;     ///< the answer is lines, as they come
    bool reads_events_ = false;  ///< and they are events
    bool ending_ = false;        ///< the last line is queued
    bool chunked_ = false;
    bool writing_ = false;
    bool refused_ = false;  ///< the request was not read to its end
};

}  // namespace memdb::control
