// What `profile import` and `profile add` ask for; what the JSON of POST /v1/profiles becomes (design §6, §7).
//
// Contents, never paths: memdbctl reads the files as the calling user (design §9.1). Nothing in here has been judged
// yet; config/import_policy does that, keys/profile_store writes what passed.
#pragma once

#include "base/secret.hpp"
#include "config/profile.hpp"

#include <string>
#include <vector>

namespace memdb::config {

struct ClusterRequest {
    std::string endpoint;  ///< "HOST[:PORT]" or "[V6][:PORT]", as typed
    std::string user;      ///< ACL user; may be empty
    ClusterTls tls = ClusterTls::on;
    bool iam = false;         ///< the user logs in by IAM, without a password
    std::string iam_cluster;  ///< with iam: name at AWS; empty: as the endpoint tells
    std::string iam_region;   ///< the same
};

struct ImportRequest {
    std::string name;
    ProfileKind kind = ProfileKind::tunnel;
    std::string ovpn_text;  ///< the whole downloaded file; empty for kind direct
    std::string ovpn_name;  ///< how messages call that file, such as "downloaded-client-config.ovpn"
    std::string cert_pem;   ///< may be empty when the configuration has <cert>
    Secret<> key_pem;       ///< may be empty when the configuration has <key>
    std::vector<ClusterRequest> clusters;
    Secret<> password;               ///< of the ACL user, without the file's last newline; may be empty
    bool password_is_named = false;  ///< the agent's own knowledge: memdbd.toml names one for this profile
    std::string cluster_ca_pem;      ///< trust these instead of the system's; may be empty
};

}  // namespace memdb::config
