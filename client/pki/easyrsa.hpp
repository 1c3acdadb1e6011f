// The easyrsa program of this machine: found, asked for its version, run. Versions 3.1.0 and later.
//
// It gets a clean environment (nothing of the caller's EASYRSA_* or OPENSSL_* counts), an argument vector, no terminal
// and no stdin. A vars file is a shell script, which easy-rsa looks for in several places: the one it is told to use is
// ours, and empty. (3.1.0 and 3.2.7 heed EASYRSA_NO_VARS, 3.2.2 does not.) Blocking.
#pragma once

#include "client/child_process.hpp"
#include "client/local_files.hpp"

#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace memdb::client::pki {

struct EasyrsaVersion {
    int major = 0, minor = 0, patch = 0;
    bool operator==(const EasyrsaVersion&) const = default;
    bool operator<(const EasyrsaVersion& other) const {
        return std::tie(major, minor, patch) < std::tie(other.major, other.minor, other.patch);
    }
};

/// "3.1.0" of "Version:     3.1.0"; nothing when there is no such line.
std::optional<EasyrsaVersion> parse_version(std::string_view text) noexcept;

/// What easy-rsa said went wrong: the paragraph after "Easy-RSA error:", else its last line. One line.
std::string easyrsa_complaint(const ChildEnd& end);

/// Environment settings of one run, such as {"EASYRSA_CRL_DAYS", "30"}.
using Settings = std::vector<std::pair<std::string, std::string>>;

class Easyrsa {
  public:
    /// @param asked  --easyrsa; empty: "easyrsa" in PATH, then Debian's /usr/share/easy-rsa/easyrsa.
    /// @return Exit::failed with what to install, or why the one found will not do.
    static Outcome<Easyrsa> find(const std::string& asked);

    /// `easyrsa WORDS` on the PKI in `folder`, an absolute path.
    Outcome<void> run(const std::string& folder, const std::vector<std::string>& words, const Settings& settings = {},
                      Duration limit = 2min) const;

    [[nodiscard]] const std::string& program() const { return program_; }
    [[nodiscard]] const EasyrsaVersion& version() const { return version_; }

  private:
    Easyrsa(std::string program, ScratchFolder scratch) : program_(std::move(program)), scratch_(std::move(scratch)) {}
    [[nodiscard]] std::vector<std::string> environment(const std::string& folder, const Settings& settings) const;

    std::string program_;
    ScratchFolder scratch_;  ///< holds the empty vars file
    EasyrsaVersion version_;
};

}  // namespace memdb::client::pki
