// What this process may do on this machine, asked of the kernel just now. Blocks for microseconds.
#pragma once

#include <optional>
#include <string>

namespace memdb::host {

/// Why /dev/net/tun cannot be opened for use; empty: it can.
[[nodiscard]] std::string tun_trouble();

/// Whether this process has CAP_NET_ADMIN; nothing when /proc does not tell.
[[nodiscard]] std::optional<bool> has_net_admin();

/// Whether something (NTP) keeps the kernel's clock right.
[[nodiscard]] std::optional<bool> clock_is_synchronised();

}  // namespace memdb::host
