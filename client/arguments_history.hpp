// The options of `history` and `report`.
#pragma once

#include "client/arguments.hpp"

namespace memdb::client {

void add_history(CLI::App& app, Arguments& into);
void add_report(CLI::App& app, Arguments& into);

}  // namespace memdb::client
