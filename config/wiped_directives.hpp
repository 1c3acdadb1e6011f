// Directives whose inline blocks are wiped with them: a key must not outlive the call in freed memory.
#pragma once

#include "base/secret.hpp"
#include "config/ovpn_lexer.hpp"

#include <utility>
#include <vector>

namespace memdb::config {

struct WipedDirectives {
    std::vector<Directive> list;
    explicit WipedDirectives(std::vector<Directive> directives) : list(std::move(directives)) {}
    WipedDirectives(const WipedDirectives&) = delete;
    WipedDirectives& operator=(const WipedDirectives&) = delete;
    WipedDirectives(WipedDirectives&&) = delete;
    WipedDirectives& operator=(WipedDirectives&&) = delete;
    ~WipedDirectives() {
        for (Directive& directive : list) {
            if (directive.inline_text) wipe(*directive.inline_text);
        }
    }
};

}  // namespace memdb::config
