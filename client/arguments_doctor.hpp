// The options of `doctor` alone.
#pragma once

#include "client/arguments.hpp"

namespace memdb::client {

void add_doctor(CLI::App& app, Arguments& into);

}  // namespace memdb::client
