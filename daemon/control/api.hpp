// The JSON of the control API, schema version 1 (design §6): plain values to text, and text to values.
//
// Used by the agent and by memdbctl, so that both speak the same. The parsers trust nobody: unknown fields are skipped,
// absent optional fields stay empty, a wrong type, a missing required field or too much of anything is a Failure that
// names the field ("profiles[0].tunnel.phase: text expected"). Failures never quote a value.
#pragma once

#include "base/error.hpp"
#include "config/import_request.hpp"
#include "config/profile_change.hpp"
#include "control/snapshot.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::control {

inline constexpr std::size_t kHeaderLimit = 8 * 1024;         ///< of a request, bytes
inline constexpr std::size_t kBodyLimit = 1024 * 1024;        ///< of a request, bytes
inline constexpr std::size_t kReplyLimit = 16 * 1024 * 1024;  ///< of what the client accepts, bytes

/// The closed set of error codes (design §6).
enum class ErrorCode : std::uint8_t { not_permitted, bad_request, not_found, conflict, busy, internal };

struct ErrorBody {
    ErrorCode code = ErrorCode::internal;
    std::string message;  ///< one line
    bool operator==(const ErrorBody&) const = default;
};

/// What an import answers: 201 {"name","warnings"}.
struct ImportReport {
    std::string name;
    std::vector<std::string> warnings;  ///< one sentence each
    bool operator==(const ImportReport&) const = default;
};

/// One node's part of a PingReport. Exactly one of `ping_us` (ok) and `error` is there.
struct PingResult {
    std::string name;
    std::optional<std::string> role;
    std::optional<std::string> shard;
    std::optional<std::int64_t> ping_us;
    std::optional<std::string> error;  ///< one sentence
    bool operator==(const PingResult&) const = default;
};

/// What one round of PINGs answers: 200 {"profile","nodes":[…]}.
struct PingReport {
    std::string profile;
    std::vector<PingResult> nodes;
    bool operator==(const PingReport&) const = default;
};

/// What POST …/key/request asks: {"reason","fresh"}, both optional.
struct KeyRequest {
    std::string reason;  ///< for the log and the Snapshot; may be empty
    bool fresh = false;  ///< a new key although a request is pending
    bool operator==(const KeyRequest&) const = default;
};

/// What it answers: 200 {"profile","generation","common_name","csr"}.
struct KeyRequestReport {
    std::string profile;
    unsigned generation = 0;
    std::string common_name;
    std::string csr_pem;
    bool operator==(const KeyRequestReport&) const = default;
};

/// What POST …/key/install brings: {"certificate"}; without one the stored certificate is proven again.
struct KeyInstall {
    std::optional<std::string> certificate_pem;
    bool operator==(const KeyInstall&) const = default;
};

/// What POST …/auth answers: 200 {"profile","cluster","user","expires_at"}. Never the token.
struct TokenReport {
    std::string profile;
    std::string cluster;  ///< its name at AWS
    std::string user;
    WallTime expires_at{};
    bool operator==(const TokenReport&) const = default;
};

/// What GET /v1/log answers: 200 {"lines":[…],"forgotten":N}.
struct LogReport {
    std::vector<std::string> lines;  ///< "2026-05-06T07:08:09.123Z info tunnel: …", oldest first
    std::uint64_t forgotten = 0;     ///< earlier lines that are not kept any more
    bool operator==(const LogReport&) const = default;
};

[[nodiscard]] std::string to_json(const LogReport& report);
Result<LogReport> parse_log_report(std::string_view json);

/// {"token":TOKEN}: the body of POST …/auth. wipe() it after use.
[[nodiscard]] std::string token_request_json(const Secret<>& token);
/// The token in it, not judged yet. Unknown fields are refused. What it allocates is wiped on release.
Result<Secret<>> parse_token_request(std::string_view json);
[[nodiscard]] std::string to_json(const TokenReport& report);
Result<TokenReport> parse_token_report(std::string_view json);

[[nodiscard]] std::string to_json(const KeyRequest& request);
[[nodiscard]] std::string to_json(const KeyRequestReport& report);
[[nodiscard]] std::string to_json(const KeyInstall& install);
Result<KeyRequest> parse_key_request(std::string_view json);  ///< an empty body is an empty request
Result<KeyRequestReport> parse_key_request_report(std::string_view json);
Result<KeyInstall> parse_key_install(std::string_view json);  ///< the same

[[nodiscard]] std::string to_json(const Snapshot& snapshot);
[[nodiscard]] std::string to_json(const ProfileView& profile);
[[nodiscard]] std::string to_json(const health::Finding& finding);
[[nodiscard]] std::string to_json(const ErrorBody& error);
[[nodiscard]] std::string to_json(const ImportReport& report);
[[nodiscard]] std::string to_json(const PingReport& report);

/// The body of POST /v1/profiles. Holds the private key and the password: wipe() it after use.
[[nodiscard]] std::string to_json(const config::ImportRequest& request);

/// The body of PATCH /v1/profiles/{p}. May hold the password: wipe() it after use.
[[nodiscard]] std::string to_json(const config::ProfileChange& change);

/// {"schema":1,"profiles":[…]}: the answer to GET /v1/profiles. parse_snapshot reads it too.
[[nodiscard]] std::string profiles_json(const Snapshot& snapshot);

/// A credential alone, as it stands in a profile.
[[nodiscard]] std::string to_json(const CredentialView& credential);

/// What POST …/crl answers: 200 with the list as it is now known.
[[nodiscard]] std::string to_json(const CrlView& crl);

/// {"crl":PEM}: the body of POST …/crl.
[[nodiscard]] std::string crl_request_json(std::string_view pem);

/// {"node":NAME}, or {} without one: the body of POST …/ping.
[[nodiscard]] std::string ping_request_json(const std::optional<std::string>& node);

Result<Snapshot> parse_snapshot(std::string_view json);
Result<ProfileView> parse_profile(std::string_view json);
Result<health::Finding> parse_finding(std::string_view json);
Result<ErrorBody> parse_error(std::string_view json);
Result<ImportReport> parse_import_report(std::string_view json);
Result<PingReport> parse_ping_report(std::string_view json);

Result<CrlView> parse_crl_report(std::string_view json);

/// The PEM in the body of POST …/crl, not judged yet. Unknown fields are refused.
Result<std::string> parse_crl_request(std::string_view json);

/// Unknown fields are refused here: a misspelt one must not be lost silently. What it allocates is wiped on release.
Result<config::ImportRequest> parse_import_request(std::string_view json);

/// The same for {"clusters":[{"endpoint","tls"}],"user","auth","iam_cluster","iam_region","password","ca","signer",
/// "revoke_old"}, each of them optional.
Result<config::ProfileChange> parse_profile_change(std::string_view json);

/// The node named in the body of POST …/ping, if any. An empty body is an empty request.
Result<std::optional<std::string>> parse_ping_request(std::string_view json);

/// The code and HTTP status that tell a client about a failure of that kind.
ErrorCode error_code_for(Errc code) noexcept;
unsigned http_status_for(ErrorCode code) noexcept;
std::string_view to_string(ErrorCode code) noexcept;

}  // namespace memdb::control
