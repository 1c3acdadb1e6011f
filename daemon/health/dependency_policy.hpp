// Which findings follow from which: a root cause hides its followers (design §11). Pure, by the catalogue's ties.
#pragma once

#include "health/facts.hpp"

#include <vector>

namespace memdb::health {

/// `conditions` without what another one of them explains: an entry that explains the rest of the way hides everything
/// of a later layer that does not stand alone, and others of its own layer that explain the rest too: one root cause is
/// enough, the first one. The order stays.
[[nodiscard]] std::vector<Condition> root_causes(std::vector<Condition> conditions);

}  // namespace memdb::health
