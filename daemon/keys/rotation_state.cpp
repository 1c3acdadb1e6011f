#include "keys/rotation_state.hpp"

namespace memdb::keys {
namespace {

constexpr RotationStepKind kSteps[] = {
    RotationStepKind::requested, RotationStepKind::checked,  RotationStepKind::proven, RotationStepKind::switched,
    RotationStepKind::confirmed, RotationStepKind::reverted, RotationStepKind::failed};

}  // namespace

bool is_busy(RotationPhase phase) noexcept {
    switch (phase) {
        case RotationPhase::making:
        case RotationPhase::proving:
        case RotationPhase::confirming:
        case RotationPhase::awaiting:
        case RotationPhase::reverting: return true;
        case RotationPhase::none:
        case RotationPhase::requested:
        case RotationPhase::confirmed:
        case RotationPhase::failed:
        case RotationPhase::reverted: return false;
    }
    return false;
}

bool is_ended(RotationPhase phase) noexcept { return !is_busy(phase) && phase != RotationPhase::requested; }

std::string_view to_string(RotationPhase phase) noexcept {
    switch (phase) {
        case RotationPhase::none: return "none";
        case RotationPhase::making: return "making";
        case RotationPhase::requested: return "requested";
        case RotationPhase::proving: return "proving";
        case RotationPhase::confirming: return "confirming";
        case RotationPhase::awaiting: return "awaiting";
        case RotationPhase::reverting: return "reverting";
        case RotationPhase::confirmed: return "confirmed";
        case RotationPhase::failed: return "failed";
        case RotationPhase::reverted: return "reverted";
    }
    return "?";
}

std::string_view to_string(RotationStepKind kind) noexcept {
    switch (kind) {
        case RotationStepKind::requested: return "requested";
        case RotationStepKind::checked: return "checked";
        case RotationStepKind::proven: return "proven";
        case RotationStepKind::switched: return "switched";
        case RotationStepKind::confirmed: return "confirmed";
        case RotationStepKind::reverted: return "reverted";
        case RotationStepKind::failed: return "failed";
    }
    return "?";
}

std::optional<RotationPhase> parse_rotation_phase(std::string_view word) noexcept {
    for (const RotationPhase phase : kRotationPhases)
        if (to_string(phase) == word) return phase;
    return std::nullopt;
}

std::optional<RotationStepKind> parse_rotation_step(std::string_view word) noexcept {
    for (const RotationStepKind kind : kSteps)
        if (to_string(kind) == word) return kind;
    return std::nullopt;
}

}  // namespace memdb::keys
