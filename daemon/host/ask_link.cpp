#include "host/ask_link.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <utility>

namespace memdb::host {

namespace asio = boost::asio;
using boost::system::error_code;

struct AskLink::Request : std::enable_shared_from_this<Request> {
    explicit Request(asio::io_context& io) : socket(io), timer(io) {}

    void finish() {
        timer.cancel();
        error_code ignored;
        socket.close(ignored);
        asio::post(socket.get_executor(), [self = shared_from_this()] {
            if (const auto tell = std::exchange(self->done, nullptr)) tell(std::move(self->answer));
        });
    }

    void start(const asio::ip::tcp::endpoint& to, Duration limit) {
        timer.expires_after(limit);
        timer.async_wait([self = shared_from_this()](const error_code& error) {
            if (!error) self->finish();
        });
        socket.async_connect(to, [self = shared_from_this()](const error_code& error) {
            if (error == asio::error::operation_aborted) return;
            if (error) return self->finish();
            asio::async_write(self->socket, asio::buffer(self->question.text),
                              [self](const error_code& failed, std::size_t /*bytes*/) {
                                  if (failed == asio::error::operation_aborted) return;
                                  failed ? self->finish() : self->read();
                              });
        });
    }

    void read() {
        socket.async_read_some(asio::buffer(bytes),
                               [self = shared_from_this()](const error_code& error, std::size_t n) {
                                   if (error == asio::error::operation_aborted) return;
                                   self->answer.append(self->bytes.data(), n);
                                   const bool whole = self->answer.find(self->question.until) != std::string::npos;
                                   if (error || whole || self->answer.size() >= kAnswerLimit) return self->finish();
                                   self->read();
                               });
    }

    asio::ip::tcp::socket socket;
    asio::steady_timer timer;
    Question question;
    std::string answer;
    std::array<char, kAnswerLimit> bytes{};
    Done done;
};

AskLink::AskLink(asio::io_context& io) : io_(io) {}

AskLink::~AskLink() { cancel(); }

void AskLink::ask(const std::string& address, std::uint16_t port, Question question, Duration limit, Done done) {
    cancel();
    request_ = std::make_shared<Request>(io_);
    request_->done = std::move(done);
    request_->question = std::move(question);
    error_code wrong;
    const auto to = asio::ip::make_address(address, wrong);
    if (wrong) return request_->finish();
    request_->start({to, port}, limit);
}

void AskLink::cancel() noexcept {
    const auto request = std::exchange(request_, nullptr);
    if (!request) return;
    request->done = nullptr;
    request->timer.cancel();
    error_code ignored;
    request->socket.close(ignored);
}

}  // namespace memdb::host
