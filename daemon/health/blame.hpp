// From what is known to what is wrong: one pure function. The first failing layer decides; its followers are not
// reported.
//
// In:   Facts. Out: the conditions that hold now, root cause first; and how far the way is proven, layer by layer.
// Does not know for how long: health_tracker adds `since` and keeps blips from people.
#pragma once

#include "control/snapshot.hpp"
#include "health/facts.hpp"

#include <array>
#include <vector>

namespace memdb::health {

/// The conditions that hold, root cause first. Empty when all is well or nothing is wanted.
std::vector<Condition> blame(const Facts& facts);

/// One state for each layer of kWay. `ok` is never a guess: a layer is ok when something went through it in the last
/// try of a node (or, for the first three, when openvpn says so and did not take it back).
std::array<control::LayerState, kWay.size()> ladder(const Facts& facts);

/// So long without a link byte from the server, while nodes are silent too, is a silent tunnel: 3 pushed pings of AWS.
inline constexpr Duration kServerSilence = 3s;

}  // namespace memdb::health
