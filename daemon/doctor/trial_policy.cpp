#include "doctor/trial_policy.hpp"

namespace memdb::doctor {

bool is_attempting(std::string_view phase) noexcept {
    return phase == "starting" || phase == "handshaking" || phase == "stopping";
}

TrialStep next_trial_step(const TrialMoment& moment) noexcept {
    if (moment.phase == "up" || moment.elapsed >= moment.limit) return TrialStep::give_up;
    if (is_attempting(moment.phase)) return moment.is_running ? TrialStep::call_off : TrialStep::wait;
    // The agent's own attempt has failed meanwhile: its finding tells as much as a trial would.
    if (moment.agent_attempted && moment.has_findings) return TrialStep::give_up;
    return moment.is_running ? TrialStep::wait : TrialStep::begin;
}

}  // namespace memdb::doctor
