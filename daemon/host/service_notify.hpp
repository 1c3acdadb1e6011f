// What systemd is told and gives: readiness, one status line, the watchdog, the socket of memdbd.socket, and the
// connections of an earlier memdbd. Does nothing when not run by it.
//
// Source: sd_notify(3), sd_listen_fds_with_names(3), sd_watchdog_enabled(3); facts G.1, recipes §2.
#pragma once

#include "base/error.hpp"
#include "base/time.hpp"

#include <map>
#include <optional>
#include <string>

namespace memdb::host {

/// READY=1 (after a reload too).
void notify_ready();
/// RELOADING=1 with MONOTONIC_USEC, which Type=notify-reload of systemd >= 253 insists on and older ones ignore.
void notify_reloading();
/// STOPPING=1, and, for a stop that may take a while, that it may take until `limit` from now.
void notify_stopping(Duration limit = Duration::zero());
/// STATUS=: one line, shown by `systemctl status`.
void notify_status(const std::string& line);

/// How long systemd waits for notify_alive() before it restarts us; nothing: it does not watch.
std::optional<Duration> watchdog_limit();
/// WATCHDOG=1.
void notify_alive();

/// Whether a service manager listens: then descriptors may be stored with it. Whether it takes them cannot be known
/// (FileDescriptorStoreMax=); what it does not take is gone at our end.
bool is_managed();
/// FDSTORE=1: a copy of `descriptor` is given back to the next process of the unit under `name` (at most 255 bytes, no
/// colon), until the unit is stopped, the other end is closed, or it is forgotten.
void store_descriptor(const std::string& name, int descriptor);
/// FDSTOREREMOVE=1: all that have this name.
void forget_descriptor(const std::string& name);

/// Descriptors that systemd passed, by name. Ownership: the caller's.
struct PassedDescriptors {
    std::optional<int> listening;       ///< "control": the socket of memdbd.socket
    std::map<std::string, int> stored;  ///< every other name, once; another one of the same name is closed
};

/// Takes what was passed, once: clears LISTEN_* so that no child believes it to be its own. Errc::bad_input when
/// "control" is no listening unix stream socket.
Result<PassedDescriptors> take_passed_descriptors();

}  // namespace memdb::host
