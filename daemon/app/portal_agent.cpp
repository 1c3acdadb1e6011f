#include "app/portal_agent.hpp"

#include "base/log.hpp"

#include <utility>

namespace memdb::app {
namespace {

constexpr std::uint16_t kWeb = 80;  // no endpoint listens there
constexpr Duration kLimit = 1500ms;

}  // namespace

PortalAgent::PortalAgent(boost::asio::io_context& io, std::string profile, std::string name,
                         std::function<void()> changed)
    : link_(io), profile_(std::move(profile)), name_(std::move(name)), changed_(std::move(changed)) {}

void PortalAgent::observe(const tunnel::TunnelState& tunnel, std::optional<TimePoint> unheard_since, TimePoint now) {
    health::PortalStep step = health::observe(state_, tunnel.addresses.empty() ? std::nullopt : unheard_since, now);
    state_ = std::move(step.state);
    switch (step.action) {
        case health::PortalAction::none: return;
        case health::PortalAction::forget_question: return link_.cancel();
        case health::PortalAction::ask:
            return ask(tunnel.server ? tunnel.server->address : tunnel.addresses.front().address);
    }
}

void PortalAgent::ask(const std::string& address) {
    logger("health")->debug("{}: asks {} for a web page, which only a captive portal would have", profile_, address);
    link_.ask(address, kWeb, {health::portal_question(name_), "\r\n\r\n"}, kLimit, [this](const std::string& answer) {
        state_ = health::portal_asked(state_, health::portal_in(answer));
        changed_();
    });
}

}  // namespace memdb::app
