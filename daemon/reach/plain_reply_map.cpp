#include "reach/plain_reply_map.hpp"

#include "reach/resp_codec.hpp"

namespace memdb::reach {

std::string plain_reply_in(std::string_view bytes) {
    const std::string_view line = bytes.substr(0, bytes.find('\r'));
    const bool is_error = line.starts_with('-') && line.size() > 1 && line[1] >= 'A' && line[1] <= 'Z';
    return line == "+PONG" || is_error ? one_line(line, 60) : std::string();
}

}  // namespace memdb::reach
