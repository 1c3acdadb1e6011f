// What a certificate is for, and what a revocation list says: the few facts that keys/certificate does not tell. Pure.
#pragma once

#include "base/error.hpp"
#include "base/time.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::client::pki {

enum class CertificateKind : std::uint8_t { client, server, both, authority, other };

struct CertificateUse {
    CertificateKind kind = CertificateKind::other;
    std::vector<std::string> dns_names;  ///< of the subject alternative name
    std::string serial;                  ///< hex, upper case, as in index.txt
    bool operator==(const CertificateUse&) const = default;
};

/// Of the first certificate in `pem`; text around it is skipped. Errc::bad_input.
Result<CertificateUse> certificate_use(std::string_view pem);

/// Whether the key in the certificate request is that of the first certificate; false for anything unreadable.
bool same_key(std::string_view request_pem, std::string_view certificate_pem);

struct CrlFacts {
    WallTime last_update{};
    std::optional<WallTime> next_update;
    std::size_t entries = 0;
    bool operator==(const CrlFacts&) const = default;
};

/// Errc::bad_input when there is no revocation list in `pem`, or one that cannot be read.
Result<CrlFacts> crl_facts(std::string_view pem);

/// The serial numbers on the list, hex, upper case. Errc::bad_input as above.
Result<std::vector<std::string>> revoked_serials(std::string_view pem);

std::string_view to_string(CertificateKind kind) noexcept;

}  // namespace memdb::client::pki
