// What anybody on this machine may ask over TCP, where [metrics] of memdbd.toml opens it: /metrics and /healthz. Pure.
//
// Nobody is known here by name, so nothing can be changed and nothing else be read. A page in a browser on this machine
// is kept out by the Host header, which names the page's own site also when that resolves to 127.0.0.1.
#pragma once

#include "control/control_handler.hpp"

#include <string_view>

namespace memdb::control {

/// As handle(), for a request over TCP; `right` is of no matter.
[[nodiscard]] Answer handle_loopback(const Request& request, Right right, const Snapshot& snapshot);

/// Whether a Host header names this machine as only it can: localhost, 127.0.0.0/8 or [::1], with a port or without.
[[nodiscard]] bool is_loopback_host(std::string_view host) noexcept;

}  // namespace memdb::control
