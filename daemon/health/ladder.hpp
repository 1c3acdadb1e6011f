// How far the way is proven, layer by layer. Pure.
#pragma once

#include "control/snapshot.hpp"
#include "health/blame.hpp"

#include <array>

namespace memdb::health {

/// One state for each layer of kWay. `ok` is never a guess: a layer is ok when something went through it in the last
/// try of a node (or, for the first three, when openvpn says so and did not take it back; for the route, when the
/// kernel would send to every node through the tunnel). Where `blamed` (of the same facts) names an error that
/// no stage of openvpn or of a node shows, the layer has failed.
std::array<control::LayerState, kWay.size()> ladder(const Facts& facts, const Blame& blamed);

}  // namespace memdb::health
