// The sockets to listen on. The control socket's file: made, replaced when it is a leftover, never taken from a program
// that still answers.
//
// Not used under socket activation, where systemd made the file and passes the descriptor.
#pragma once

#include "base/error.hpp"
#include "base/ip_network.hpp"

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace memdb::control {

/// Binds and listens at `path`, with `mode` and, when given, that group, in force before anybody can connect.
///
/// @return  the descriptor (non-blocking, close-on-exec), which the caller owns; Errc::busy when another program
/// answers at
///          `path`, Errc::already_exists when something that is no socket lies there, Errc::bad_input for a path that
///          is too long for a socket, Errc::io with the system's text.
/// Blocking: a few system calls; connects to `path` without waiting.
Result<int> bind_control_socket(const std::string& path, mode_t mode, std::optional<gid_t> group);

/// Listens over TCP at a loopback address.
///
/// @return  as above; Errc::bad_input for any other address, Errc::busy when the port is taken, Errc::io for the rest.
/// Blocking: no.
Result<int> bind_loopback_socket(const IpAddress& address, std::uint16_t port);

}  // namespace memdb::control
