#include "base/dns_server.hpp"

namespace memdb {

std::string to_string(const DnsServer& server) {
    std::string text = to_string(server.address);
    if (server.port == DnsServer::kPort) return text;
    if (server.address.is_v6) text = "[" + text + "]";
    return text + ":" + std::to_string(server.port);
}

}  // namespace memdb
