#include "reach/node_exam_runner.hpp"

#include "base/clock.hpp"
#include "base/overloaded.hpp"
#include "base/secret.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace memdb::reach {
namespace {

/// Looks random, so that nothing on the way makes it small.
std::string payload() {
    std::string text(NodeExamRunner::kLargePing, ' ');
    const std::string_view source = bulk_payload();
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = source[i % source.size()];
    return text;
}

/// TIME: ["1700000000", "123456"].
std::optional<WallTime> time_of(const Reply& reply) {
    if (reply.items.empty()) return std::nullopt;
    const std::string& text = reply.items.front().text;
    std::int64_t seconds = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (read.ec != std::errc{} || seconds < 0 || seconds > 32'503'680'000) return std::nullopt;  // the year 3000
    return WallTime(std::chrono::seconds(seconds));
}

}  // namespace

NodeExamRunner::NodeExamRunner(boost::asio::io_context& io)
    : link_(io, [this](const ProbeEvent& event) { take(event); }), timer_(io) {}

NodeExamRunner::~NodeExamRunner() { stop(); }

void NodeExamRunner::start(NodeExamTarget target, Duration limit, std::function<void(NodeExam)> done) {
    stop();
    target_ = std::move(target);
    done_ = std::move(done);
    exam_ = {};
    stage_ = Stage::connecting;
    timer_.expires_after(limit);
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;
        exam_.lost = stage_ == Stage::pinging;
        finish("no answer in time");
    });
    link_.connect(target_.address, target_.port);
}

void NodeExamRunner::stop() {
    done_ = nullptr;
    timer_.cancel();
    link_.close();
    wipe(target_.auth);
}

void NodeExamRunner::take(const ProbeEvent& event) {
    if (!done_) return;
    std::visit(
        Overloaded{
            [&](const Connected&) { go_on(); }, [&](const Secured&) { go_on(); },
            [&](const ReplyReceived& got) { answered(got); }, [&](const ConnectFailed& failed) { finish(failed.text); },
            [&](const SecureFailed& failed) { finish("TLS: " + failed.text); },
            [&](const ReplyMalformed& bytes) { finish(bytes.text); },
            [&](const PeerClosed& closed) { finish("it closed the connection: " + closed.text); },
            [](const auto&) {},  // the rest is what a probe is told, never by a link
        },
        event);
}

void NodeExamRunner::go_on() {
    if (stage_ == Stage::connecting && target_.tls) {
        stage_ = Stage::securing;
        return link_.secure(target_.tls, target_.name);
    }
    if (stage_ < Stage::authenticating && !target_.auth.empty()) {
        stage_ = Stage::authenticating;
        return link_.send(std::exchange(target_.auth, {}), kShortReply);
    }
    if (stage_ < Stage::pinging) {
        stage_ = Stage::pinging;
        const std::string large = payload();
        return link_.send(format_command(std::array<std::string_view, 2>{"PING", large}), kEchoReply);
    }
    stage_ = Stage::timing;
    link_.send(format_command(std::array<std::string_view, 1>{"TIME"}), kShortReply);
}

void NodeExamRunner::answered(const ReplyReceived& got) {
    const bool refused = got.reply.kind == Reply::Kind::error;
    if (stage_ == Stage::timing) {  // a user without the right to ask is no trouble
        if (const auto time = time_of(got.reply)) {
            // The answer holds whole seconds; half of the way back is within that.
            const WallTime here = wall_now();
            const Duration apart = here - *time;
            exam_.clock_ahead = apart >= 0ms && apart <= 1s ? Duration(0) : apart > 0ms ? apart - 1s : apart;
        }
        return finish({});
    }
    if (refused) return finish(one_line(got.reply.text, 200));
    if (stage_ == Stage::pinging) exam_.large_ping = got.took;
    go_on();
}

void NodeExamRunner::finish(std::string trouble) {
    if (!exam_.large_ping) exam_.trouble = std::move(trouble);
    const auto tell = std::exchange(done_, nullptr);
    const NodeExam exam = exam_;
    timer_.cancel();
    link_.close();
    wipe(target_.auth);
    if (tell) tell(exam);
}

}  // namespace memdb::reach
