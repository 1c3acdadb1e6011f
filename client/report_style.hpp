// The report's style sheet. Light and dark, narrow and wide, on paper too.
#pragma once

#include <string_view>

namespace memdb::client {

extern const std::string_view kReportStyle;

}  // namespace memdb::client
