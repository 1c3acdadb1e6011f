// Whether what a person asks of a rotation can begin now. Pure.
#pragma once

#include "base/error.hpp"
#include "keys/rotation_state.hpp"

namespace memdb::keys {

/// Why it cannot be asked now: Errc::already_exists for "not now", Errc::not_found for "nothing there".
[[nodiscard]] Result<void> may_request(const RotationState& state);
[[nodiscard]] Result<void> may_install(const RotationState& state);
[[nodiscard]] Result<void> may_prove_again(const RotationState& state);
[[nodiscard]] Result<void> may_roll_back(const RotationState& state);

}  // namespace memdb::keys
