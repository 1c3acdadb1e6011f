#include "farm_session.hpp"

#include <fmt/format.h>
#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <iterator>
#include <optional>
#include <utility>

namespace memdb::bench {
namespace {

using boost::system::error_code;
using tcp = boost::asio::ip::tcp;

constexpr std::size_t kLongestCommand = 65536;

/// The number behind the type byte of a line that ends at `end`, or nothing.
std::optional<std::size_t> number_at(std::string_view line) {
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(line.data() + 1, line.data() + line.size(), value);
    if (error != std::errc() || end != line.data() + line.size()) return std::nullopt;
    return value;
}

/// Takes one line off `bytes`, without its end.
std::optional<std::string_view> take_line(std::string_view& bytes) {
    const std::size_t end = bytes.find("\r\n");
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(end + 2);
    return line;
}

struct Command {
    std::vector<std::string_view> words;
    bool is_nonsense = false;
};

/// Takes one command off `bytes`: an array of bulk strings, or a line of words. Nothing: more bytes are needed.
std::optional<Command> take_command(std::string_view& bytes) {
    std::string_view rest = bytes;
    const auto head = take_line(rest);
    if (!head) return std::nullopt;
    Command command;
    if (!head->starts_with('*')) {
        for (std::size_t from = 0, to = 0; from < head->size(); from = to + 1) {
            to = std::min(head->find(' ', from), head->size());
            if (to > from) command.words.push_back(head->substr(from, to - from));
        }
        bytes = rest;
        return command;
    }
    const auto count = number_at(*head);
    if (!count || *count > 16) return Command{{}, true};
    for (std::size_t i = 0; i < *count; ++i) {
        const auto line = take_line(rest);
        if (!line) return std::nullopt;
        const auto size = line->starts_with('$') ? number_at(*line) : std::nullopt;
        if (!size || *size > kLongestCommand) return Command{{}, true};
        if (rest.size() < *size + 2) return std::nullopt;
        command.words.push_back(rest.substr(0, *size));
        rest.remove_prefix(*size + 2);
    }
    bytes = rest;
    return command;
}

bool is_word(std::string_view word, std::string_view capitals) {
    return std::ranges::equal(word, capitals, [](char a, char b) { return (a >= 'a' && a <= 'z' ? a - 32 : a) == b; });
}

}  // namespace

std::uint64_t monotonic_ms() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

FarmSession::FarmSession(tcp::socket socket, FarmService& service, FarmPresence& presence)
    : socket_(std::move(socket)),
      service_(service),
      presence_(presence),
      tls_(SSL_new(service.tls)),
      is_in_(service.password.empty()) {
    ++service_.counts.sessions;
    FarmCounts& counts = service_.counts;
    counts.most_open_handshakes = std::max(counts.most_open_handshakes, ++counts.open_handshakes);
}

FarmSession::~FarmSession() {
    --service_.counts.sessions;
    if (!is_secure_) --service_.counts.open_handshakes;
    SSL_free(tls_);
}

void FarmSession::start() {
    error_code ignored;  // without either it is only slower
    socket_.set_option(tcp::no_delay(true), ignored);
    socket_.non_blocking(true, ignored);
    SSL_set_fd(tls_, socket_.native_handle());
    service_.counts.accepts.add(monotonic_ms());
    go_on();
}

void FarmSession::reset() {
    error_code ignored;
    socket_.set_option(boost::asio::socket_base::linger(true, 0), ignored);
    socket_.close(ignored);
}

void FarmSession::go_on() {
    if (is_secure_ || handshake()) serve();
}

/// @return whether it is done.
bool FarmSession::handshake() {
    ERR_clear_error();
    const int result = SSL_accept(tls_);
    if (result != 1) return wait_for(result);
    is_secure_ = true;
    --service_.counts.open_handshakes;
    service_.counts.handshakes.add(monotonic_ms());
    if (SSL_session_reused(tls_) == 1) ++service_.counts.resumed;
    return true;
}

void FarmSession::serve() {
    static std::array<char, 16384> chunk;  // one for all: nothing of it is kept
    while (flush()) {
        ERR_clear_error();
        const int got = SSL_read(tls_, chunk.data(), static_cast<int>(chunk.size()));
        if (got <= 0) {
            wait_for(got);
            return;
        }
        take({chunk.data(), static_cast<std::size_t>(got)});
    }
}

bool FarmSession::flush() {
    while (!unsent_.empty()) {
        ERR_clear_error();
        const int put = SSL_write(tls_, unsent_.data(), static_cast<int>(unsent_.size()));
        if (put <= 0) return wait_for(put);
        unsent_.erase(0, static_cast<std::size_t>(put));
    }
    unsent_.shrink_to_fit();
    return true;
}

/// Goes on when the socket is ready for what TLS waits for. Where it waits for nothing, the session is over: nobody
/// holds it any more. @return false.
bool FarmSession::wait_for(int result) {
    const auto go_on_later = [self = shared_from_this()](const error_code& error) {
        if (!error) self->go_on();
    };
    const int why = SSL_get_error(tls_, result);
    if (why == SSL_ERROR_WANT_READ) socket_.async_wait(tcp::socket::wait_read, go_on_later);
    if (why == SSL_ERROR_WANT_WRITE) socket_.async_wait(tcp::socket::wait_write, go_on_later);
    return false;
}

void FarmSession::take(std::string_view bytes) {
    if (!unread_.empty()) bytes = unread_ += bytes;
    while (const auto command = take_command(bytes)) {
        if (command->is_nonsense) return reset();
        if (!command->words.empty()) answer(command->words);
    }
    if (bytes.size() > kLongestCommand) return reset();
    unread_ = std::string(bytes);
}

void FarmSession::answer(const std::vector<std::string_view>& words) {
    if (is_word(words[0], "AUTH")) {
        const std::string_view user = words.size() > 2 ? words[1] : "default";
        is_in_ = is_in_ || (user == service_.user && words.back() == service_.password);
        unsent_ += is_in_ ? "+OK\r\n" : "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
    } else if (!is_in_) {
        unsent_ += "-NOAUTH Authentication required.\r\n";
    } else if (is_word(words[0], "PING")) {
        const std::uint64_t now = monotonic_ms();
        service_.counts.pings.add(now);
        if (presence_.last_ping_ms != 0)
            presence_.worst_gap_ms = std::max(presence_.worst_gap_ms, now - presence_.last_ping_ms);
        presence_.last_ping_ms = now;
        if (words.size() == 1)
            unsent_ += "+PONG\r\n";
        else
            fmt::format_to(std::back_inserter(unsent_), "${}\r\n{}\r\n", words[1].size(), words[1]);
    } else if (words.size() == 2 && is_word(words[0], "CLUSTER") && is_word(words[1], "SHARDS")) {
        unsent_ += service_.shards_reply;
    } else {
        unsent_ += "-ERR unknown command\r\n";
    }
}

}  // namespace memdb::bench
