#include "config/change_policy.hpp"

#include "config/endpoint_parser.hpp"
#include "config/import_policy.hpp"

#include <algorithm>

namespace memdb::config {
namespace {

constexpr std::size_t kSignerLimit = 512;

/// What the profile has at this endpoint; nullptr: nothing.
const Cluster* known_at(const Profile& profile, const std::string& text) {
    const auto endpoint = parse_endpoint(text, kRedisPort);
    const auto known = std::find_if(profile.clusters.begin(), profile.clusters.end(), [&](const Cluster& cluster) {
        return endpoint && cluster.host == endpoint->host && cluster.port == endpoint->port;
    });
    return known == profile.clusters.end() ? nullptr : &*known;
}

ClusterRequest request_of(const Cluster& cluster) {
    ClusterRequest request{endpoint_text(cluster.host, cluster.port), cluster.user, cluster.tls, false, "", ""};
    if (!cluster.iam) return request;
    request.iam = true;
    request.iam_cluster = cluster.iam->cluster;
    request.iam_region = cluster.iam->region;
    return request;
}

/// How the users of `wanted` log in from now on.
void change_auth(std::vector<ClusterRequest>& wanted, const ProfileChange& change) {
    const bool no_user = change.user && change.user->empty();
    const bool by_password = change.auth ? *change.auth == UserAuth::password : change.password.has_value();
    for (ClusterRequest& cluster : wanted) {
        if (no_user || by_password) {
            cluster.iam = false;
            cluster.iam_cluster.clear();
            cluster.iam_region.clear();
        } else if (change.auth) {
            cluster.iam = true;
        }
        if (change.iam_cluster) cluster.iam_cluster = *change.iam_cluster;
        if (change.iam_region) cluster.iam_region = *change.iam_region;
    }
}

/// The clusters that will be. A new one has the user that the first one has now, unless another is given.
std::vector<ClusterRequest> wanted_clusters(const Profile& now, const ProfileChange& change) {
    std::vector<ClusterRequest> wanted;
    if (!change.clusters) {
        for (const Cluster& cluster : now.clusters) {
            wanted.push_back(request_of(cluster));
        }
    } else {
        for (const ClusterChange& given : *change.clusters) {
            ClusterRequest next{given.endpoint, "", ClusterTls::on, false, "", ""};
            if (!now.clusters.empty()) {
                next.user = now.clusters.front().user;
                next.iam = now.clusters.front().iam.has_value();  // its own name: as its endpoint tells
            }
            if (const Cluster* known = known_at(now, given.endpoint)) next = request_of(*known);
            next.tls = given.tls.value_or(next.tls);
            wanted.push_back(std::move(next));
        }
    }
    if (change.user) {
        for (ClusterRequest& cluster : wanted) cluster.user = *change.user;
    }
    change_auth(wanted, change);
    return wanted;
}

/// Whether the stored password would go where nobody who knows it let it: to another endpoint, to whoever another CA
/// vouches for, or past TLS. Who may change a profile has not thereby seen its password, and must not come to see it
/// so.
///
/// @param ca_pem  the one given, as it is stored: the file it came in may have had words beside its certificates.
bool leads_astray(const ProfileContents& stored, const ProfileChange& change, const std::vector<ClusterRequest>& wanted,
                  const std::string& ca_pem) {
    if (change.password || stored.password.empty()) return false;
    const bool other_ca = change.cluster_ca_pem && ca_pem != stored.cluster_ca_pem;
    return std::any_of(wanted.begin(), wanted.end(), [&](const ClusterRequest& next) {
        if (next.user.empty() || next.iam) return false;
        const Cluster* known = known_at(stored.profile, next.endpoint);
        const bool gets_it_now = known != nullptr && !known->user.empty() && !known->iam;
        return other_ca || !gets_it_now || (next.tls == ClusterTls::off && known->tls != ClusterTls::off);
    });
}

/// Who signs, and whether the old certificate is revoked then.
Result<void> change_signing(Profile& profile, const ProfileChange& change, std::uint32_t uid) {
    if (!change.signer && !change.revoke_old) return {};
    if (profile.kind == ProfileKind::direct) {
        return Failure{Errc::bad_input, "a direct profile has no key, and so nothing to sign or to revoke"};
    }
    if (change.signer) {
        if (const auto good = check_signer(*change.signer); !good) return good.error();
        profile.signer = *change.signer;
        profile.signer_uid = uid;
    }
    if (change.revoke_old.value_or(false) && !can_revoke(profile.signer)) {
        return Failure{Errc::bad_input,
                       "revoking the old certificate needs the signer pki:/DIR: another CA revokes by its own means"};
    }
    if (change.revoke_old) {
        profile.revoke_old = *change.revoke_old;
        profile.revoke_old_uid = uid;
    }
    if (!can_revoke(profile.signer)) profile.revoke_old = false;
    if (!profile.revoke_old) profile.revoke_old_uid = 0;
    return {};
}

}  // namespace

Result<ProfileContents> judge_change(const ProfileContents& stored, const ProfileChange& change, std::uint32_t uid) {
    if (!change.clusters && !change.user && !change.password && !change.cluster_ca_pem && !change.signer &&
        !change.revoke_old && !change.auth && !change.iam_cluster && !change.iam_region) {
        return Failure{
            Errc::bad_input,
            "nothing to change: give --cluster, --user, --password-file, --iam, --ca, --signer or --revoke-old"};
    }
    ImportRequest whole;
    whole.clusters = wanted_clusters(stored.profile, change);
    if (change.password) {
        whole.password = *change.password;
    } else if (std::any_of(whole.clusters.begin(), whole.clusters.end(),
                           [](const ClusterRequest& cluster) { return !cluster.user.empty() && !cluster.iam; })) {
        whole.password = stored.password;
    }
    whole.password_is_named = change.password_is_named;
    whole.cluster_ca_pem = change.cluster_ca_pem.value_or(stored.cluster_ca_pem);
    auto judged = judge_access(whole);
    if (!judged) return judged.error();
    const bool astray = leads_astray(stored, change, whole.clusters, judged->cluster_ca_pem);
    if (astray && change.password_is_named) {  // forgotten, or it would go there once it is not named any more
        judged->password = {};
        judged->profile.has_password = false;
    } else if (astray) {
        return Failure{Errc::bad_input,
                       "the stored password is for the clusters and the CA that it was given with: give it again, with "
                       "--password-file"};
    }

    ProfileContents next{stored.profile, std::move(judged->password), std::move(judged->cluster_ca_pem)};
    next.profile.clusters = std::move(judged->profile.clusters);
    next.profile.has_password = judged->profile.has_password;
    next.profile.has_cluster_ca = judged->profile.has_cluster_ca;
    ++next.profile.revision;
    if (const auto good = change_signing(next.profile, change, uid); !good) return good.error();
    return next;
}

bool can_revoke(std::string_view signer) noexcept { return signer.starts_with("pki:"); }

Result<void> check_signer(std::string_view text) {
    const auto names = [&](std::string_view prefix, std::string_view begin) {
        return text.starts_with(prefix) && text.substr(prefix.size()).starts_with(begin) &&
               text.size() > prefix.size() + begin.size();
    };
    // It is written into profile.toml without escaping, and shown.
    const auto is_odd = [](char c) { return c < 0x20 || c > 0x7e || c == '"' || c == '\\'; };
    const bool good = text.size() <= kSignerLimit && std::none_of(text.begin(), text.end(), is_odd) &&
                      (text == "manual" || names("pki:", "/") || names("command:", "/") || names("acm-pca:", "arn:"));
    if (good) return {};
    return Failure{Errc::bad_input,
                   "the signer must be manual, pki:/ABSOLUTE/DIR, acm-pca:arn:..., or command:/ABSOLUTE/PROGRAM, in at "
                   "most 512 plain characters"};
}

}  // namespace memdb::config
