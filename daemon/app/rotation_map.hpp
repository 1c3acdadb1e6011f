// A rotation's state as a view for the Snapshot, and as conditions for people. Pure translation.
#pragma once

#include "control/snapshot.hpp"
#include "health/facts.hpp"
#include "keys/rotation_machine.hpp"

#include <optional>
#include <vector>

namespace memdb::app {

/// Nothing before the first rotation.
std::optional<control::RotationView> rotation_view(const keys::RotationState& state);

/// @param due_at     when a new key is (or was) due; absent: never.
/// @param can_rotate  somebody has said who signs: else nobody waits for a rotation.
std::vector<health::Condition> rotation_conditions(const keys::RotationState& state, std::optional<WallTime> due_at,
                                                   bool can_rotate, WallTime now);

}  // namespace memdb::app
