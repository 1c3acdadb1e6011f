// The planner: what AWS describes and what is wished -> ordered steps with reasons, remarks, or a refusal. Pure.
//
// Everything is decided from the inventory alone: a plan made again after any interruption goes on where it stopped.
#pragma once

#include "client/aws/inventory.hpp"
#include "client/aws/plan.hpp"
#include "client/aws/wish.hpp"

namespace memdb::client::aws {

/// `apply`: from the security group to a PING.
Plan plan_apply(const Wish& wish, const Inventory& inventory, const LocalState& local, WallTime now);

/// `apply --direct`: only the inbound rule, from `source`: a security group's id or a network.
Plan plan_direct(const Wish& wish, const std::string& source, const Inventory& inventory);

/// `destroy`: what carries the tag, in the order in which AWS lets it go.
Plan plan_destroy(const Wish& wish, const Inventory& inventory, const LocalState& local);

}  // namespace memdb::client::aws
