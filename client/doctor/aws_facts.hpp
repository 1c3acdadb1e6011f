// Asks AWS for what aws_suspects needs, by the user's own aws program. Reads only. Blocking: a dozen calls of about a
// second each, none waits longer than client/aws/session lets it.
#pragma once

#include "client/aws/survey.hpp"
#include "client/doctor/aws_suspects.hpp"
#include "doctor/suspect_catalog.hpp"

namespace memdb::client {

/// What is denied, or gone, is missing in the facts and named in `trouble`. A Problem only where no further call could
/// work: no aws program, no credentials, an ended session, no network.
Outcome<AwsFacts> ask_aws_facts(aws::Session& session, const doctor::AwsNames& names, const aws::Progress& progress);

}  // namespace memdb::client
