// The last lines of the log, in memory, bounded in number and in bytes. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace memdb {

inline constexpr std::size_t kLogLines = 1000;
inline constexpr std::size_t kLogBytes = 192 * 1024;  ///< of all lines together
inline constexpr std::size_t kLogLineBytes = 2048;    ///< of one; what is longer is cut

class LogRing {
  public:
    /// Forgets the oldest lines when there are too many. A newline at the end is left out.
    void add(std::string_view line);

    [[nodiscard]] const std::deque<std::string>& lines() const { return lines_; }  ///< oldest first
    [[nodiscard]] std::uint64_t forgotten() const { return forgotten_; }

  private:
    std::deque<std::string> lines_;
    std::size_t bytes_ = 0;
    std::uint64_t forgotten_ = 0;
};

}  // namespace memdb
