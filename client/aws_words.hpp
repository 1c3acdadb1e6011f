// Words that go to the aws program or come from it: what is plain enough to be an argument. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::client {

/// `argv` as one line for a POSIX shell, for people to copy.
std::string shell_line(const std::vector<std::string>& argv);

/// "arn:PARTITION:acm-pca:REGION:ACCOUNT:certificate-authority/ID", of plain characters.
bool is_acm_pca_arn(std::string_view arn) noexcept;
/// The same, for a certificate that it issued: "…/certificate/ID".
bool is_acm_pca_certificate_arn(std::string_view arn) noexcept;
/// The n-th part between colons, from 0; empty when there are fewer.
std::string_view arn_part(std::string_view arn, std::size_t n) noexcept;

/// A region's or a profile's name as it may stand behind --region, --profile.
bool is_aws_word(std::string_view word) noexcept;

}  // namespace memdb::client
