// A record on disk, as a crash or a person may have left it. What was accepted must come back equal through its own
// JSON, and must be planned without harm.
#include "host/cleanup_policy.hpp"
#include "host/host_footprint.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace memdb::host;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const auto footprint = parse_footprint({reinterpret_cast<const char*>(bytes), size});
    if (!footprint) return 0;
    const auto again = parse_footprint(to_json(*footprint));
    if (!again || *again != *footprint) std::abort();
    for (const CleanupAction& action : plan_cleanup(*footprint, {.routes = footprint->default_routes}))
        if (!std::holds_alternative<RestoreRoute>(action) && !std::holds_alternative<RemoveRoute>(action)) std::abort();
    return 0;
}
