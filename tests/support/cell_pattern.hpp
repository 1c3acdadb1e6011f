// Every combination of a few named dimensions, and patterns over them: "*", "a|b", "!a|b", one for each dimension.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::tests {

struct Dimension {
    std::string_view name;
    std::vector<std::string_view> words;
};

/// One combination: an index into the words of each dimension.
using Cell = std::vector<std::size_t>;

class Grid {
  public:
    explicit Grid(std::vector<Dimension> dimensions) : dimensions_(std::move(dimensions)) {}

    [[nodiscard]] std::string_view word(const Cell& cell, std::size_t dimension) const {
        return dimensions_[dimension].words[cell[dimension]];
    }

    /// For people: "way=no link=grows …".
    [[nodiscard]] std::string text(const Cell& cell) const {
        std::string out;
        for (std::size_t i = 0; i < cell.size(); ++i)
            out += std::string(i > 0 ? " " : "") + std::string(dimensions_[i].name) + "=" + std::string(word(cell, i));
        return out;
    }

    template <class Visit>
    void for_each(Visit visit) const {
        for (Cell cell(dimensions_.size(), 0);;) {
            visit(cell);
            std::size_t i = cell.size();
            while (i > 0 && ++cell[i - 1] == dimensions_[i - 1].words.size()) cell[--i] = 0;
            if (i == 0) return;
        }
    }

    /// One bit for each word that pattern `text` of `dimension` lets through. Throws on a word that is none.
    [[nodiscard]] std::uint32_t mask(std::size_t dimension, std::string_view text) const {
        const std::vector<std::string_view>& words = dimensions_[dimension].words;
        const std::uint32_t all = (1U << words.size()) - 1;
        if (text == "*") return all;
        const bool negated = text.starts_with('!');
        if (negated) text.remove_prefix(1);
        std::uint32_t out = 0;
        while (!text.empty()) {
            const std::size_t end = std::min(text.find('|'), text.size());
            const std::string_view wanted = text.substr(0, end);
            std::uint32_t bit = 0;
            for (std::size_t i = 0; i < words.size(); ++i)
                if (words[i] == wanted) bit = 1U << i;
            if (bit == 0)
                throw std::invalid_argument(std::string(dimensions_[dimension].name) + " has no " +
                                            std::string(wanted));
            out |= bit;
            text.remove_prefix(std::min(end + 1, text.size()));
        }
        return negated ? all & ~out : out;
    }

    [[nodiscard]] const std::vector<Dimension>& dimensions() const noexcept { return dimensions_; }

  private:
    std::vector<Dimension> dimensions_;
};

/// A row's patterns, ready to be matched.
class Pattern {
  public:
    template <class Texts>
    Pattern(const Grid& grid, const Texts& texts) {
        std::size_t i = 0;
        for (const std::string_view text : texts) masks_.push_back(grid.mask(i++, text));
    }
    [[nodiscard]] bool matches(const Cell& cell) const {
        for (std::size_t i = 0; i < masks_.size(); ++i)
            if ((masks_[i] >> cell[i] & 1U) == 0) return false;
        return true;
    }

  private:
    std::vector<std::uint32_t> masks_;
};

}  // namespace memdb::tests
