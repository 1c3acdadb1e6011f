// What may come next on a command line that is being typed: taken from the tree of commands that parses it, so that the
// two cannot drift. Pure. The scripts of the shells ask for it (completion_scripts.hpp) by `memdbctl completion words`.
#pragma once

#include "client/arguments.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace memdb::client {

struct Candidate {
    std::string word;
    std::string about;
};

struct Completion {
    std::vector<Candidate> words;       ///< each begins with what has been typed of the last word
    bool files = false;                 ///< names of files fit
    bool folders = false;               ///< names of folders fit
    bool profiles = false;              ///< names of profiles fit: those of them that begin with `typed`
    bool nodes = false;                 ///< names of nodes
    bool clusters = false;              ///< endpoints of clusters
    std::string typed;                  ///< of such a name
    std::string before;                 ///< to be put before one: "--profile="
    std::optional<std::string> socket;  ///< what the line has said for --socket
};

/// @param line  the words behind "memdbctl" up to the cursor. The last one is unfinished, perhaps empty. bash splits
///              "--for=up" into three words; that is understood, too.
Completion complete(std::span<const std::string> line, std::span<const Grammar> table);

}  // namespace memdb::client
