// Text on its way into a page of HTML or SVG. Pure.
#pragma once

#include <string>
#include <string_view>

namespace memdb::client {

/// Text from elsewhere, cleaned and escaped: safe between tags and in a quoted attribute.
std::string html(std::string_view text);

/// A number for a style or an SVG attribute: a point, whatever the locale is, and two digits at most.
std::string number_text(double value);

}  // namespace memdb::client
