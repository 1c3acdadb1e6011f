// Asks AWS what there is: the Inventory. Reads only. Blocking: a dozen calls of about a second each.
#pragma once

#include "client/aws/inventory.hpp"
#include "client/aws/session.hpp"
#include "client/aws/wish.hpp"

#include <functional>
#include <string>

namespace memdb::client::aws {

/// Told what is asked next, for people who wait.
using Progress = std::function<void(const std::string&)>;

/// Everything around the cluster. What only remarks need may be denied: it is noted in `unknown`.
Outcome<Inventory> survey(Session& session, const Wish& wish, const Progress& progress);

/// Only what carries the tag, wherever it is: also when the cluster is gone.
Outcome<Inventory> survey_tagged(Session& session, const std::string& cluster, const Progress& progress);

/// The endpoint of the inventory once more, with its parts. It is taken out when AWS has deleted it.
Outcome<void> refresh_endpoint(Session& session, Inventory& inventory, const std::string& cluster);

}  // namespace memdb::client::aws
