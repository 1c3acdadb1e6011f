// What each request is for, in words: docs/api.md is made of this, of control_handler's routes and of field_catalog, by
// tests/unit/doc_pages_test.cpp. Nothing of it is needed to run.
#pragma once

#include "control/api.hpp"

#include <span>
#include <string_view>

namespace memdb::control {

struct RouteText {
    std::string_view method;
    std::string_view path;  ///< as in control_handler's table
    std::string_view about;
    std::string_view body;     ///< of the request; empty: none
    std::string_view answer;   ///< status and body when it goes well
    std::string_view example;  ///< a command for sh, run by tests/system/test_docs.py as it stands; may be empty
};

/// One for each route; a test holds that.
std::span<const RouteText> route_texts() noexcept;

/// Null for a route without one.
const RouteText* find_route_text(std::string_view method, std::string_view path) noexcept;

struct EventText {
    std::string_view type;
    std::string_view about;
};

/// One for each type of event; a test holds that.
std::span<const EventText> event_texts() noexcept;

/// When a request is answered with this code. Whole sentences.
std::string_view meaning_of(ErrorCode code) noexcept;

}  // namespace memdb::control
