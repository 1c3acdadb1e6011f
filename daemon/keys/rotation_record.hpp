// rotation.json: what of a RotationState outlives the process. Text and back, pure.
//
// {"schema":1,"phase","generation","from","previous","common_name","reason","started_at","steps":[{"step","at","after_ms"}],
// "message"}. Written by memdbd alone; still read as if by nobody: bounded and checked, since a state that cannot be
// believed must not choose a key.
#pragma once

#include "base/error.hpp"
#include "keys/rotation_state.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace memdb::keys {

inline constexpr std::size_t kRotationRecordLimit = 16 * 1024;  ///< bytes

[[nodiscard]] std::string write_rotation_record(const RotationState& state);

/// `current`, deadlines and what was seen are not in it. Errc::malformed, Errc::too_large.
Result<RotationState> parse_rotation_record(std::string_view text);

}  // namespace memdb::keys
