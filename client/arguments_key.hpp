// The options of `pki …`, `rotate` and `key …`, for their rows in the table of commands.
#pragma once

#include "client/arguments.hpp"

namespace memdb::client {

void add_pki_init(CLI::App& app, Arguments& into);
void add_pki_server(CLI::App& app, Arguments& into);
void add_pki_client(CLI::App& app, Arguments& into);
void add_pki_revoke(CLI::App& app, Arguments& into);
void add_pki_crl(CLI::App& app, Arguments& into);
void add_pki_list(CLI::App& app, Arguments& into);
void add_rotate(CLI::App& app, Arguments& into);
void add_key_request(CLI::App& app, Arguments& into);
void add_key_install(CLI::App& app, Arguments& into);
/// memdbctl auth push.
void add_auth_push(CLI::App& app, Arguments& into);
void add_key_rollback(CLI::App& app, Arguments& into);

}  // namespace memdb::client
