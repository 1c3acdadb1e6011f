// The real `aws` program, run as the calling user with the user's own credentials. Argument vectors, never a shell.
#pragma once

#include "client/child_process.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace memdb::client {

struct AwsChoice {
    std::string region;   ///< --region; may be empty: aws' own configuration
    std::string profile;  ///< --profile; may be empty
};

/// argv[0] is "aws"; region, profile and JSON output behind `words`.
std::vector<std::string> aws_argv(std::vector<std::string> words, const AwsChoice& choice);

/// How it ended, whatever its exit code is: for callers that read what it complains of. Exit::failed when there is no
/// such program; Exit::timed_out.
Outcome<ChildEnd> ask_aws(std::vector<std::string> words, const AwsChoice& choice, Duration limit);

/// Its output. Exit::failed with what aws said last, also when there is no such program; Exit::timed_out.
Outcome<std::string> run_aws(std::vector<std::string> words, const AwsChoice& choice, Duration limit);

}  // namespace memdb::client
