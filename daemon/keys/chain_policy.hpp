// Whether a certificate was issued by one of the given CAs, and by which. Pure: OpenSSL's own path building, with no
// other trust than those CAs and no other time than `now`.
#pragma once

#include "base/time.hpp"
#include "keys/certificate.hpp"

#include <string>
#include <vector>

namespace memdb::keys {

struct ChainVerdict {
    bool verified = false;
    std::string authority;  ///< subject of the given CA that the chain ends at; only when verified
    std::string problem;    ///< one phrase, OpenSSL's own but for the usual one; only when not verified
    bool operator==(const ChainVerdict&) const = default;
};

/// @param own          a certificate and what came with it: its first one is judged, for client use, the others may
///                     help.
/// @param authorities  trusted when they are CAs, also an intermediate one; others among them do not count.
/// @return never fails: whatever cannot be read is not verified.
ChainVerdict verify_chain(const std::vector<Certificate>& own, const std::vector<Certificate>& authorities,
                          WallTime now);

}  // namespace memdb::keys
