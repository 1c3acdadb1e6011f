#include "config/toml_document.hpp"

#include "config/visible_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace memdb::config {
namespace {

constexpr std::size_t kShownProblems = 10;

}  // namespace

TomlProblems::TomlProblems(std::string_view file_name) : file_name_(visible_text(file_name, 200)) {}

void TomlProblems::add(std::size_t line, std::string_view key, std::string_view reason) {
    const std::string where = line == 0 ? file_name_ : fmt::format("{}:{}", file_name_, line);
    problems_.emplace_back(line, fmt::format("{}: {}: {}", where, visible_text(key), reason));
}

Failure TomlProblems::failure() const {
    auto sorted = problems_;
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });

    std::string message;
    for (std::size_t i = 0; i < std::min(sorted.size(), kShownProblems); ++i) {
        if (i > 0) message += '\n';
        message += sorted[i].second;
    }
    if (sorted.size() > kShownProblems) message += fmt::format("\nand {} more", sorted.size() - kShownProblems);
    return {Errc::bad_input, std::move(message)};
}

Result<toml::table> parse_toml(std::string_view text, std::string_view file_name, std::size_t limit) {
    const std::string name = visible_text(file_name, 200);
    if (text.size() > limit) {
        return Failure{Errc::too_large, fmt::format("{}: {} bytes, at most {} are read", name, text.size(), limit)};
    }
    try {
        return toml::parse(text);
    } catch (const toml::parse_error& error) {
        return Failure{Errc::bad_input, fmt::format("{}:{}: {}", name, error.source().begin.line,
                                                    visible_text(error.description(), 200))};
    } catch (const std::exception& error) {  // toml++ throws others for a few malformed values
        return Failure{Errc::bad_input, fmt::format("{}: not TOML: {}", name, visible_text(error.what(), 200))};
    }
}

std::size_t line_of(const toml::node& node) noexcept { return node.source().begin.line; }

std::string_view kind_of(const toml::node& node) noexcept {
    if (node.is_string()) return "a string";
    if (node.is_integer()) return "an integer";
    if (node.is_floating_point()) return "a number with a fraction";
    if (node.is_boolean()) return "true or false";
    if (node.is_table()) return "a table";
    if (node.is_array()) return "an array";
    return "a date or time";
}

std::optional<std::int64_t> read_integer(const toml::node& node, std::string_view key, std::int64_t min,
                                         std::int64_t max, TomlProblems& problems) {
    const auto* integer = node.as_integer();
    if (integer == nullptr) {
        problems.add(line_of(node), key, fmt::format("must be an integer, is {}", kind_of(node)));
        return std::nullopt;
    }
    const std::int64_t value = integer->get();
    if (value < min || value > max) {
        problems.add(line_of(node), key, fmt::format("must be between {} and {}, is {}", min, max, value));
        return std::nullopt;
    }
    return value;
}

std::optional<std::string> read_text(const toml::node& node, std::string_view key, TomlProblems& problems) {
    const auto* text = node.as_string();
    if (text == nullptr) {
        problems.add(line_of(node), key, fmt::format("must be a string, is {}", kind_of(node)));
        return std::nullopt;
    }
    return text->get();
}

std::optional<std::vector<std::string>> read_texts(const toml::node& node, std::string_view key, std::size_t limit,
                                                   TomlProblems& problems) {
    const auto* array = node.as_array();
    if (array == nullptr) {
        problems.add(line_of(node), key, fmt::format("must be an array of strings, is {}", kind_of(node)));
        return std::nullopt;
    }
    if (array->size() > limit) {
        problems.add(line_of(node), key, fmt::format("has more than {} strings", limit));
        return std::nullopt;
    }
    std::vector<std::string> texts;
    for (const toml::node& item : *array) {
        auto text = read_text(item, key, problems);
        if (!text) return std::nullopt;
        texts.push_back(*std::move(text));
    }
    return texts;
}

std::optional<bool> read_bool(const toml::node& node, std::string_view key, TomlProblems& problems) {
    const auto* boolean = node.as_boolean();
    if (boolean == nullptr) {
        problems.add(line_of(node), key, fmt::format("must be true or false, is {}", kind_of(node)));
        return std::nullopt;
    }
    return boolean->get();
}

}  // namespace memdb::config
