// What systemd is told and gives: readiness, one status line, and the sockets of memdbd.socket. Does nothing when not
// run by it.
#pragma once

#include "base/error.hpp"

#include <optional>
#include <string>

namespace memdb::host {

/// READY=1 (after a reload too).
void notify_ready();
/// RELOADING=1 with MONOTONIC_USEC, which Type=notify-reload of systemd >= 253 insists on and older ones ignore.
void notify_reloading();
void notify_stopping();
/// STATUS=: one line, shown by `systemctl status`.
void notify_status(const std::string& line);

/// The listening socket that systemd passed (memdbd.socket), if any. Ownership: the caller's. Clears LISTEN_* so that
/// no child believes the sockets are its own. Errc::bad_input when what was passed is not exactly one listening unix
/// stream socket.
Result<std::optional<int>> take_listen_socket();

}  // namespace memdb::host
