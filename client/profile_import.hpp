// What makes a profile, for the commands that do: profile import, profile add, aws apply. Blocking.
#pragma once

#include "client/commands.hpp"
#include "config/import_request.hpp"

namespace memdb::client {

/// Clusters, user, password and CA from the options; their files are read as the calling user.
Outcome<config::ImportRequest> import_request_of(const Arguments& arguments);

/// POST /v1/profiles; its text is wiped.
Outcome<control::ImportReport> post_import(const ControlClient& client, const config::ImportRequest& request);

}  // namespace memdb::client
