// A profile's private keys and certificates on disk: credentials/N/{key.pem,cert.pem,meta.json}, `current` (design §8),
// and of a rotation: request/{key.pem,request.pem}, the key that waits for its certificate, and rotation.json.
//
// In: judged credentials. Out: the generation in force, or why there is none. Never decides when to rotate or what to
// remove, never logs contents. Every function blocks for a few ms of disk.
#pragma once

#include "base/error.hpp"
#include "base/time.hpp"
#include "keys/certificate.hpp"
#include "keys/key_request.hpp"
#include "keys/rotation_state.hpp"

#include <filesystem>
#include <optional>
#include <vector>

namespace memdb::keys {

/// One private key with its certificate, as openvpn is given them.
struct Generation {
    unsigned number = 0;  ///< from 1
    std::filesystem::path cert_path;
    std::filesystem::path key_path;
    CertificateInfo info;
    std::vector<Certificate> certificates;  ///< its own, then its chain
    std::optional<WallTime> stored_on;      ///< the day it was stored, 00:00; by the clock of then
};

class CredentialStore {
  public:
    /// @param profile_folder  profiles/P; "credentials" in it need not exist yet.
    explicit CredentialStore(const std::filesystem::path& profile_folder);

    /// The generation that `current` points to, its files read and checked: the key belongs to the certificate, and it
    /// is the certificate that was stored.
    ///
    /// @return Errc::not_found when there is no `current`; Errc::malformed when what is there is damaged;
    ///         Errc::bad_input when the key is another certificate's; Errc::io when it cannot be read. Each means: no
    ///         credential, do not connect.
    [[nodiscard]] Result<Generation> load_current() const;

    /// The same for one generation, in force or not.
    [[nodiscard]] Result<Generation> load(unsigned number) const;

    /// Numbers of the generations on disk, ascending; empty when there is no folder. Errc::io.
    [[nodiscard]] Result<std::vector<unsigned>> list() const;

    /// Writes `credential` as the next generation, durable and complete or not at all. `current` stays as it is.
    /// @return its number, or Errc::io.
    Result<unsigned> add(const Credential& credential, WallTime now);

    /// The same under a number that was promised; what an interrupted rotation left there is replaced, what is in force
    /// never: Errc::already_exists.
    Result<void> add_as(unsigned number, const Credential& credential, WallTime now);

    /// The number that add() would take. Errc::io.
    [[nodiscard]] Result<unsigned> next_number() const;

    /// Puts generation `number` in force in one step. Failures as of load(); then nothing changed.
    Result<void> use(unsigned number);

    /// Removes every generation but these, and what a crash left half made. Errc::io: some may be left.
    /// @param numbers  must hold the one in force, or nothing happens: Errc::internal.
    Result<void> keep_only(const std::vector<unsigned>& numbers);

    /// The key that waits for its certificate. Errc::not_found; Errc::malformed when the two do not belong together.
    [[nodiscard]] Result<KeyRequest> load_request() const;
    /// Writes it, in place of an earlier one. Errc::io.
    Result<void> save_request(const KeyRequest& request);
    /// Removes it; none is no failure. Errc::io.
    Result<void> drop_request();

    /// rotation.json; a state without anything when there is none. Errc::malformed, Errc::io.
    [[nodiscard]] Result<RotationState> load_record() const;
    Result<void> save_record(const RotationState& state);

  private:
    [[nodiscard]] std::filesystem::path folder(unsigned number) const;
    Result<void> make_root();
    Result<void> write_folder(const Credential& credential, const std::filesystem::path& to, WallTime now);
    [[nodiscard]] Result<unsigned> current_number() const;
    [[nodiscard]] std::optional<unsigned> in_force() const;

    std::filesystem::path root_;
};

}  // namespace memdb::keys
