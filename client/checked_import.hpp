// A configuration with its certificate and key, judged as the agent would, without one. Reads files as the calling
// user.
#pragma once

#include "client/import_sources.hpp"
#include "config/ovpn_policy.hpp"
#include "keys/certificate.hpp"

#include <optional>
#include <string>
#include <vector>

namespace memdb::client {

struct CheckedImport {
    std::string file;
    config::ImportedConfig config;
    std::optional<keys::Credential> credential;  ///< absent: neither in the file nor given, or of no use
    std::string credential_trouble;              ///< why it is of no use: one sentence; else empty
    std::vector<std::string> warnings;
};

/// @return  the Problem of a file that cannot be read, or that is refused.
Outcome<CheckedImport> check_import(const ImportPaths& paths);

}  // namespace memdb::client
