#include "health/incident_machine.hpp"

#include <algorithm>
#include <utility>

namespace memdb::health {
namespace {

/// Whatever belongs to a tunnel that is up is over.
void leave_tunnel(IncidentState& state, std::vector<IncidentAction>& actions) {
    if (state.asking && !state.knock_at) {
        state.asking = false;
        actions.push_back(IncidentAction::forget_question);
    }
    state.quiet_since.reset();
    state.begun.reset();
    state.received.reset();
    state.server_answers.reset();
    state.ask_at.reset();
}

void observe_waiting(IncidentState& state, std::vector<IncidentAction>& actions, TimePoint now) {
    if (!state.knock_at) state.knock_at = now + kKnockAgain;
    if (state.asking || now < *state.knock_at) return;
    state.asking = true;
    state.knock_at = now + kKnockAgain;
    actions.push_back(IncidentAction::knock);
}

void leave_waiting(IncidentState& state, std::vector<IncidentAction>& actions) {
    if (!std::exchange(state.knock_at, std::nullopt) || !std::exchange(state.asking, false)) return;
    actions.push_back(IncidentAction::forget_question);
}

void observe_silence(IncidentState& state, const IncidentInput& seen, std::vector<IncidentAction>& actions,
                     TimePoint now) {
    if (!state.quiet_since) {
        state.quiet_since = state.begun = std::max(*seen.silent_since, *seen.up_since);
        state.received = seen.received;
        state.ask_at = now;
        actions.push_back(IncidentAction::check_openvpn);
    } else if (seen.received && state.received && *seen.received > *state.received) {
        // Something comes through: that the server was not heard, or is being asked, belongs to another moment. But it
        // is no proof: where only the way there is dead, nodes repeat what was not acknowledged. So the server is asked
        // anew.
        state.quiet_since = now;
        state.received = seen.received;
        if (state.server_answers == false) state.server_answers.reset();
        if (std::exchange(state.asking, false)) actions.push_back(IncidentAction::forget_question);
        state.ask_at = now + kLinkPatience;
    } else if (!state.received) {
        state.received = seen.received;
    }
    if (state.asking || now < state.ask_at.value_or(now)) return;
    state.asking = true;
    state.ask_at = now + kAskAgain;
    actions.push_back(IncidentAction::ask_server);
}

}  // namespace

IncidentStep observe(const IncidentState& before, const IncidentInput& seen, TimePoint now) {
    IncidentStep step{before, {}};
    IncidentState& state = step.state;
    if (!seen.up_since) {
        leave_tunnel(state, step.actions);
        if (seen.waiting)
            observe_waiting(state, step.actions, now);
        else
            leave_waiting(state, step.actions);
        return step;
    }
    leave_waiting(state, step.actions);
    if (seen.any_ok) state.second_opinion_spent = false;
    if (state.quiet_since && *state.quiet_since < *seen.up_since) leave_tunnel(state, step.actions);  // of another one
    if (seen.silent_since)
        observe_silence(state, seen, step.actions, now);
    else
        leave_tunnel(state, step.actions);
    return step;
}

IncidentState server_asked(const IncidentState& before, bool answered) {
    IncidentState state = before;
    if (!std::exchange(state.asking, false) || !state.quiet_since) return state;
    state.server_answers = answered;
    return state;
}

IncidentStep remedy_due(const IncidentState& before, const IncidentInput& seen, Remedy remedy, TimePoint now) {
    IncidentStep step{before, {}};
    if (remedy == Remedy::none || !seen.up_since || !before.quiet_since) return step;
    if (now < *seen.up_since + kGrace || before.given_up == seen.up_since) return step;
    if (remedy == Remedy::other_address) {
        const bool due = now >= *before.quiet_since + kSecondOpinion && now >= *seen.up_since + kSecondOpinion;
        if (!due || before.second_opinion_spent || seen.addresses < 2) return step;
        step.state.second_opinion_spent = true;
    }
    step.state.given_up = seen.up_since;
    step.actions.push_back(remedy == Remedy::restart ? IncidentAction::give_up : IncidentAction::try_other_address);
    return step;
}

std::optional<TimePoint> next_look(const IncidentState& state, const IncidentInput& seen, TimePoint now) {
    std::optional<TimePoint> at;
    const auto consider = [&](std::optional<TimePoint> moment) {
        if (moment && *moment > now && (!at || *moment < *at)) at = moment;
    };
    if (!state.asking) consider(state.ask_at);
    if (!state.asking) consider(state.knock_at);
    if (state.quiet_since && seen.up_since) {
        consider(*seen.up_since + kGrace);
        consider(*state.begun + kAskingLimit);
        if (!state.second_opinion_spent) {
            consider(*state.quiet_since + kSecondOpinion);
            consider(*seen.up_since + kSecondOpinion);
        }
    }
    return at;
}

bool is_undecided(const IncidentState& state, TimePoint now) noexcept {
    return state.begun && !state.server_answers && now < *state.begun + kAskingLimit;
}

std::string_view to_string(IncidentAction action) noexcept {
    switch (action) {
        case IncidentAction::check_openvpn: return "check openvpn";
        case IncidentAction::ask_server: return "ask server";
        case IncidentAction::knock: return "knock";
        case IncidentAction::forget_question: return "forget question";
        case IncidentAction::give_up: return "give up";
        case IncidentAction::try_other_address: return "try other address";
    }
    return "?";
}

}  // namespace memdb::health
