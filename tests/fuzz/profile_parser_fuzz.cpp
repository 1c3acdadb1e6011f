// Any bytes as profile.toml: whatever is accepted is written and read back the same.
#include "config/profile_parser.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string text(bytes, bytes + size);
    const auto profile = memdb::config::parse_profile(text, "profile.toml");
    if (!profile) return 0;
    const auto again = memdb::config::parse_profile(memdb::config::write_profile(*profile), "profile.toml");
    if (!again || *again != *profile) std::abort();
    return 0;
}
