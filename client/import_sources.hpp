// What `profile import` sends: the configuration with the certificate and the key that it names or contains, read as
// the calling user. Contents only: a path in the file never reaches the agent (design §9.1).
#pragma once

#include "client/control_client.hpp"

#include "base/secret.hpp"

#include <string>
#include <vector>

namespace memdb::client {

struct ImportPaths {
    std::string ovpn;
    std::string cert;  ///< --cert; may be empty
    std::string key;   ///< --key; may be empty
};

struct ImportSources {
    std::string ovpn_name;  ///< without its folder, for messages
    std::string ovpn_text;  ///< cert and key taken out, a file that `ca` names put in; every line keeps its number
    std::string cert_pem;   ///< empty: there is none
    Secret<> key_pem;       ///< empty: there is none
    std::vector<std::string> warnings;
};

/// Reads the configuration and then, if it has no directive that is refused, what it names. --cert and --key win over
/// what is in the file. A key that lies beside the certificate is taken from there when there is no other.
Outcome<ImportSources> gather_sources(const ImportPaths& paths);

}  // namespace memdb::client
