#include "base/line_splitter.hpp"

#include <utility>

namespace memdb {

std::vector<SplitLine> LineSplitter::feed(std::string_view bytes) {
    std::vector<SplitLine> lines;
    while (!bytes.empty()) {
        const std::size_t end = bytes.find('\n');
        const std::string_view piece = bytes.substr(0, end);
        const bool ended = end != std::string_view::npos;
        bytes.remove_prefix(ended ? end + 1 : bytes.size());

        if (!skipping_) {
            // One byte more than the limit may be the CR of a CRLF, so it is kept until the next byte decides.
            const std::size_t room = limit_ + 1 - line_.size();
            line_.append(piece.substr(0, room));
            const bool ends_in_cr = !line_.empty() && line_.back() == '\r';
            if (piece.size() > room || (line_.size() > limit_ && !ends_in_cr)) {
                lines.push_back({{}, true});
                line_.clear();
                skipping_ = true;
            }
        }
        if (!ended) break;
        if (!skipping_) {
            if (!line_.empty() && line_.back() == '\r') line_.pop_back();
            lines.push_back({std::move(line_), false});
            line_.clear();
        }
        skipping_ = false;
    }
    return lines;
}

}  // namespace memdb
