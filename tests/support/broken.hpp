// What does not hold, in words: for invariants that unit tests and fuzzers share. Needs no gtest.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

namespace memdb::tests {

class Broken {
  public:
    void unless(bool holds, std::string_view what) {
        if (!holds) text_.append(text_.empty() ? "" : "; ").append(what);
    }
    void when(bool fails, std::string_view what) { unless(!fails, what); }

    /// Empty: all of it holds.
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

  private:
    std::string text_;
};

/// How many of `actions`, a list of variants, are an `Action`.
template <class Action, class Actions>
[[nodiscard]] std::ptrdiff_t count(const Actions& actions) {
    std::ptrdiff_t found = 0;
    for (const auto& action : actions) found += std::holds_alternative<Action>(action) ? 1 : 0;
    return found;
}

}  // namespace memdb::tests
