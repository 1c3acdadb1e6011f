// A whole import judged before anything is written. In: an ImportRequest and `now`. Out: everything that the store
// writes, or one sentence. Touches no file.
#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"
#include "config/import_request.hpp"
#include "config/profile.hpp"
#include "keys/certificate.hpp"

#include <optional>
#include <string>
#include <vector>

namespace memdb::config {

/// What profiles/P will hold.
struct JudgedImport {
    Profile profile;
    std::string client_ovpn;                     ///< empty for kind direct
    std::optional<keys::Credential> credential;  ///< absent for kind direct
    Secret<> password;                           ///< empty unless profile.has_password
    std::string cluster_ca_pem;                  ///< empty unless profile.has_cluster_ca
    std::vector<std::string> warnings;           ///< one line each
};

/// Judges `request`: name, clusters, user and password, configuration, certificate and key, CA.
///
/// @return Errc::bad_input (or too_large, malformed) with one sentence for a person.
Result<JudgedImport> judge_import(const ImportRequest& request, WallTime now);

/// The part of it that `profile set` can change: clusters, user and password, CA. The rest of the outcome is empty.
Result<JudgedImport> judge_access(const ImportRequest& request);

}  // namespace memdb::config
