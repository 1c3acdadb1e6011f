// Causes that look the same on the wire, ranked by what speaks for and against each. Pure.
// Sources: facts C.10 (AWS's troubleshooting pages), C.5 to C.7.
#pragma once

#include "doctor/scene.hpp"
#include "health/check.hpp"

#include <string_view>
#include <vector>

namespace memdb::doctor {

/// For a finding that several causes share; empty where the wire tells the one cause.
[[nodiscard]] std::vector<health::Suspect> suspects_of(std::string_view finding, const Scene& scene);

}  // namespace memdb::doctor
