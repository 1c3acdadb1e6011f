// What this laptop has for a cluster: the PKI's certificates, the agent's profile, its networks, what node names
// resolve to. Reads only. Blocking: the agent is asked, names are looked up for up to 10 s.
#pragma once

#include "client/aws/inventory.hpp"
#include "client/aws/wish.hpp"
#include "client/commands.hpp"
#include "client/pki/pki_folder.hpp"

namespace memdb::client::aws {

/// @return Exit::failed when the folder of the PKI holds something else, or half a PKI.
Outcome<LocalState> look_around(const Context& context, const Wish& wish);

/// The PKI's part alone.
Outcome<void> look_into_pki(const pki::PkiFolder& folder, const Wish& wish, LocalState& state);

/// The agent's part alone: whether it answers, and its profile of the wished name.
void look_at_agent(const Context& context, const Wish& wish, LocalState& state);

/// In the order of `nodes`; without an address where there is none within 10 s.
std::vector<NodeAddress> resolve_nodes(const std::vector<Node>& nodes);

}  // namespace memdb::client::aws
