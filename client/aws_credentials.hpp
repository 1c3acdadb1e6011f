// The caller's own AWS credentials, to sign an IAM token with. No AWS call of ours: the environment, else what the aws
// program exports (SSO, credential_process and roles are its matter), else keys in the AWS shared files. Blocking.
#pragma once

#include "base/error.hpp"
#include "base/time.hpp"
#include "client/control_client.hpp"
#include "reach/sigv4.hpp"

#include <string>
#include <string_view>

namespace memdb::client {

/// @param profile  --aws-profile: counts before the environment's keys; empty: AWS_PROFILE, else "default".
/// @return Exit::failed with what to do next: no credentials, an expired session, a file that makes no sense.
Outcome<reach::AwsCredentials> find_aws_credentials(const std::string& profile, WallTime now);

/// What `aws configure export-credentials --format process` prints. Errc::malformed; Errc::deadline_passed when they
/// have expired. Pure; what it allocates is wiped.
Result<reach::AwsCredentials> parse_exported_credentials(std::string_view json, WallTime now);

}  // namespace memdb::client
