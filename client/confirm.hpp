// A question on the terminal that needs a yes. Blocking.
#pragma once

#include <string>

namespace memdb::client {

/// "QUESTION [y/N] " on stderr; whether the answer on stdin begins with y.
bool confirmed(const std::string& question);

}  // namespace memdb::client
