#include "config/visible_text.hpp"

#include <fmt/format.h>

namespace memdb::config {

std::string visible_text(std::string_view text, std::size_t limit) {
    std::string shown;
    for (const char c : text.substr(0, limit)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x7f) {
            shown += c;
        } else {
            shown += fmt::format("\\x{:02X}", byte);
        }
    }
    if (text.size() > limit) shown += "...";
    return shown;
}

}  // namespace memdb::config
