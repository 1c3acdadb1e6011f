// What the doctor can tell of a client configuration and of this machine without an agent. Reads files as the calling
// user, runs `openvpn --version`, asks DNS and the endpoint. Blocking, some seconds at most.
#pragma once

#include "client/import_sources.hpp"
#include "health/check.hpp"

#include <functional>
#include <string_view>

namespace memdb::client {

/// @param progress  told what is looked at now.
/// @return the report; Exit::failed for a file that cannot be read.
Outcome<health::DoctorReport> examine_offline(const ImportPaths& paths,
                                              const std::function<void(std::string_view)>& progress);

}  // namespace memdb::client
