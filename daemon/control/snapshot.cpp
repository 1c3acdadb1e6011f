#include "control/snapshot.hpp"

#include "base/words.hpp"

#include <array>

namespace memdb::control {
namespace {

constexpr std::array kWanted = {Wanted::connected, Wanted::disconnected};
constexpr std::array kLayerStates = {LayerState::ok, LayerState::failed, LayerState::unknown, LayerState::skipped};
constexpr std::array kNodeStates = {NodeState::ok, NodeState::failed, NodeState::unknown};

}  // namespace

std::string_view to_string(Wanted wanted) noexcept {
    switch (wanted) {
        case Wanted::connected: return "connected";
        case Wanted::disconnected: return "disconnected";
    }
    return "?";
}

std::string_view to_string(LayerState state) noexcept {
    switch (state) {
        case LayerState::ok: return "ok";
        case LayerState::failed: return "failed";
        case LayerState::unknown: return "unknown";
        case LayerState::skipped: return "skipped";
    }
    return "?";
}

std::string_view to_string(NodeState state) noexcept {
    switch (state) {
        case NodeState::ok: return "ok";
        case NodeState::failed: return "failed";
        case NodeState::unknown: return "unknown";
    }
    return "?";
}

std::optional<Wanted> parse_wanted(std::string_view word) noexcept { return parse_word(word, kWanted); }
std::optional<LayerState> parse_layer_state(std::string_view word) noexcept { return parse_word(word, kLayerStates); }
std::optional<NodeState> parse_node_state(std::string_view word) noexcept { return parse_word(word, kNodeStates); }

const ProfileView* find_profile(const Snapshot& snapshot, std::string_view name) noexcept {
    for (const auto& profile : snapshot.profiles)
        if (profile.name == name) return &profile;
    return nullptr;
}

}  // namespace memdb::control
