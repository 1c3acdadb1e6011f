// The nodes of a cluster as `memdbctl status` shows them: each, two a line; of a large cluster what they amount to.
// Pure.
#pragma once

#include "client/brush.hpp"
#include "client/render.hpp"

#include <cstddef>
#include <string>

namespace memdb::client {

/// More than these are counted instead of listed: nobody reads 500 lines to find the three that matter.
inline constexpr std::size_t kListedNodes = 96;

/// Lines, each with its newline; empty without nodes.
std::string nodes_text(const control::ClusterView& cluster, const Style& style, const Brush& brush);

}  // namespace memdb::client
