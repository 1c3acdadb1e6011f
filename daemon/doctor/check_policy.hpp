// From what the doctor has seen to its checks and its diagnosis. Pure.
#pragma once

#include "doctor/check_catalog.hpp"

#include <set>
#include <vector>

namespace memdb::doctor {

/// The checks that can be told with `done` parts, from the first on, in order: never one before those ahead of it.
[[nodiscard]] std::vector<health::Check> examine(const Scene& scene, const std::set<Part>& done);

/// What all of them come to: the first that failed, else the first that warns.
[[nodiscard]] health::Diagnosis diagnose(const Scene& scene, const std::vector<health::Check>& checks);

}  // namespace memdb::doctor
