// The pages below docs/ that are made from the program's own tables.
#pragma once

#include <string>

namespace memdb::support {

/// Of health/finding_catalog and meaning_catalog.
std::string troubleshooting_page();

/// Of control_handler's routes, route_catalog and field_catalog.
std::string api_page();

}  // namespace memdb::support
