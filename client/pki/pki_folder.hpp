// A PKI that easy-rsa keeps: where its files are, what state it is in, and the lock that keeps two memdbctl apart.
// Reads only, but for the lock and for putting away what a revocation leaves behind.
#pragma once

#include "client/descriptor.hpp"
#include "client/local_files.hpp"
#include "client/pki/index_parser.hpp"

#include <string>
#include <vector>

namespace memdb::client::pki {

enum class PkiState : std::uint8_t {
    absent,      ///< nothing there, or an empty folder
    foreign,     ///< something else is there
    without_ca,  ///< init-pki was run, build-ca was not
    half_ca,     ///< a CA's key without its certificate, or the other way round, or without a database
    complete
};

class PkiFolder {
  public:
    /// @param path  absolute
    explicit PkiFolder(std::string path) : path_(std::move(path)) {}

    /// Where memdbctl keeps its own: $XDG_DATA_HOME/memdbctl/pki, else ~/.local/share/memdbctl/pki.
    static std::string default_path();

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string ca_certificate() const { return path_ + "/ca.crt"; }
    [[nodiscard]] std::string ca_key() const { return path_ + "/private/ca.key"; }
    [[nodiscard]] std::string index() const { return path_ + "/index.txt"; }
    [[nodiscard]] std::string crl() const { return path_ + "/crl.pem"; }
    [[nodiscard]] std::string certificate(const std::string& name) const { return path_ + "/issued/" + name + ".crt"; }
    [[nodiscard]] std::string key(const std::string& name) const { return path_ + "/private/" + name + ".key"; }
    [[nodiscard]] std::string request(const std::string& name) const { return path_ + "/reqs/" + name + ".req"; }

    [[nodiscard]] PkiState state() const;
    /// Nothing when it can sign; else what is missing and what to do. Exit::failed.
    [[nodiscard]] Outcome<void> check_complete() const;
    [[nodiscard]] Outcome<std::vector<IndexEntry>> entries() const;
    /// The text of a certificate by its serial, wherever easy-rsa put it; empty when it is nowhere.
    [[nodiscard]] std::string find_certificate(const IndexEntry& entry) const;
    /// Waits up to `patience` for another memdbctl. Held as long as the descriptor lives.
    [[nodiscard]] Outcome<Descriptor> lock(Duration patience = 30s) const;

    /// After a revocation: gives the name free as most versions of easy-rsa do themselves (3.2.0 to 3.2.3 do not).
    /// Only files that belong to that certificate are moved to revoked/, none is deleted or written over.
    /// @return the paths that were moved.
    [[nodiscard]] std::vector<std::string> put_away(const std::string& name, const std::string& serial,
                                                    const std::string& certificate_pem) const;

  private:
    std::string path_;
};

}  // namespace memdb::client::pki
