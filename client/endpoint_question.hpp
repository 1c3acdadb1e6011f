// Asks an endpoint without an agent: its names, then OpenVPN's first packet to each address. Blocking, with deadlines.
#pragma once

#include "base/time.hpp"
#include "config/profile.hpp"
#include "doctor/scene.hpp"

#include <string>
#include <vector>

namespace memdb::client {

/// The addresses of `remote`, by this machine's own resolver, with a random label in front where that is wanted. A
/// resolver that hangs is left alone after `limit`.
doctor::NameSeen ask_name(const config::Remote& remote, bool random_label, Duration limit);

/// Sends the first packet to each address at the same time, twice, and waits `limit` for each answer.
std::vector<doctor::ServerSeen> ask_servers(const config::Remote& remote, const std::vector<std::string>& addresses,
                                            Duration limit);

}  // namespace memdb::client
