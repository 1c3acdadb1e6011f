// Findings as sentences: who, and what is wrong with them. Pure; used by blame alone.
#pragma once

#include "health/facts.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace memdb::health {

/// "6 of 6 nodes", "demo-0002-002 (replica of shard 2)", "a-1 (…), b-1 (…) and 3 more".
[[nodiscard]] std::string subject(const std::vector<const NodeFacts*>& nodes, std::size_t of);

/// What each node-level code says of its subject. Codes that are not of nodes never come here.
[[nodiscard]] std::string predicate(std::string_view code, std::uint16_t port, bool several);

/// What a tunnel's own failure says.
[[nodiscard]] std::string failure_summary(std::string_view code, const std::string& server);

}  // namespace memdb::health
