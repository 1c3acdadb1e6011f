// The agent's control socket, from the client's side: one request, or the stream of events. Blocking, with deadlines.
//
// Turns what can go wrong into one line of advice and an exit code (design §7). Speaks HTTP/1.1 over a unix socket;
// Beast only parses the answer.
#pragma once

#include "base/time.hpp"

#include <boost/system/result.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace memdb::client {

enum class Exit : int { done = 0, failed = 1, usage = 2, no_agent = 3, not_permitted = 4, timed_out = 5 };

/// What to print behind "memdbctl: " and how to exit.
struct Problem {
    Exit exit = Exit::failed;
    std::string message;
    int signal = 0;  ///< that interrupted it; 0: none
};

template <class T>
using Outcome = boost::system::result<T, Problem>;

struct Response {
    unsigned status = 0;
    std::string body;
};

class ControlClient {
  public:
    /// `socket`: the path that was asked for. Connects at each request.
    explicit ControlClient(std::string socket) : socket_(std::move(socket)) {}

    /// One request and its whole answer within `limit`. Fails for every status outside 200 … 299 with the agent's own
    /// message (403: Exit::not_permitted, else Exit::failed), for no agent, a late answer, and one that is no HTTP.
    Outcome<Response> request(std::string_view method, const std::string& target, std::string_view body = {},
                              Duration limit = 10s) const;

    [[nodiscard]] const std::string& socket() const { return socket_; }

  private:
    std::string socket_;
};

/// An answer that comes line by line: GET /v1/events, or another request. The connection ends with the object.
class EventReader {
  public:
    static Outcome<EventReader> open(const std::string& socket, Duration limit = 10s, std::string_view method = "GET",
                                     const std::string& target = "/v1/events");
    EventReader(EventReader&&) noexcept;
    EventReader& operator=(EventReader&&) noexcept;
    EventReader(const EventReader&) = delete;
    EventReader& operator=(const EventReader&) = delete;
    ~EventReader();

    /// The next line without its newline. Nothing when `until` has come first (no `until`: waits for ever).
    /// Exit::no_agent when the stream ended.
    Outcome<std::optional<std::string>> next_line(std::optional<TimePoint> until);

    /// To wait on together with others. Readable is no promise of a whole line.
    [[nodiscard]] int fd() const;

  private:
    struct Stream;
    explicit EventReader(std::unique_ptr<Stream> stream);
    std::unique_ptr<Stream> stream_;
};

/// "a%20b": a profile's name as part of a path.
std::string percent_encode(std::string_view text);

}  // namespace memdb::client
