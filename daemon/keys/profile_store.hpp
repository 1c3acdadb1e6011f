// Profiles on disk: STATE_DIR/profiles/P (design §8). In: judged imports and names. Out: profiles with the paths that
// openvpn and the probes need, or why a profile cannot be used.
//
// Every write is whole or not at all, also after a crash. Absent, corrupt and unreadable stay apart. Never logs
// contents. Blocking: a few ms of disk for each call.
#pragma once

#include "base/error.hpp"
#include "base/ip_network.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"
#include "config/change_policy.hpp"
#include "config/import_request.hpp"
#include "config/profile.hpp"
#include "control/snapshot.hpp"
#include "keys/credential_store.hpp"
#include "keys/revocation_list.hpp"
#include "keys/state_lock_store.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::keys {

inline constexpr std::size_t kProfileLimit = 32;  ///< profiles of one agent

/// A profile as it is stored, with what its kind needs.
struct StoredProfile {
    config::Profile profile;
    std::filesystem::path config_path;                     ///< client.ovpn; empty for kind direct
    std::vector<Certificate> authorities;                  ///< of client.ovpn; empty for kind direct
    std::optional<std::filesystem::path> cluster_ca_path;  ///< absent: the system's trust
    std::optional<Result<Generation>> credential;  ///< absent for kind direct; else the one in force or why none
    std::optional<Result<RevocationList>> crl;     ///< absent: none was handed in; else that one, or why it is unusable
};

struct ImportOutcome {
    config::Profile profile;
    std::vector<std::string> warnings;  ///< one line each
};

/// The wish of a profile; `trouble` when the stored one could not be read and the safe one stands in for it.
struct StoredWish {
    control::Wanted wanted = control::Wanted::disconnected;
    std::optional<Failure> trouble;
};

class ProfileStore {
  public:
    /// Locks `state_dir` (which must exist), makes its profiles folder, removes what a crashed import left.
    ///
    /// @return Errc::busy when another memdbd uses it, Errc::io.
    static Result<ProfileStore> open(const std::filesystem::path& state_dir);

    /// Names of the stored profiles, ascending. Folders that are no profile's name are left alone. Errc::io.
    [[nodiscard]] Result<std::vector<std::string>> list() const;

    /// Reads profile `name`.
    ///
    /// @return Errc::not_found, Errc::malformed (damaged: import it again), Errc::io (unreadable). A missing or damaged
    ///         credential is not a failure of the profile: it is in `credential`.
    [[nodiscard]] Result<StoredProfile> load(const std::string& name) const;

    /// Judges and stores `request`, or leaves everything as it was.
    ///
    /// @return Errc::bad_input, too_large, malformed (what config::judge_import says), Errc::already_exists, Errc::io.
    Result<ImportOutcome> import(const config::ImportRequest& request, WallTime now);

    /// Judges `change` against the stored profile `name` and stores it: all of it or nothing, also after a crash.
    ///
    /// @param uid  of the process that asks, kept with a signer.
    /// @return what holds now; Errc::not_found, bad_input, too_large, malformed, io: then nothing has changed.
    Result<config::ProfileContents> change(const std::string& name, const config::ProfileChange& change,
                                           std::uint32_t uid);

    /// Removes profile `name` with its credentials. Errc::not_found, Errc::io.
    Result<void> remove(const std::string& name);

    /// What profile `name` was last asked to be. Absent: disconnected; corrupt or unreadable: disconnected, and why.
    [[nodiscard]] StoredWish wanted(const std::string& name) const;

    /// Stores the wish. Errc::not_found, Errc::io.
    Result<void> set_wanted(const std::string& name, control::Wanted wanted);

    /// The address ranges behind the tunnel, as the endpoint last pushed them: known before the next connection.
    /// Absent: none. Errc::malformed (they are written anew by the next connection), Errc::io.
    [[nodiscard]] Result<std::vector<IpNetwork>> known_ranges(const std::string& name) const;

    /// Errc::not_found, Errc::io.
    Result<void> remember_ranges(const std::string& name, const std::vector<IpNetwork>& ranges);

    /// Judges a certificate revocation list, PEM or DER, and keeps it as profiles/P/crl.pem in place of the one before.
    ///
    /// @return what keys::judge_revocation_list says, Errc::bad_input for a direct profile, Errc::not_found, and
    ///         Errc::malformed or Errc::io of the profile's own files; then nothing has changed.
    Result<RevocationList> store_crl(const std::string& name, std::string_view bytes);

    /// The password for the clusters' users; empty when the profile has none.
    ///
    /// @return Errc::malformed when one is due and absent or too large, Errc::io when it is unreadable.
    [[nodiscard]] Result<Secret<>> cluster_password(const config::Profile& profile) const;

    /// The credentials of profile `name`.
    [[nodiscard]] CredentialStore credentials(const std::string& name) const;

  private:
    ProfileStore(StateLock lock, std::filesystem::path root);
    [[nodiscard]] Result<void> check_exists(const std::string& name) const;
    Result<void> remove_leftovers();
    [[nodiscard]] Result<config::ProfileContents> contents(const std::string& name) const;

    StateLock lock_;
    std::filesystem::path root_;  ///< STATE_DIR/profiles
};

}  // namespace memdb::keys
