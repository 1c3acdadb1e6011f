// Text from outside made fit for a one-line message: in: any bytes; out: printable ASCII.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace memdb::config {

/// Returns `text` with every byte that is not printable ASCII as \xNN, cut after `limit` bytes with "...".
std::string visible_text(std::string_view text, std::size_t limit = 80);

}  // namespace memdb::config
