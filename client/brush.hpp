// Colours and symbols in one style, for the files that render text for people. Pure.
#pragma once

#include "client/render.hpp"
#include "client/text.hpp"
#include "control/snapshot.hpp"
#include "health/finding.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace memdb::client {

enum class Paint : std::uint8_t { plain, good, bad, warn, dim };

/// Text and symbols in one style.
class Brush {
  public:
    explicit Brush(const Style& style) : style_(style) {}

    [[nodiscard]] std::string paint(std::string_view text, Paint paint) const {
        if (!style_.colour || paint == Paint::plain) return std::string(text);
        return std::string(code(paint)) + std::string(text) + "\x1b[0m";
    }
    [[nodiscard]] std::string text(std::string_view from_elsewhere) const {
        return clean(from_elsewhere, !style_.utf8);
    }
    [[nodiscard]] std::string_view arrow() const { return style_.utf8 ? "→" : "->"; }

    [[nodiscard]] std::string_view symbol(control::LayerState state) const {
        switch (state) {
            case control::LayerState::ok: return style_.utf8 ? "✓" : "ok";
            case control::LayerState::failed: return style_.utf8 ? "✗" : "x";
            case control::LayerState::unknown: return style_.utf8 ? "–" : "-";
            case control::LayerState::skipped: return style_.utf8 ? "·" : ".";
        }
        return "?";
    }
    [[nodiscard]] std::string_view symbol(health::Severity severity) const {
        switch (severity) {
            case health::Severity::info: return style_.utf8 ? "·" : ".";
            case health::Severity::warning: return "!";
            case health::Severity::error: return style_.utf8 ? "✗" : "x";
        }
        return "?";
    }

  private:
    static std::string_view code(Paint paint) {
        switch (paint) {
            case Paint::plain: return "";
            case Paint::good: return "\x1b[32m";
            case Paint::bad: return "\x1b[1;31m";
            case Paint::warn: return "\x1b[33m";
            case Paint::dim: return "\x1b[2m";
        }
        return "";
    }
    const Style& style_;
};

}  // namespace memdb::client
