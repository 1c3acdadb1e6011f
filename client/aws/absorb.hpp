// What an answered call makes of the inventory, so that the plan goes on without asking everything again. Pure.
#pragma once

#include "base/error.hpp"
#include "client/aws/inventory.hpp"
#include "client/aws/plan.hpp"
#include "client/aws/wish.hpp"

#include <string_view>

namespace memdb::client::aws {

/// @param reply  what aws printed; looked at only where the call made something with an id.
/// @return Errc::malformed when that id is missing.
Result<void> absorb(Inventory& inventory, const Step& step, const Wish& wish, const LocalState& local,
                    std::string_view reply);

/// Whether what was absorbed shows less than AWS knows: the endpoint is to be described again.
bool wants_refresh(Action action) noexcept;

}  // namespace memdb::client::aws
