// The report's certificate calendar: what ends when, the first first. Pure.
#pragma once

#include "client/local_time.hpp"
#include "control/snapshot.hpp"

#include <string>

namespace memdb::client {

/// Client certificate, CAs, server certificate and revocation list of a profile that has a credential.
std::string certificate_calendar(const control::ProfileView& profile, WallTime now, LocalTime local);

}  // namespace memdb::client
