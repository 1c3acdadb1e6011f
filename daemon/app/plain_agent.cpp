#include "app/plain_agent.hpp"

#include "reach/plain_reply_map.hpp"

#include <utility>

namespace memdb::app {
namespace {

constexpr Duration kLimit = 1s;
constexpr Duration kAgain = 15s;

}  // namespace

PlainAgent::PlainAgent(boost::asio::io_context& io, std::function<void()> changed)
    : link_(io), changed_(std::move(changed)) {}

void PlainAgent::observe(const std::string& address, std::uint16_t port, TimePoint now) {
    if (address.empty()) {
        link_.cancel();
        ask_at_.reset();
        asking_ = known_ = false;
        answer_.clear();
        return;
    }
    if (asking_ || (ask_at_ && now < *ask_at_)) return;
    asking_ = true;
    ask_at_ = now + kAgain;
    link_.ask(address, port, {"PING\r\n", "\n"}, kLimit, [this](const std::string& answer) {
        asking_ = false;
        known_ = true;
        answer_ = reach::plain_reply_in(answer);
        changed_();
    });
}

}  // namespace memdb::app
