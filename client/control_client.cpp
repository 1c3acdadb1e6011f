#include "client/control_client.hpp"

#include "base/clock.hpp"
#include "control/api.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace memdb::client {
namespace {

namespace http = boost::beast::http;

/// A descriptor that closes itself.
class Socket {
  public:
    explicit Socket(int fd) : fd_(fd) {}
    Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Socket& operator=(Socket&&) = delete;
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket() {
        if (fd_ >= 0) ::close(fd_);
    }
    [[nodiscard]] int fd() const { return fd_; }

  private:
    int fd_;
};

Problem cannot_connect(const std::string& path, int error) {
    if (error == ENOENT || error == ECONNREFUSED)
        return {Exit::no_agent,
                "the agent is not running: no answer on " + path + "; start it with `systemctl start memdbd.socket`"};
    if (error == EACCES || error == EPERM)
        return {Exit::not_permitted,
                "no permission to use " + path + ": sudo usermod -aG memdb $USER, then log in again"};
    return {Exit::no_agent, path + ": " + system_failure("connect", error).message};
}

Outcome<Socket> connect_to(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path)
        return Problem{Exit::usage,
                       "--socket: a socket's path has 1 to " + std::to_string(sizeof address.sun_path - 1) + " bytes"};
    std::copy(path.begin(), path.end(), address.sun_path);
    Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (socket.fd() < 0) return Problem{Exit::failed, system_failure("socket", errno).message};
    const timeval patience{5, 0};  // also bounds connect(): a full queue of an agent that hangs
    ::setsockopt(socket.fd(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        if (errno == EAGAIN) return Problem{Exit::timed_out, "the agent does not answer on " + path};
        return cannot_connect(path, errno);
    }
    return socket;
}

/// Sends all of `bytes`. An agent that refuses early closes while we send: its answer says why, so that is no failure
/// here.
void send_all(const Socket& socket, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(socket.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

enum class Got : std::uint8_t { bytes, end, late };

/// Waits for bytes until `until`, then appends what is there to `to`.
Got receive(const Socket& socket, std::string& to, std::optional<TimePoint> until) {
    for (;;) {
        const auto left = until ? std::clamp<std::int64_t>((*until - now()).count(), 0, 3'600'000) : -1;
        pollfd wait{socket.fd(), POLLIN, 0};
        const int ready = ::poll(&wait, 1, static_cast<int>(left));
        if (ready < 0 && errno == EINTR) continue;
        if (ready == 0) {
            if (until && now() < *until) continue;
            return Got::late;
        }
        char bytes[16384];
        const ssize_t size = ::recv(socket.fd(), bytes, sizeof bytes, 0);
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) return Got::end;
        to.append(bytes, static_cast<std::size_t>(size));
        return Got::bytes;
    }
}

/// Bytes of an answer to a parsed message; keeps what the parser has not taken yet.
struct Answer {
    http::response_parser<http::string_body> parser;
    std::string input;
    bool broken = false;

    Answer() {
        parser.eager(true);
        parser.body_limit(control::kReplyLimit);
    }
    void parse() {
        while (!input.empty() && !parser.is_done()) {
            boost::system::error_code error;
            const std::size_t used = parser.put(boost::asio::const_buffer(input.data(), input.size()), error);
            input.erase(0, used);
            if (error && error != http::error::need_more) broken = true;
            if (error || used == 0) return;
        }
    }
};

Problem no_sense(const std::string& path) {
    return {Exit::failed, "what answers on " + path + " is not memdbd: choose another socket with --socket"};
}

Problem late(const std::string& path) { return {Exit::timed_out, "the agent did not answer in time on " + path}; }

/// The agent's own message, on one line.
Problem refused(unsigned status, std::string_view body) {
    const auto error = control::parse_error(body);
    const Exit exit = status == 403 ? Exit::not_permitted : Exit::failed;
    if (error.has_error()) return {exit, "the agent answered " + std::to_string(status)};
    return {exit, error->message};
}

std::string head_of(std::string_view method, const std::string& target, std::size_t body) {
    std::string head = std::string(method) + " " + target + " HTTP/1.1\r\nHost: memdbd\r\nConnection: close\r\n";
    if (body > 0) head += "Content-Type: application/json\r\n";
    if (body > 0 || method == "POST") head += "Content-Length: " + std::to_string(body) + "\r\n";
    return head + "\r\n";
}

}  // namespace

Outcome<Response> ControlClient::request(std::string_view method, const std::string& target, std::string_view body,
                                         Duration limit) const {
    const TimePoint until = now() + limit;
    auto socket = connect_to(socket_);
    if (socket.has_error()) return socket.error();
    send_all(*socket, head_of(method, target, body.size()));
    send_all(*socket, body);
    Answer answer;
    while (!answer.parser.is_done()) {
        const Got got = receive(*socket, answer.input, until);
        if (got == Got::late) return late(socket_);
        if (got == Got::end) {
            boost::system::error_code error;
            if (answer.parser.got_some()) answer.parser.put_eof(error);
            if (!answer.parser.is_done())
                return Problem{Exit::no_agent, "the agent closed the connection: see `systemctl status memdbd`"};
            break;
        }
        answer.parse();
        if (answer.broken) return no_sense(socket_);
    }
    Response response{answer.parser.get().result_int(), std::move(answer.parser.get().body())};
    if (response.status < 200 || response.status > 299) return refused(response.status, response.body);
    return response;
}

struct EventReader::Stream {
    Socket socket;
    std::string path;
    Answer answer{};

    Stream(Socket from, std::string at) : socket(std::move(from)), path(std::move(at)) {}

    /// Receives and parses once.
    Outcome<bool> more(std::optional<TimePoint> until) {
        const Got got = receive(socket, answer.input, until);
        if (got == Got::late) return false;
        if (got == Got::end)
            return Problem{Exit::no_agent, "the agent ended while we were listening: see `systemctl status memdbd`"};
        answer.parse();
        if (answer.broken) return no_sense(path);
        return true;
    }
};

EventReader::EventReader(std::unique_ptr<Stream> stream) : stream_(std::move(stream)) {}
EventReader::EventReader(EventReader&&) noexcept = default;
EventReader& EventReader::operator=(EventReader&&) noexcept = default;
EventReader::~EventReader() = default;

Outcome<EventReader> EventReader::open(const std::string& path, Duration limit, std::string_view method,
                                       const std::string& target) {
    const TimePoint until = now() + limit;
    auto socket = connect_to(path);
    if (socket.has_error()) return socket.error();
    std::string head = std::string(method) + " " + target + " HTTP/1.1\r\nHost: memdbd\r\n";
    if (method == "POST") head += "Content-Length: 0\r\n";
    send_all(*socket, head + "\r\n");
    auto stream = std::make_unique<Stream>(std::move(*socket), path);
    auto& parser = stream->answer.parser;
    parser.body_limit(boost::none);  // a stream has no end; each line has a limit instead
    const auto whole = [&] {
        return parser.is_header_done() && (parser.get().result_int() == 200 || parser.is_done());
    };
    while (!whole()) {
        const auto more = stream->more(until);
        if (more.has_error()) return more.error();
        if (!*more) return late(path);
    }
    if (parser.get().result_int() != 200) return refused(parser.get().result_int(), parser.get().body());
    return EventReader(std::move(stream));
}

int EventReader::fd() const { return stream_->socket.fd(); }

Outcome<std::optional<std::string>> EventReader::next_line(std::optional<TimePoint> until) {
    for (;;) {
        std::string& body = stream_->answer.parser.get().body();
        if (const auto end = body.find('\n'); end != std::string::npos) {
            std::optional<std::string> line = body.substr(0, end);
            body.erase(0, end + 1);
            return line;
        }
        if (body.size() > control::kReplyLimit) return no_sense(stream_->path);
        const auto more = stream_->more(until);
        if (more.has_error()) return more.error();
        if (!*more) return std::optional<std::string>{};
    }
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                           c == '_' || c == '.';
        if (plain) {
            out += c;
            continue;
        }
        out += '%';
        out += digits[static_cast<unsigned char>(c) >> 4];
        out += digits[static_cast<unsigned char>(c) & 15u];
    }
    return out;
}

}  // namespace memdb::client
