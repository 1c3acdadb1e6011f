// The AWS keys that memdbd signs IAM tokens with: a systemd credential that memdbd.toml names. Reads only;
// config/password_policy judges where it lies, config/aws_credentials_parser what is in it.
#pragma once

#include "base/error.hpp"
#include "reach/sigv4.hpp"

#include <filesystem>

namespace memdb::keys {

/// The keys of the section [default]. Read anew for each token, so that another file is noticed. No copy is left
/// behind.
///
/// @return Errc::not_found, Errc::not_permitted (owner, mode, kind), Errc::too_large, Errc::malformed (no such file, no
///         keys), Errc::io: one line that begins with `path`. Blocks for a few ms of disk.
Result<reach::AwsCredentials> read_aws_keys(const std::filesystem::path& path);

}  // namespace memdb::keys
