#include "control/control_session.hpp"

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/overloaded.hpp"

#include <malloc.h>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/status.hpp>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace memdb::control {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::size_t kInputSize = 16 * 1024;   // more than a whole header
constexpr std::size_t kLargeQueue = 64 * 1024;  // worth giving back to the system when its reader is gone

std::string head_of(const Reply& reply, bool keep) {
    std::string head = "HTTP/1.1 " + std::to_string(reply.status) + " ";
    head += http::obsolete_reason(static_cast<http::status>(reply.status));
    head += "\r\nCache-Control: no-store\r\nConnection: ";
    head += keep ? "keep-alive" : "close";
    if (!reply.allow.empty()) head += "\r\nAllow: " + std::string(reply.allow);
    if (reply.status != 204) {
        head += "\r\nContent-Type: " + std::string(reply.content_type);
        head += "\r\nContent-Length: " + std::to_string(reply.body.size());
    }
    return head + "\r\n\r\n";
}

const std::string& profile_of(const Intent& intent) {
    static const std::string no_profile;
    return std::visit(Overloaded{
                          [](const ImportIntent& i) -> const std::string& { return i.request.name; },
                          [](const ChangeIntent& i) -> const std::string& { return i.profile; },
                          [](const RemoveIntent& i) -> const std::string& { return i.profile; },
                          [](const WishIntent& i) -> const std::string& { return i.profile; },
                          [](const PingIntent& i) -> const std::string& { return i.profile; },
                          [](const CrlIntent& i) -> const std::string& { return i.profile; },
                          [](const AuthIntent& i) -> const std::string& { return i.profile; },
                          [](const HistoryIntent& i) -> const std::string& { return i.profile; },
                          [](const MetricsIntent&) -> const std::string& { return no_profile; },
                          [](const CaIntent& i) -> const std::string& { return i.profile; },
                          [](const LogIntent&) -> const std::string& { return no_profile; },
                          [](const KeyIntent& i) -> const std::string& { return i.profile; },
                      },
                      intent);
}

/// The header's text, of the first one; empty when there is none.
std::string_view header_of(const auto& message, http::field field) {
    const auto text = message[field];
    return {text.data(), text.size()};
}

/// A name from a request, for the log: nothing in it can end the line or drive a terminal.
std::string loggable(std::string_view text) {
    std::string out(text.substr(0, 64));
    for (char& c : out)
        if (c < 0x21 || c > 0x7e || c == '"') c = '?';
    return out;
}

}  // namespace

ControlSession::ControlSession(Socket socket, Peer peer, Right right, const SessionHost& host)
    : socket_(std::move(socket)), timer_(socket_.get_executor()), peer_(std::move(peer)), right_(right), host_(&host) {}

void ControlSession::start() {
    expire_after(host_->limits.request, &ControlSession::request_late);
    next_request();
}

void ControlSession::next_request() {
    parser_.emplace();
    parser_->header_limit(kHeaderLimit);
    parser_->body_limit(host_->limits.body);
    parser_->eager(true);
    continued_ = head_ = keep_ = false;
    if (input_size_ > 0)
        parse();
    else
        read();
}

void ControlSession::read() {
    input_.resize(kInputSize);
    socket_.async_read_some(asio::buffer(input_.data() + input_size_, input_.size() - input_size_),
                            [self = shared_from_this()](error_code error, std::size_t size) {
                                if (!self->open() || self->refused_) return;
                                if (error) return self->close();
                                // The first bytes after a pause: from now on it is a request that has its own limit.
                                if (std::exchange(self->idle_, false))
                                    self->expire_after(self->host_->limits.request, &ControlSession::request_late);
                                self->input_size_ += size;
                                self->parse();
                            });
}

void ControlSession::parse() {
    error_code error;
    const std::size_t used = parser_->put(asio::const_buffer(input_.data(), input_size_), error);
    std::copy(input_.begin() + static_cast<std::ptrdiff_t>(used),
              input_.begin() + static_cast<std::ptrdiff_t>(input_size_), input_.begin());
    input_size_ -= used;
    if (error && error != http::error::need_more) return refuse(error);
    if (parser_->is_header_done() && right_ == Right::none) {
        refused_ = !parser_->is_done();
        return reply(not_permitted_reply(Right::read));
    }
    if (parser_->is_done()) return parsed();
    if (input_size_ == input_.size()) return refuse(http::error::bad_chunk_extension);  // no piece is that long
    if (parser_->is_header_done() && !continued_ &&
        boost::beast::iequals(parser_->get()[http::field::expect], "100-continue"))
        return say_continue();
    read();
}

void ControlSession::say_continue() {
    static constexpr std::string_view line = "HTTP/1.1 100 Continue\r\n\r\n";
    continued_ = true;
    asio::async_write(socket_, asio::buffer(line), [self = shared_from_this()](error_code error, std::size_t) {
        if (!self->open() || self->refused_) return;
        if (error) return self->close();
        self->read();
    });
}

void ControlSession::parsed() {
    const auto& message = parser_->get();
    keep_ = message.keep_alive();
    head_ = message.method() == http::verb::head;
    chunked_ = message.version() >= 11;
    const std::string_view method(message.method_string().data(), message.method_string().size());
    const std::string_view target(message.target().data(), message.target().size());
    const Request request{method,
                          target,
                          {message.body().data(), message.body().size()},
                          header_of(message, http::field::accept),
                          message.count(http::field::host) == 1 ? header_of(message, http::field::host) : ""};
    Answer answer = host_->callbacks.meaning(request, right_, host_->callbacks.snapshot());
    // Over TCP nobody is known; any page in a browser could fill the log.
    if (const auto* ready = std::get_if<Reply>(&answer); ready != nullptr && ready->status == 403 && peer_.pid != 0)
        logger("control")->warn("refused uid={} pid={} {} {}", peer_.uid, peer_.pid, loggable(method),
                                loggable(target));
    parser_.reset();  // wipes the body; `method` and `target` are gone with it
    std::visit(Overloaded{
                   [&](const Reply& ready) { reply(ready); },
                   [&](Intent& intent) { perform(std::move(intent)); },
                   [&](const EventStream&) { show_events(); },
                   [&](const DiagnoseStream& wanted) { diagnose(wanted.profile); },
               },
               answer);
}

/// Bytes that are no request, or too many: say why, let the client read it, close.
void ControlSession::refuse(const error_code& error) {
    keep_ = false;
    refused_ = true;
    Reply answer = error_reply(ErrorCode::bad_request, "not an HTTP/1.1 request: " + error.message());
    if (error == http::error::body_limit) {
        answer = error_reply(ErrorCode::bad_request,
                             "the request's body is too large: at most 1 MiB, and none at all over TCP");
        answer.status = 413;
    } else if (error == http::error::header_limit) {
        answer = error_reply(ErrorCode::bad_request, "the request's header is larger than 8 KiB");
        answer.status = 431;
    }
    reply(answer);
}

void ControlSession::request_late() {
    if (idle_) return close();
    keep_ = false;
    refused_ = true;
    Reply answer = error_reply(ErrorCode::bad_request, "the request did not arrive in time");
    answer.status = 408;
    socket_.cancel();  // the pending read must not parse on
    reply(answer);
}

void ControlSession::perform(Intent intent) {
    const bool control = is_control(intent);
    if (auto* change = std::get_if<ChangeIntent>(&intent)) change->uid = peer_.uid;
    const auto what = name_of(intent);
    const std::string profile = loggable(profile_of(intent));
    const auto number = ++question_;
    asked_ = true;
    expire_after(host_->limits.perform, &ControlSession::answer_late);
    auto answered = [weak = weak_from_this(), number, control, what, profile](const Reply& answer) {
        const auto self = weak.lock();
        if (!self) return;
        asio::post(self->socket_.get_executor(), [self, number, control, what, profile, answer] {
            // A token every few minutes, day and night, is no news; the agent says when a user can log in (again).
            const bool is_news = what != "auth" || answer.status != 200;
            if (control)
                logger("control")->log(is_news ? spdlog::level::info : spdlog::level::debug,
                                       "{} profile={} uid={} pid={} status={}", what, profile, self->peer_.uid,
                                       self->peer_.pid, answer.status);
            if (!self->open() || !self->asked_ || self->question_ != number) return;
            self->asked_ = false;
            self->reply(answer);
        });
    };
    host_->callbacks.perform(std::move(intent), std::move(answered));
}

void ControlSession::answer_late() {
    asked_ = false;
    keep_ = false;
    reply(error_reply(ErrorCode::internal, "the agent did not finish in time: see memdbctl status"));
}

void ControlSession::reply(const Reply& answer) {
    output_ = head_of(answer, keep_);
    if (!head_ && answer.status != 204) output_ += answer.body;
    expire_after(host_->limits.reply, &ControlSession::close);
    write();
}

void ControlSession::write() {
    writing_ = true;
    asio::async_write(socket_, asio::buffer(output_), [self = shared_from_this()](error_code error, std::size_t) {
        self->writing_ = false;
        if (!self->open()) return;
        if (error) return self->close();
        self->written();
    });
}

void ControlSession::written() {
    output_.clear();
    if (streaming_) {
        if (pending_.empty() && ending_) return close();
        if (pending_.empty()) return;
        output_.swap(pending_);
        return write();
    }
    if (refused_) return linger();
    if (!keep_) return close();
    idle_ = input_size_ == 0;
    expire_after(idle_ ? host_->limits.idle : host_->limits.request, &ControlSession::request_late);
    next_request();
}

void ControlSession::begin_stream(bool of_events) {
    streaming_ = true;
    reads_events_ = of_events;
    timer_.cancel();
    output_ = "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nCache-Control: no-store\r\n";
    if (chunked_) output_ += "Transfer-Encoding: chunked\r\n";
    output_ += chunked_ && of_events ? "\r\n" : "Connection: close\r\n\r\n";
}

void ControlSession::show_events() {
    const std::string first = snapshot_line(host_->callbacks.snapshot(), wall_now());  // may publish: not yet to us
    begin_stream(true);
    add_chunk(first);
    output_ += std::exchange(pending_, {});
    write();
    input_.resize(kInputSize);
    watch_for_end();
}

/// Who asks reads the lines as they come; a client that goes away ends nothing but its own connection.
void ControlSession::diagnose(const std::string& profile) {
    logger("control")->info("diagnose profile={} uid={} pid={}", loggable(profile), peer_.uid, peer_.pid);
    asked_ = true;
    expire_after(host_->limits.perform, &ControlSession::answer_late);
    host_->callbacks.diagnose(profile, [weak = weak_from_this()](std::variant<Reply, std::string> piece) {
        if (const auto self = weak.lock())
            asio::post(self->socket_.get_executor(), [self, piece = std::move(piece)] { self->take_piece(piece); });
    });
}

void ControlSession::take_piece(const std::variant<Reply, std::string>& piece) {
    if (!open() || !asked_) return;
    if (const auto* refusal = std::get_if<Reply>(&piece)) {
        asked_ = false;
        return reply(*refusal);
    }
    if (!streaming_) {
        begin_stream(false);
        input_.resize(kInputSize);
        watch_for_end();
    }
    const std::string& lines = std::get<std::string>(piece);
    if (!lines.empty()) add_chunk(lines);
    ending_ = lines.empty();
    if (ending_ && chunked_) pending_ += "0\r\n\r\n";
    expire_after(host_->limits.perform, &ControlSession::close);
    if (writing_) return;
    output_ += std::exchange(pending_, {});
    write();
}

/// A reader of events has nothing more to say; what it sends is thrown away, its end is what matters.
void ControlSession::watch_for_end() {
    socket_.async_read_some(asio::buffer(input_), [self = shared_from_this()](error_code error, std::size_t) {
        if (!self->open()) return;
        // A client that has said all it wants to say (nc -N) may still read the doctor's lines.
        if (error == asio::error::eof && !self->reads_events_) return;
        if (error) return self->close();
        self->watch_for_end();
    });
}

void ControlSession::add_chunk(std::string_view lines) {
    if (!chunked_) {
        pending_ += lines;
        return;
    }
    char size[24];
    std::snprintf(size, sizeof size, "%zx\r\n", lines.size());
    pending_ += size;
    pending_ += lines;
    pending_ += "\r\n";
}

void ControlSession::publish(std::string_view lines) {
    if (!reads_events_ || !open() || lines.empty()) return;
    // One batch may be larger than the limit (a big cluster lost at once): only what waits behind another counts.
    if (!pending_.empty() && pending_.size() + lines.size() > host_->limits.stream_queue) {
        logger("control")->warn("a reader of events is too slow and was dropped uid={} pid={}", peer_.uid, peer_.pid);
        return close();
    }
    add_chunk(lines);
    if (writing_) return;
    output_.swap(pending_);
    write();
}

/// Reads and forgets what a refused client still sends: closing at once could take the reply away from it.
void ControlSession::linger() {
    error_code ignored;  // the client may be gone already; then the read says so
    socket_.shutdown(Socket::shutdown_send, ignored);
    expire_after(host_->limits.linger, &ControlSession::close);
    input_.resize(kInputSize);
    drain();
}

void ControlSession::drain() {
    socket_.async_read_some(asio::buffer(input_), [self = shared_from_this()](error_code error, std::size_t) {
        if (!self->open()) return;
        if (error) return self->close();
        self->drain();
    });
}

void ControlSession::expire_after(Duration limit, void (ControlSession::*action)()) {
    timer_.expires_after(limit);
    timer_.async_wait([weak = weak_from_this(), action](error_code error) {
        const auto self = weak.lock();
        // A wait that was already queued when the timer was set anew comes too early.
        if (error || !self || !self->open() || self->timer_.expiry() > std::chrono::steady_clock::now()) return;
        ((*self).*action)();
    });
}

void ControlSession::close() {
    if (!open()) return;
    const bool has_large_queue = reads_events_ && pending_.capacity() + output_.capacity() > kLargeQueue;
    error_code ignored;  // nothing can be done about a descriptor that does not close
    socket_.close(ignored);
    timer_.cancel();
    pending_.clear();
    if (host_ != nullptr && host_->ended) asio::post(socket_.get_executor(), host_->ended);
    // Behind the end of this session, which may hold some hundred KB for its reader: the agent is to stay small.
    if (has_large_queue) asio::post(socket_.get_executor(), [] { ::malloc_trim(0); });
}

void ControlSession::detach() {
    host_ = nullptr;
    close();
}

}  // namespace memdb::control
