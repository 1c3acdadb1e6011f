// What the `aws` commands share: the wish from the options, and what is.
#pragma once

#include "client/aws/executor.hpp"
#include "client/aws/survey.hpp"
#include "client/commands.hpp"

namespace memdb::client {

/// Exit::usage for options that do not go together, or a machine's name that can be no certificate's.
Outcome<aws::Wish> wish_of(const Arguments& arguments);

AwsChoice aws_choice(const Arguments& arguments);

/// Asks AWS and this laptop, with progress on the terminal.
Outcome<aws::Situation> find_out(const Context& context, aws::Session& session, const aws::Wish& wish);

}  // namespace memdb::client
