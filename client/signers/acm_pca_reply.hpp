// What `aws acm-pca … --output json` prints. Pure.
#pragma once

#include "base/error.hpp"

#include <string>
#include <string_view>

namespace memdb::client::signers {

/// {"CertificateArn":"arn:…"}: a plain ARN of a certificate. Errc::malformed, Errc::bad_input.
Result<std::string> parse_issued(std::string_view json);

/// {"Certificate":PEM,"CertificateChain":PEM}: both, the chain (if any) behind. Errc::malformed.
Result<std::string> parse_certificate_reply(std::string_view json);

/// Whether aws' last words mean "ask again": the CA is still at work.
bool is_in_progress(std::string_view complaint) noexcept;

}  // namespace memdb::client::signers
