// What `profile set` asks for; what the JSON of PATCH /v1/profiles/{p} becomes (design §6, §7).
//
// Contents, never paths. What is absent stays as it is. Nothing in here has been judged yet: config/change_policy does
// that, against the stored profile, and keys/profile_store writes what passed.
#pragma once

#include "base/secret.hpp"
#include "config/profile.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace memdb::config {

struct ClusterChange {
    std::string endpoint;           ///< "HOST[:PORT]" or "[V6][:PORT]", as typed
    std::optional<ClusterTls> tls;  ///< absent: as it is for this endpoint, on for a new one
};

enum class UserAuth : std::uint8_t { password, iam };

struct ProfileChange {
    std::optional<std::vector<ClusterChange>> clusters;  ///< replace the whole list
    std::optional<std::string> user;                     ///< of all clusters; empty: none, and no password
    std::optional<Secret<>> password;                    ///< of that user
    std::optional<UserAuth> auth;                        ///< how that user logs in; a password means password
    std::optional<std::string> iam_cluster;              ///< what a token is signed for, of a user by IAM
    std::optional<std::string> iam_region;               ///< the same; the rest comes from the cluster's endpoint
    bool password_is_named = false;             ///< the agent's own knowledge: memdbd.toml names one for this profile
    std::optional<std::string> cluster_ca_pem;  ///< empty: the system's trust
    std::optional<std::string> signer;          ///< "manual", "pki:/DIR", "acm-pca:ARN", "command:/PROGRAM"
    std::optional<bool> revoke_old;             ///< of a signer "pki:/DIR" only; another one takes it away
};

}  // namespace memdb::config
