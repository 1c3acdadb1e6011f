// The doctor's checks, in the order of the way: what each is called, which findings belong to it, what it waits for.
// To add one: a row in check_catalog.cpp and a function in a check_*_policy.cpp.
#pragma once

#include "doctor/scene.hpp"
#include "health/check.hpp"

#include <span>
#include <string_view>

namespace memdb::doctor {

/// What a check's own look says, without the findings. Nothing: it has nothing to say of its own.
struct Look {
    health::CheckState state = health::CheckState::pass;
    std::string summary;
    std::string finding{};  ///< of warn and fail
    std::string action{};   ///< empty: as the catalogue of findings says
    bool partial = false;   ///< of fail: something got past it, so what comes after can still be looked at
};

struct CheckRow {
    std::string_view id;
    health::Layer layer;
    std::string_view title;
    std::span<const std::string_view> findings;  ///< codes that this check tells
    std::span<const std::string_view> grounds;   ///< checks without which there is nothing to look at
    std::span<const Part> needs;
    bool of_tunnel;  ///< a direct profile has no such part
    bool fresh;      ///< what it sees just now counts more than a finding of a moment ago
    std::optional<Look> (*look)(const Scene&);
};

std::span<const CheckRow> check_catalog() noexcept;

/// The check that tells a finding; null for one that no check tells.
const CheckRow* find_check_of(std::string_view finding, const Scene& scene) noexcept;

}  // namespace memdb::doctor
