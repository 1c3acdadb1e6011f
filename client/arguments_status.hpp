// The options of `status` and `check` alone, for their rows in the table of commands.
#pragma once

#include "client/arguments.hpp"

namespace memdb::client {

void add_format(CLI::App& app, Arguments& into);
void add_thresholds(CLI::App& app, Arguments& into);

}  // namespace memdb::client
