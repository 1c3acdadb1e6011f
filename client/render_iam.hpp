// Login by IAM as text: for `status`, `profile show` and `auth push`. Pure; what the agent told is not cleaned yet.
#pragma once

#include "base/time.hpp"
#include "control/snapshot.hpp"

#include <string>

namespace memdb::client {

/// "IAM user app, token until 15:04 UTC; connections until 02:10 UTC".
std::string iam_text(const control::IamView& iam, WallTime now);

/// The same, and what tokens are signed for: "…; tokens are for demo in eu-central-1".
std::string iam_facts(const control::IamView& iam, WallTime now);

}  // namespace memdb::client
