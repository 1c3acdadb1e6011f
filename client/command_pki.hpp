// What the `pki` commands share. Blocking: easy-rsa is asked for its version.
#pragma once

#include "client/commands.hpp"
#include "client/pki/authority.hpp"

#include <string>

namespace memdb::client {

/// --pki or the default one, absolute. Exit::usage for a path that easy-rsa's scripts would stumble over.
Outcome<std::string> pki_path(const Arguments& arguments);

Outcome<pki::Authority> open_authority(const Arguments& arguments);

/// " --pki DIR" for a command that a person is told to run next; empty for the default folder.
std::string pki_option(const pki::PkiFolder& folder);

}  // namespace memdb::client
