// Where a cluster's own CA lies while a command uses it: certificates are public, but programs want a file. Blocking.
#pragma once

#include "client/control_client.hpp"

#include <string>
#include <string_view>

namespace memdb::client {

/// A path under which this process, and the program that it becomes, can read `pem`.
///
/// A file in $XDG_RUNTIME_DIR/memdbctl (0700), named by its contents: so the same one serves every exec, none changes
/// under a program that runs, and the login's end removes it. Without such a folder (sudo, cron, a service) it is
/// memory behind /proc/self/fd, which a program's own children have only where it hands descriptors on.
Outcome<std::string> place_ca(std::string_view pem);

}  // namespace memdb::client
