// Any bytes as memdbd.toml: settings within their ranges, or a message that is printable.
#include "config/settings_parser.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string text(bytes, bytes + size);
    const auto settings = memdb::config::parse_settings(text, "memdbd.toml");
    if (settings) {
        if (settings->tunnel.first_backoff > settings->tunnel.longest_backoff) std::abort();
        return 0;
    }
    for (const char c : settings.error().message) {
        if (c != '\n' && (c < 0x20 || c > 0x7e)) std::abort();
    }
    return 0;
}
