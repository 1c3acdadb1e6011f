// Messages of the management socket and lines of openvpn's output to events of the tunnel machine. Pure.
#pragma once

#include "tunnel/management_codec.hpp"
#include "tunnel/tunnel_event.hpp"

#include <optional>
#include <string_view>

namespace memdb::tunnel {

/// What `message` means to the machine; nothing for what it has no use for.
[[nodiscard]] std::optional<TunnelEvent> event_of(const ManagementMessage& message);

/// The same for a line of stdout or stderr, the only source before the management connection exists.
[[nodiscard]] std::optional<TunnelEvent> event_of_output(std::string_view line);

/// `message` for a log: keywords and text, never what could be secret.
[[nodiscard]] std::string describe(const ManagementMessage& message);

}  // namespace memdb::tunnel
