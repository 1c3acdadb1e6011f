#include "control/loopback_handler.hpp"

#include "base/ip_network.hpp"

#include <algorithm>

namespace memdb::control {
namespace {

bool is_localhost(std::string_view name) noexcept {
    constexpr std::string_view wanted = "localhost";
    return std::equal(name.begin(), name.end(), wanted.begin(), wanted.end(),
                      [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
}

}  // namespace

bool is_loopback_host(std::string_view host) noexcept {
    const auto bracket = host.rfind(']');
    const auto colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
    if (colon != std::string_view::npos) {
        const std::string_view port = host.substr(colon + 1);
        if (port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != std::string_view::npos)
            return false;
        host = host.substr(0, colon);
    }
    if (host == "[::1]" || is_localhost(host)) return true;
    const auto address = parse_address(host);
    return address && !address->is_v6 && is_loopback(*address);
}

Answer handle_loopback(const Request& request, Right, const Snapshot& snapshot) {
    if (!is_loopback_host(request.host))
        return error_reply(ErrorCode::not_permitted, "the Host header must be localhost, 127.0.0.1 or [::1]");
    const std::string_view path = request.target.substr(0, request.target.find('?'));
    if (path != "/metrics" && path != "/healthz")
        return error_reply(ErrorCode::not_found, "only /metrics and /healthz are here: see memdbd.toml(5)");
    return handle(request, Right::read, snapshot);
}

}  // namespace memdb::control
