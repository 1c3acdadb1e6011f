// AWS Signature Version 4 (docs.aws.amazon.com, "Create a signed AWS API request"): a request signed in its query.
//
// In:   credentials, what is asked, `now`. Out: the query with its signature. Pure: opens nothing, asks nobody. Used by
// reach/iam_token; general, so that AWS's published examples can test it. Whatever holds a secret is wiped.
#pragma once

#include "base/secret.hpp"
#include "base/time.hpp"

#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace memdb::reach {

struct AwsCredentials {
    std::string access_key;  ///< "AKIA…", "ASIA…"; no secret, but it names somebody
    Secret<> secret_key;
    Secret<> session_token;  ///< empty for long-lived keys
};

/// Names and values as they are, not encoded; in the order in which they are to be sent.
using QueryParameters = std::vector<std::pair<std::string, std::string>>;

inline constexpr std::string_view kEmptyPayload =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";   ///< SHA-256 of nothing
inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";  ///< what S3 takes instead

struct PresignRequest {
    std::string method = "GET";
    std::string host;        ///< value of the one header that is signed
    std::string path = "/";  ///< as it is sent, encoded; in its normal form: without ".", ".." and "//"
    QueryParameters query;
    std::string service, region;
    std::chrono::seconds expires{900};
    std::string_view payload_hash = kEmptyPayload;
};

/// The query of the signed request: `query`, the six or seven X-Amz- parameters, X-Amz-Signature last; encoded, without
/// "?". In botocore's order.
Secret<> sigv4_presign(const PresignRequest& request, const AwsCredentials& credentials, WallTime now);

/// "a b/c" -> "a%20b%2Fc": everything but letters, digits and - . _ ~ (RFC 3986), in upper-case hex, as AWS counts.
std::string sigv4_encode(std::string_view text);

/// A path as it is signed: what is sent, encoded once more between its slashes; for every service but S3.
std::string canonical_path(std::string_view sent);

/// The parameters encoded and in the order in which they are signed: by name, then by value, both as encoded.
std::string canonical_query(const QueryParameters& parameters);

using SigningKey = std::array<unsigned char, 32>;

/// @param day  "20150830". Wipe the key after use.
SigningKey signing_key(const Secret<>& secret_key, std::string_view day, std::string_view region,
                       std::string_view service);

/// The signature of a whole canonical request, 64 hex digits.
/// @param stamp  "20150830T123600Z".
std::string sigv4_signature(std::string_view canonical_request, const Secret<>& secret_key, std::string_view stamp,
                            std::string_view region, std::string_view service);

/// "20150830T123600Z". Fractions of a second are cut off; years outside 0000 … 9999 are the nearest of these.
std::string sigv4_stamp(WallTime time);

}  // namespace memdb::reach
