// A `profile set` judged as a whole against the stored profile, before anything is written. The sentences are those of
// the import, because config/import_policy judges what would come out. Touches no file.
#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"
#include "config/profile.hpp"
#include "config/profile_change.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace memdb::config {

/// The profile as it is stored, with what lies in files of its own.
struct ProfileContents {
    Profile profile;
    Secret<> password;           ///< empty unless profile.has_password
    std::string cluster_ca_pem;  ///< empty unless profile.has_cluster_ca
};

/// The profile after `change`, all of it, under the next revision.
///
/// @param uid  of the process that asks; kept with a signer, and with a wish to revoke, that it sets.
/// @return Errc::bad_input (or too_large, malformed) with one sentence for a person; also when nothing is asked for.
Result<ProfileContents> judge_change(const ProfileContents& stored, const ProfileChange& change, std::uint32_t uid);

/// Whether the PKI of `signer` is one where memdbctl can revoke: "pki:/DIR".
bool can_revoke(std::string_view signer) noexcept;

/// Whether `text` is a signer: see ProfileChange::signer. Errc::bad_input says what is expected.
Result<void> check_signer(std::string_view text);

}  // namespace memdb::config
