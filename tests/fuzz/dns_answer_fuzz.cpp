// A name server that answers with any bytes, over UDP and, where it says that an answer was cut short, over TCP: the
// resolver with the real c-ares in it never crashes, calls back once at most, and gives addresses or one line.
//
// The input is a row of answers: a byte of flags, two of length, and what goes behind the echoed question; the first
// 8 bytes of that are the answer's flags and counts. Each question takes the next one, and is met with silence after
// the last. No time passes: what would wait for a deadline is cancelled.
#include "host/name_resolver.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace memdb;
using host::NameResolver;

namespace {

enum Flag : unsigned { raw = 1, twice = 2 };
constexpr std::size_t kHeader = 12;

struct Chunk {
    unsigned flags = 0;
    std::string bytes;
};

std::vector<Chunk> chunks_of(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t most = 16, longest = 4096;
    std::vector<Chunk> all;
    for (std::size_t at = 0; at + 3 <= size && all.size() < most;) {
        const std::size_t wanted = std::size_t{data[at + 1]} << 8U | data[at + 2];
        const std::size_t length = std::min({wanted, longest, size - at - 3});
        all.push_back({data[at], std::string(reinterpret_cast<const char*>(data) + at + 3, length)});
        at += 3 + length;
    }
    return all;
}

/// With the question's ID and the question itself, else c-ares would drop every one of them.
std::string answer_of(const Chunk& chunk, std::string_view question) {
    if ((chunk.flags & raw) != 0 || question.size() < kHeader) return chunk.bytes;
    std::string answer(question);
    answer[2] = '\x81';
    answer[3] = '\x80';
    const std::size_t head = std::min<std::size_t>(chunk.bytes.size(), 8);
    for (std::size_t i = 0; i < head; ++i)
        if (i < 2 || i > 3) answer[2 + i] = chunk.bytes[i];  // one question stays one
    return answer + chunk.bytes.substr(head);
}

class Server {
  public:
    Server() {
        for (int tries = 0; tries < 100 && !open(); ++tries) close();
        if (tcp_ < 0) std::abort();
    }
    ~Server() { close(); }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

    void begin(std::vector<Chunk> chunks) {
        chunks_ = std::move(chunks);
        next_ = 0;
        std::array<char, 512> old{};  // what the input before has left
        while (::recv(udp_, old.data(), old.size(), 0) >= 0) {
        }
    }

    /// Answers what has arrived; whether anything had.
    bool serve() {
        bool any = false;
        std::array<char, 2048> buffer{};
        sockaddr_in from{};
        socklen_t length = sizeof from;
        auto* const sender = reinterpret_cast<sockaddr*>(&from);
        for (ssize_t got = 0; (got = ::recvfrom(udp_, buffer.data(), buffer.size(), 0, sender, &length)) >= 0;
             any = true)
            for (const std::string& answer : answers({buffer.data(), static_cast<std::size_t>(got)}))
                (void)::sendto(udp_, answer.data(), answer.size(), 0, sender, length);
        for (int one = -1; (one = ::accept4(tcp_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0; any = true)
            streams_.push_back(one);
        for (const int one : streams_)
            for (ssize_t got = 0; (got = ::recv(one, buffer.data(), buffer.size(), 0)) > 0; any = true)
                answer_framed(one, {buffer.data(), static_cast<std::size_t>(got)});
        return any;
    }

    /// Connections end with a reset: closed ones would keep a port for a minute each.
    void end() {
        const linger at_once{1, 0};
        for (const int one : streams_) {
            (void)::setsockopt(one, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
            (void)::close(one);
        }
        streams_.clear();
    }

  private:
    /// The same port for both.
    bool open() {
        constexpr int kind = SOCK_NONBLOCK | SOCK_CLOEXEC;
        udp_ = ::socket(AF_INET, SOCK_DGRAM | kind, 0);
        tcp_ = ::socket(AF_INET, SOCK_STREAM | kind, 0);
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof at;
        auto* const place = reinterpret_cast<sockaddr*>(&at);
        if (::bind(udp_, place, length) != 0 || ::getsockname(udp_, place, &length) != 0) return false;
        port_ = ntohs(at.sin_port);
        return ::bind(tcp_, place, length) == 0 && ::listen(tcp_, 16) == 0;
    }
    void close() {
        end();
        for (int* one : {&udp_, &tcp_})
            if (*one >= 0) (void)::close(std::exchange(*one, -1));
    }

    /// RFC 1035, 4.2.2: two bytes of length before each message. c-ares writes whole ones.
    void answer_framed(int stream, std::string_view questions) {
        const auto byte = [&](std::size_t at) { return std::size_t{static_cast<unsigned char>(questions[at])}; };
        while (questions.size() > 2) {
            const std::size_t length = byte(0) << 8U | byte(1);
            for (const std::string& answer : answers(questions.substr(2, length))) {
                std::string framed{static_cast<char>(answer.size() >> 8U), static_cast<char>(answer.size() & 0xFFU)};
                framed += answer;
                (void)::send(stream, framed.data(), framed.size(), MSG_NOSIGNAL);
            }
            questions.remove_prefix(std::min(questions.size(), 2 + length));
        }
    }

    std::vector<std::string> answers(std::string_view question) {
        if (next_ == chunks_.size()) return {};
        const Chunk& chunk = chunks_[next_++];
        std::string answer = answer_of(chunk, question);
        return std::vector<std::string>((chunk.flags & twice) != 0 ? 2 : 1, std::move(answer));
    }

    int udp_ = -1, tcp_ = -1;
    std::uint16_t port_ = 0;
    std::vector<int> streams_;
    std::vector<Chunk> chunks_;
    std::size_t next_ = 0;
};

void expect_sound(const Result<NameResolver::Addresses>& result) {
    if (result) {
        auto all = *result;
        std::ranges::sort(all);
        if (all.empty() || all.size() > 32 || std::ranges::adjacent_find(all) != all.end()) std::abort();
        return;
    }
    const Failure& failure = result.error();
    const bool is_known = failure.code == Errc::not_found || failure.code == Errc::io;
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    if (!is_known || failure.message.empty() || std::ranges::any_of(failure.message, is_control)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Server server;
    server.begin(chunks_of(data, size));
    boost::asio::io_context io;
    NameResolver resolver(io);
    int called = 0;
    const auto query = resolver.resolve_at(server.address(), "demo.lab.test", 1h, [&](auto result) {
        ++called;
        expect_sound(result);
    });
    for (bool busy = true; busy && called == 0;) {
        busy = io.poll() > 0;
        io.restart();
        busy |= server.serve();
    }
    const int before = called;
    resolver.cancel(query);
    io.poll();
    if (called > 1 || called != before) std::abort();
    server.end();
    return 0;
}
