// What a node that was spoken to without TLS says of itself.
#pragma once

#include <string>
#include <string_view>

namespace memdb::reach {

/// The first line of `bytes`, if a Redis without TLS would begin so to answer PING: "-NOAUTH Authentication required.".
/// Empty for anything else; TLS records begin otherwise.
[[nodiscard]] std::string plain_reply_in(std::string_view bytes);

}  // namespace memdb::reach
