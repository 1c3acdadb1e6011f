// What the aws program complains of, in one line with the next step. Pure: its last words, and which call it was.
//
// The same shape in v1 and v2: "An error occurred (CODE) when calling the OPERATION operation: MESSAGE", or a sentence
// of the program's own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace memdb::client::aws {

enum class AwsErrorKind : std::uint8_t {
    other,
    no_credentials,
    expired,  ///< the session's token
    no_region,
    no_profile,  ///< the AWS profile is not configured
    denied,
    throttled,
    quota,
    not_found,
    duplicate,    ///< is already so
    in_use,       ///< something still needs it
    would_work,   ///< --dry-run: DryRunOperation
    unreachable,  ///< AWS itself cannot be reached from here
};

struct AwsError {
    AwsErrorKind kind = AwsErrorKind::other;
    std::string code;       ///< "UnauthorizedOperation"; empty when the program itself complains
    std::string operation;  ///< "CreateClientVpnEndpoint"
    std::string message;    ///< as AWS gave it, without the encoded part
};

/// @param complaints  what it wrote to stderr
AwsError read_aws_error(std::string_view complaints);

/// One line: what is wrong, and what to do next.
/// @param service  "ec2", "memorydb", …: the first of the words
/// @param choice   " --region us-east-1", for commands that are proposed; may be empty
std::string aws_error_text(const AwsError& error, std::string_view service, const std::string& choice);

/// "ec2:CreateClientVpnEndpoint", as IAM names the action.
std::string iam_action(std::string_view service, std::string_view operation);

}  // namespace memdb::client::aws
