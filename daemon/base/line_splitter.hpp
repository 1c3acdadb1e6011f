// Bytes in any pieces in, whole lines out: LF or CRLF ended, of limited length.
//
// Never holds more than the limit: of an over-long line it reports once that it came, and skips the rest up to its
// end. Knows nothing of what the lines mean.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace memdb {

/// One line without its end; or, when `too_long`, the notice that a line broke the limit (then `text` is empty).
struct SplitLine {
    std::string text;
    bool too_long = false;
    bool operator==(const SplitLine&) const = default;
};

class LineSplitter {
  public:
    /// @param limit  bytes of a line without its end; a longer one is skipped and reported as too_long.
    explicit LineSplitter(std::size_t limit) : limit_(limit) {}

    /// Takes the next bytes and returns the lines they complete, in order. A too_long notice comes as soon as the
    /// limit is broken, not at the end of that line.
    [[nodiscard]] std::vector<SplitLine> feed(std::string_view bytes);

    /// Bytes held of a line that has not ended; at most the limit, plus one for a CR.
    [[nodiscard]] std::size_t held() const noexcept { return line_.size(); }

  private:
    std::size_t limit_;
    std::string line_;
    bool skipping_ = false;
};

}  // namespace memdb
