// What an admin does with a CA, each in one call on the real easy-rsa: make it, issue, revoke, list what is revoked.
//
// Nothing here deletes or replaces what it did not make itself. What was interrupted half-way is found again by the
// same call, and finished. Blocking: seconds, for a new RSA key.
#pragma once

#include "client/pki/certificate_kind.hpp"
#include "client/pki/easyrsa.hpp"
#include "client/pki/pki_folder.hpp"

#include <optional>
#include <string>
#include <vector>

namespace memdb::client::pki {

enum class Purpose : std::uint8_t { client, server };

struct Issue {
    Purpose purpose = Purpose::client;
    std::string name;                      ///< is_name()
    std::vector<std::string> dns_names{};  ///< server: as well as the name itself
    std::optional<unsigned> days{};        ///< absent: easy-rsa's own 825
    std::string common_name{};             ///< server: another CN than the name of the files; a renewal keeps its CN
};

/// A certificate of a name that can be revoked, or was.
struct Revocable {
    std::string name;
    std::string serial;
    WallTime expires{};
    std::optional<WallTime> revoked_at;  ///< is so already
    std::string pem;                     ///< may be empty when it was revoked before
};

class Authority {
  public:
    /// Finds easy-rsa. `folder` need not exist.
    /// @param easyrsa  --easyrsa, may be empty.
    static Outcome<Authority> open(const std::string& folder, const std::string& easyrsa);

    [[nodiscard]] const PkiFolder& folder() const { return folder_; }
    [[nodiscard]] const Easyrsa& easyrsa() const { return easyrsa_; }

    /// init-pki and build-ca nopass; only build-ca where init-pki was run before. Appears whole or not at all.
    Outcome<void> make(const std::string& common_name, std::optional<unsigned> days) const;

    /// A new key and certificate: issued/NAME.crt, private/NAME.key; both are checked.
    Outcome<void> issue(const Issue& issue) const;

    /// Signs a request that came from elsewhere, for client use. The same request again gives the same certificate.
    /// @return PEM, without easy-rsa's dump.
    Outcome<std::string> sign(const std::string& name, const std::string& request_pem, std::optional<unsigned> days,
                              Duration limit) const;

    Outcome<Revocable> find(const std::string& name) const;
    /// @return the paths that were put away besides what easy-rsa moved itself.
    Outcome<std::vector<std::string>> revoke(const Revocable& certificate, const std::string& reason) const;
    /// gen-crl, and what came of it.
    Outcome<CrlFacts> make_crl(std::optional<unsigned> days) const;

  private:
    Authority(std::string folder, Easyrsa easyrsa) : folder_(std::move(folder)), easyrsa_(std::move(easyrsa)) {}
    [[nodiscard]] Outcome<void> check_free(const std::string& name) const;
    [[nodiscard]] Outcome<void> check_issued(const Issue& issue) const;

    PkiFolder folder_;
    Easyrsa easyrsa_;
};

/// Of crl.pem, which may be missing: Exit::failed.
Outcome<CrlFacts> read_crl(const PkiFolder& folder);

}  // namespace memdb::client::pki
