#include "app/incident_runner.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <utility>

namespace memdb::app {
namespace {

using health::IncidentAction;
using tunnel::ServerAddress;

constexpr unsigned kTries = 2;  // design §4
constexpr Duration kAnswerLimit = 500ms;

}  // namespace

IncidentRunner::IncidentRunner(boost::asio::io_context& io, tunnel::TunnelRunner& tunnel, std::string profile,
                               std::function<void()> changed)
    : tunnel_(tunnel), link_(io), profile_(std::move(profile)), changed_(std::move(changed)) {}

void IncidentRunner::observe(const health::IncidentInput& seen, TimePoint now) {
    const health::IncidentStep step = health::observe(state_, seen, now);
    state_ = step.state;
    for (const IncidentAction action : step.actions) perform(action, nullptr);
}

void IncidentRunner::act(const health::IncidentInput& seen, const health::Blame& blamed, TimePoint now) {
    const health::IncidentStep step = health::remedy_due(state_, seen, blamed.remedy, now);
    state_ = step.state;
    for (const IncidentAction action : step.actions) perform(action, &blamed);
}

void IncidentRunner::perform(IncidentAction action, const health::Blame* blamed) {
    logger("health")->debug("{}: {}", profile_, health::to_string(action));
    switch (action) {
        case IncidentAction::check_openvpn: return tunnel_.check();
        case IncidentAction::ask_server: return ask(kTries, false);
        case IncidentAction::knock: return ask(1, true);
        case IncidentAction::forget_question: return link_.cancel();
        case IncidentAction::give_up: return give_up(blamed);
        case IncidentAction::try_other_address: return try_other_address();
    }
}

/// The server in use decides; the endpoint's other addresses are asked along, to know where to go.
void IncidentRunner::ask(unsigned tries, bool knocking) {
    const tunnel::TunnelState& tunnel = tunnel_.state();
    std::vector<ServerAddress> servers = tunnel.addresses;
    if (tunnel.server) {  // first, for of very many the last ones are not asked
        std::erase(servers, *tunnel.server);
        servers.insert(servers.begin(), *tunnel.server);
    }
    other_.reset();
    link_.probe(
        std::move(servers), tries, kAnswerLimit,
        [this, knocking](const std::vector<tunnel::HardResetLink::Answer>&) {
            // Nobody, or only others, answered: a question that is decided already takes no notice.
            if (!state_.asking) return;
            state_ = health::server_asked(state_, false);
            if (!knocking) logger("health")->debug("{}: the server answers no packet of ours", profile_);
            changed_();
        },
        [this, knocking](const tunnel::HardResetLink::Answer& answer) { answered(answer, knocking); });
}

void IncidentRunner::answered(const tunnel::HardResetLink::Answer& answer, bool knocking) {
    if (!answer.answered) return;
    const bool in_use = tunnel_.state().server == answer.server;
    if (!in_use && !other_) other_ = answer.server;
    if (!state_.asking || (!in_use && !knocking)) return;
    state_ = health::server_asked(state_, true);
    if (knocking) {
        logger("health")->debug("{}: {} answers again", profile_, to_string(answer.server));
        tunnel_.server_answered(answer.server);
    }
    changed_();
}

void IncidentRunner::give_up(const health::Blame* blamed) {
    std::string evidence;
    if (blamed != nullptr)
        for (const health::Condition& condition : blamed->conditions)
            if (condition.code == "tunnel-silent") evidence = condition.evidence;
    tunnel_.reconnect({"tunnel-silent", false, tunnel::Cause::tunnel_silent, std::move(evidence), other_});
}

void IncidentRunner::try_other_address() {
    logger("health")->warn("{}: nothing comes through the tunnel although its server answers: once to another address",
                           profile_);
    tunnel_.reconnect({"second-opinion", false, tunnel::Cause::none, {}, other_});
}

}  // namespace memdb::app
