// Options of exec and bugreport alone.
#pragma once

#include "client/arguments.hpp"

namespace memdb::client {

void add_exec(CLI::App& app, Arguments& into);
void add_bugreport(CLI::App& app, Arguments& into);

}  // namespace memdb::client
