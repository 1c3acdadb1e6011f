// easy-rsa's index.txt, which is `openssl ca`'s database: one certificate a line, TAB-separated. Pure.
//
//     V  290225123430Z                            2838…  unknown  /CN=c1
//     R  290225123430Z  261123123430Z,superseded  2838…  unknown  /CN=c1
//
// The status stays V after expiry until somebody runs update-db: status_at() judges by the date.
#pragma once

#include "base/error.hpp"
#include "base/time.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::client::pki {

inline constexpr std::size_t kIndexLimit = 32 * 1024 * 1024;  ///< bytes
inline constexpr std::size_t kIndexLineLimit = 4096;          ///< bytes

enum class CertificateStatus : std::uint8_t { valid, revoked, expired };

struct IndexEntry {
    CertificateStatus status{};
    WallTime expires{};
    std::optional<WallTime> revoked_at;  ///< exactly when revoked
    std::string reason;                  ///< empty: none was given
    std::string serial;                  ///< hex, upper case
    std::string subject;                 ///< "/CN=c1"
    std::string common_name;             ///< "c1"; empty when there is none
    bool operator==(const IndexEntry&) const = default;
};

/// Every entry, in order. A file without a byte has none; the last line may lack its newline.
/// @return Errc::malformed with the line's number, Errc::too_large. Failures never quote the text.
Result<std::vector<IndexEntry>> parse_index(std::string_view text);

/// "YYMMDDHHMMSSZ" (1950 to 2049) or "YYYYMMDDHHMMSSZ". Nothing for anything else, a 31st of June included.
std::optional<WallTime> parse_asn1_time(std::string_view text) noexcept;

/// `expired` also for a valid one whose time has passed.
CertificateStatus status_at(const IndexEntry& entry, WallTime now) noexcept;

/// The last entry of that name that is not revoked; null when there is none.
const IndexEntry* find_in_force(const std::vector<IndexEntry>& entries, std::string_view name) noexcept;
const IndexEntry* find_serial(const std::vector<IndexEntry>& entries, std::string_view serial) noexcept;

std::string_view to_string(CertificateStatus status) noexcept;

}  // namespace memdb::client::pki
