// The text of a bug report from its parts. Pure; what goes in is judged by nobody, what comes out is redacted.
#pragma once

#include "client/redaction.hpp"
#include "control/snapshot.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace memdb::client {

struct BugReport {
    std::string made_at;   ///< "2026-05-06T07:08:09Z"
    std::string versions;  ///< one a line
    std::string settings;
    std::string snapshot;  ///< JSON, or why there is none
    std::string history;   ///< the same
    std::string log;       ///< one line each, or why there is none
};

/// Settings without comments and blank lines; a sentence when nothing is left.
std::string bare_settings(std::string_view toml);

/// JSON with a field a line; the same text when it is none.
std::string pretty_json(std::string_view json);

/// The names of people in a snapshot: ACL users, common names of certificates and requests. Not those of profiles.
std::vector<std::string> persons_in(const control::Snapshot& snapshot);

/// The whole report, which says itself what was left out.
std::string report_text(const BugReport& report, const RedactedNames& names);

}  // namespace memdb::client
