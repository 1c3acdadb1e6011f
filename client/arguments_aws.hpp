// The options of `aws …`, for their rows in the table of commands.
#pragma once

#include "client/arguments.hpp"

namespace memdb::client {

void add_aws_plan(CLI::App& app, Arguments& into);
void add_aws_apply(CLI::App& app, Arguments& into);
void add_aws_status(CLI::App& app, Arguments& into);
void add_aws_crl(CLI::App& app, Arguments& into);
void add_aws_destroy(CLI::App& app, Arguments& into);

/// For CLI11: empty when `text` may stand behind --region or --profile of aws.
std::string check_aws_word(const std::string& text);
/// --region and --aws-profile, for whatever runs the aws program.
void add_aws_choice(CLI::App& app, Arguments& into);

}  // namespace memdb::client
