// What people read: a Snapshot as text (design §7). Pure; all printing of `status` is made here.
//
// Everything that the agent tells is cleaned of control characters first: node names and findings can come from peers.
#pragma once

#include "control/api.hpp"
#include "control/snapshot.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace memdb::client {

/// How the output's reader looks at it.
struct Style {
    bool colour = false;                ///< ANSI colours
    bool utf8 = true;                   ///< ✓ ✗ – → · or ok x - -> .
    std::size_t width = 80;             ///< sentences are wrapped here
    std::optional<std::size_t> screen;  ///< columns of a terminal; nothing when the output is no terminal
};

/// The whole of `memdbctl status`, with a newline at its end. Only the profile of that name when one is given.
std::string render_status(const control::Snapshot& snapshot, const std::string* only, WallTime now, const Style& style);

/// One profile, as in `status`.
std::string render_profile(const control::ProfileView& profile, WallTime now, const Style& style);

/// "✗ code: summary" and "→ advice", wrapped, indented by two.
std::string render_finding(const health::Finding& finding, const Style& style);

/// `profile list`: name, kind, verdict, cluster; one line each.
std::string render_profile_list(const control::Snapshot& snapshot, const Style& style);

/// `profile show`: what was imported, one fact a line.
std::string render_profile_facts(const control::ProfileView& profile, WallTime now, const Style& style);

/// The parts of node names that all nodes of a cluster share are left out: "demo-0001-001".
std::string short_node_name(std::string_view node, std::string_view endpoint);

}  // namespace memdb::client
