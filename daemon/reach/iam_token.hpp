// The password of an IAM user of MemoryDB: a request to the cluster, signed for 15 minutes (facts D.2). Pure.
//
// mint_iam_token() makes one, on the side that has AWS credentials; read_iam_token() says whose one is and until when,
// on the side that was handed it. Nobody but AWS can tell whether the signature is good.
#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"
#include "reach/sigv4.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace memdb::reach {

inline constexpr std::chrono::seconds kIamTokenLife{900};              ///< MemoryDB takes no longer one
inline constexpr Duration kIamConnectionLife = 12h;                    ///< then MemoryDB ends the connection
inline constexpr std::size_t kIamTokenLimit = std::size_t{16} * 1024;  ///< bytes; session tokens may be long

/// Who connects where.
struct IamLogin {
    std::string cluster;  ///< its name, not its endpoint: lower case
    std::string user;
    std::string region;
    bool operator==(const IamLogin&) const = default;
};

/// "CLUSTER/?Action=connect&User=…&X-Amz-Signature=…": what AUTH gets as the password of `login.user`.
Secret<> mint_iam_token(const AwsCredentials& credentials, const IamLogin& login, WallTime now);

struct IamToken {
    IamLogin login;
    WallTime signed_at{};
    WallTime expires_at{};
    bool operator==(const IamToken&) const = default;
};

/// Reads a token strictly: every parameter once, none unknown, a life of at most 15 minutes. Does not check the
/// signature, which only AWS can.
///
/// @return Errc::too_large, Errc::malformed with the parameter that is wrong; no value is repeated.
Result<IamToken> read_iam_token(std::string_view text);

/// Why nobody can log in now with a token that ends then; empty when it is valid.
/// @param expires_at  nothing: there is no token.
std::string why_no_token(std::optional<WallTime> expires_at, WallTime now);

/// "15:04 UTC".
std::string clock_text(WallTime time);

}  // namespace memdb::reach
