#include "app/rotation_map.hpp"

#include "keys/rotation_policy.hpp"

#include <fmt/format.h>

namespace memdb::app {

using keys::RotationPhase;

namespace {

std::string key_of(const keys::RotationState& state) {
    std::string key = state.generation == 0 ? "a new key" : fmt::format("key {}", state.generation);
    return state.common_name.empty() ? key : key + " (" + state.common_name + ")";
}

}  // namespace

std::optional<control::RotationView> rotation_view(const keys::RotationState& state) {
    if (state.phase == RotationPhase::none) return std::nullopt;
    control::RotationView view;
    view.phase = std::string(to_string(state.phase));
    view.generation = state.generation;
    if (state.from != 0) view.from = state.from;
    view.common_name = state.common_name;
    if (!state.reason.empty()) view.reason = state.reason;
    view.started_at = state.started_at;
    for (const keys::RotationStepTaken& step : state.steps)
        view.steps.push_back({std::string(to_string(step.kind)), step.at, step.after.count()});
    if (!state.message.empty()) view.message = state.message;
    return view;
}

std::vector<health::Condition> rotation_conditions(const keys::RotationState& state, std::optional<WallTime> due_at,
                                                   bool can_rotate, WallTime now) {
    std::vector<health::Condition> out;
    if (state.phase == RotationPhase::failed || state.phase == RotationPhase::reverted)
        out.push_back({"rotation-failed",
                       fmt::format("the rotation to {} {}", key_of(state),
                                   state.phase == RotationPhase::failed ? "failed" : "was taken back"),
                       state.message});
    if (due_at && can_rotate && !is_busy(state.phase) && now >= *due_at + keys::kRotationGrace)
        out.push_back({"rotation-overdue", fmt::format("a new key was due on {}", keys::date_text(*due_at)),
                       state.phase == RotationPhase::requested ? "a request waits for its certificate" : ""});
    return out;
}

}  // namespace memdb::app
