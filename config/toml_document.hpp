// A TOML text parsed at the edge: exceptions of toml++ become Failures, problems are collected with their lines.
//
// Shared by settings_parser and profile_parser. Opens no file.
#pragma once

#include "base/error.hpp"

#include <toml++/toml.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace memdb::config {

/// Collects "line: key: reason" and makes one Failure of them.
class TomlProblems {
  public:
    explicit TomlProblems(std::string_view file_name);

    /// @param line  0 when the problem is no line's in particular.
    void add(std::size_t line, std::string_view key, std::string_view reason);
    [[nodiscard]] bool empty() const noexcept { return problems_.empty(); }

    /// One line for each problem, in order of the lines, at most ten and the number of the others.
    [[nodiscard]] Failure failure() const;

  private:
    std::string file_name_;
    std::vector<std::pair<std::size_t, std::string>> problems_;
};

/// Parses `text`. Errc::too_large above `limit` bytes, Errc::bad_input "FILE:LINE: reason" for a syntax error.
Result<toml::table> parse_toml(std::string_view text, std::string_view file_name, std::size_t limit);

/// The line where `node` begins.
std::size_t line_of(const toml::node& node) noexcept;

/// "a string", "an integer", …
std::string_view kind_of(const toml::node& node) noexcept;

/// The integer in `node`; else, or outside min…max, a problem and nothing.
std::optional<std::int64_t> read_integer(const toml::node& node, std::string_view key, std::int64_t min,
                                         std::int64_t max, TomlProblems& problems);

/// The text in `node`; else a problem and nothing.
std::optional<std::string> read_text(const toml::node& node, std::string_view key, TomlProblems& problems);

/// The texts in the array `node`, at most `limit`; else a problem and nothing.
std::optional<std::vector<std::string>> read_texts(const toml::node& node, std::string_view key, std::size_t limit,
                                                   TomlProblems& problems);

/// The yes or no in `node`; else a problem and nothing.
std::optional<bool> read_bool(const toml::node& node, std::string_view key, TomlProblems& problems);

}  // namespace memdb::config
