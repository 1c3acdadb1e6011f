#include "host/route.hpp"

namespace memdb::host {

std::string to_string(const Route& route) {
    std::string text = is_default(route) ? "default" : to_string(route.to);
    if (route.gateway) text += " via " + to_string(*route.gateway);
    if (!route.device.empty()) text += " dev " + route.device;
    return text;
}

}  // namespace memdb::host
