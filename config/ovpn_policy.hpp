// A lexed OpenVPN configuration, judged against an allow-list, and written again from scratch (design §9.2).
//
// In: directives from ovpn_lexer, untrusted. Out: the few values that memdbd takes over, or the first refused line.
// What is written comes from those values alone; not a byte of the user's file is copied. Opens no file.
#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"
#include "config/ovpn_lexer.hpp"
#include "config/profile.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::config {

/// verify-x509-name.
struct ServerName {
    std::string name;
    std::string type = "subject";  ///< "name", "name-prefix" or "subject" (openvpn's default)
    bool operator==(const ServerName&) const = default;
};

/// mssfix SIZE [mtu|fixed].
struct MssFix {
    std::uint32_t size = 0;
    std::string mode;
    bool operator==(const MssFix&) const = default;
};

struct ImportedConfig {
    std::vector<Remote> remotes;  ///< 1 … kRemoteLimit, in the file's order
    bool random_hostname = false;
    std::optional<ServerName> server_name;
    std::string cipher;           ///< empty: openvpn's default
    std::string data_ciphers;     ///< "A:B"; empty: openvpn's default
    std::string auth;             ///< empty: openvpn's default
    std::string tls_version_min;  ///< "1.2" or "1.3"
    std::optional<std::uint32_t> reneg_sec;
    std::optional<MssFix> mssfix;
    std::string ca_pem;                 ///< 64 columns, no dumps
    std::string cert_pem;               ///< <cert> as it was; empty when absent or blank
    Secret<> key_pem;                   ///< <key> as it was; empty when absent or blank
    std::vector<std::string> warnings;  ///< one line each: what was left out, and why
};

enum class CredentialSource : std::uint8_t {
    given,   ///< certificate and key come with the request; cert and key lines of the file do not count
    inside,  ///< they must be in the file, as <cert> and <key>
};

/// Judges `directives`.
///
/// @return Errc::bad_input "FILE:LINE: NAME is refused: reason", with the other refused lines' numbers behind it.
Result<ImportedConfig> judge_ovpn(const std::vector<Directive>& directives, std::string_view file_name,
                                  CredentialSource source);

/// Writes client.ovpn: no remote, certificate, key or management, which are given on the command line.
std::string emit_ovpn(const ImportedConfig& config);

}  // namespace memdb::config
