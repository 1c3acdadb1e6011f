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

/// Its output. Exit::failed with what aws said last, also when there is no such program; Exit::timed_out.
Outcome<std::string> run_aws(std::vector<std::string> words, const AwsChoice& choice, Duration limit);

/// `argv` as one line for a POSIX shell, for people to copy.
std::string shell_line(const std::vector<std::string>& argv);

/// "arn:PARTITION:acm-pca:REGION:ACCOUNT:certificate-authority/ID", of plain characters. Pure.
bool is_acm_pca_arn(std::string_view arn) noexcept;
/// The same, for a certificate that it issued: "…/certificate/ID". Pure.
bool is_acm_pca_certificate_arn(std::string_view arn) noexcept;
/// The n-th part between colons, from 0; empty when there are fewer. Pure.
std::string_view arn_part(std::string_view arn, std::size_t n) noexcept;

/// A region's or a profile's name as it may stand behind --region, --profile. Pure.
bool is_aws_word(std::string_view word) noexcept;

}  // namespace memdb::client
