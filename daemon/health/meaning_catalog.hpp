// What each finding means, at length: docs/troubleshooting.md is made of this and of the catalogue, by
// tests/unit/doc_pages_test.cpp. Nothing of it is needed to run.
#pragma once

#include <span>
#include <string_view>

namespace memdb::health {

struct Meaning {
    std::string_view code;
    std::string_view means;   ///< which symptom, which typical causes: whole sentences
    std::string_view itself;  ///< what memdbd does about it without being asked: whole sentences
    std::string_view prints;  ///< what openvpn, AWS, redis-cli print for it, one a line; may be empty
    std::string_view causes;  ///< where the wire cannot tell: suspects, the likeliest first, one a line; may be empty
};

/// One for each code of the catalogue; a test holds that.
std::span<const Meaning> meanings() noexcept;

/// Null for a code without one.
const Meaning* find_meaning(std::string_view code) noexcept;

}  // namespace memdb::health
