// A datagram as if from the kernel. A route that was understood must come back equal through its own request.
#include "host/host_change_tracker.hpp"
#include "host/netlink_codec.hpp"

#include <cstdint>
#include <cstdlib>
#include <span>

using namespace memdb::host;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const auto messages = parse_netlink(std::as_bytes(std::span(bytes, size)));
    if (!messages) return 0;
    HostChangeTracker tracker;
    for (const NetlinkMessage& message : *messages) {
        (void)tracker.take(message);
        const auto* told = std::get_if<RouteMessage>(&message.body);
        if (told == nullptr) continue;
        for (Route& route : routes_of(*told)) {
            const auto again = parse_netlink(encode_add(route, 1, 0));
            route.one_of_several = false;
            if (!again || routes_of(std::get<RouteMessage>(again->front().body)) != std::vector{route}) std::abort();
        }
    }
    return 0;
}
