#include "keys/rotation_command_policy.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace memdb::keys {
namespace {

Failure conflict(std::string message) { return {Errc::already_exists, std::move(message)}; }

Result<void> not_busy(const RotationState& state) {
    if (!is_busy(state.phase)) return {};
    return conflict(fmt::format("a rotation is under way (key {}, {}): wait for its end, see memdbctl key show",
                                state.generation, to_string(state.phase)));
}

}  // namespace

Result<void> may_request(const RotationState& state) { return not_busy(state); }

Result<void> may_install(const RotationState& state) {
    if (const auto free = not_busy(state); !free) return free.error();
    if (state.phase == RotationPhase::requested) return {};
    return conflict("no key waits for a certificate: memdbctl key request makes one");
}

Result<void> may_prove_again(const RotationState& state) {
    if (const auto free = not_busy(state); !free) return free.error();
    const bool ended_badly = state.phase == RotationPhase::failed || state.phase == RotationPhase::reverted;
    if (ended_badly && state.generation != 0 && state.generation != state.current) return {};
    return conflict("no stored certificate waits to be proven: memdbctl key request makes a new key");
}

Result<void> may_roll_back(const RotationState& state) {
    if (const auto free = not_busy(state); !free) return free.error();
    if (state.previous != 0 && state.previous != state.current) return {};
    return conflict("there is no earlier key to go back to");
}

}  // namespace memdb::keys
