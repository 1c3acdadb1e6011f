// Who may do what, and what a request means: (request, right, Snapshot) -> reply, intent or stream (design §6).
//
// Pure: control_server brings the bytes and the peer, app performs the intents. To add a request, add a row to the
// table in control_handler.cpp.
#pragma once

#include "control/api.hpp"
#include "control/api_history.hpp"
#include "control/event.hpp"
#include "control/metrics.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace memdb::control {

/// The process at the other end of a control connection, as the kernel told at connect time.
struct Peer {
    uid_t uid = static_cast<uid_t>(-1);
    gid_t gid = static_cast<gid_t>(-1);
    std::vector<gid_t> groups;  ///< supplementary
    pid_t pid = 0;
};

/// Who has which right. A group that does not exist on this machine is absent, and then admits nobody.
struct AccessPolicy {
    uid_t service_uid = static_cast<uid_t>(-1);  ///< the user that memdbd runs as
    std::optional<gid_t> read_group;             ///< memdb
    std::optional<gid_t> control_group;          ///< memdb, or the narrower group of the setting
};

/// Each includes the ones before it.
enum class Right : std::uint8_t { none, read, control };

/// read: root, the service user and members of the read group. control: root and members of the control group.
[[nodiscard]] Right rights_of(const Peer& peer, const AccessPolicy& policy) noexcept;

/// A whole request, already within the limits. The texts must outlive the call.
struct Request {
    std::string_view method;
    std::string_view target;  ///< as on the request line
    std::string_view body;
    std::string_view accept{};  ///< the header, or empty
    std::string_view host{};    ///< the header; empty when there is not exactly one
};

struct Reply {
    unsigned status = 200;
    std::string body;
    std::string_view content_type = "application/json";
    std::string_view allow;  ///< of a 405: the methods that exist
};

enum class Wish : std::uint8_t { connect, disconnect, reconnect };

/// Answer with 201 and to_json(ImportReport), or with failure_reply().
struct ImportIntent {
    config::ImportRequest request;
};
/// Answer with profile_reply(200, …): the new state.
struct ChangeIntent {
    std::string profile;
    config::ProfileChange change;
    uid_t uid = static_cast<uid_t>(-1);  ///< of the peer; control_session knows it
};
/// Answer with 204 and no body.
struct RemoveIntent {
    std::string profile;
};
/// Answer with profile_reply(202, …): the new state.
struct WishIntent {
    std::string profile;
    Wish wish{};
};
/// Answer with 200 and to_json(PingReport), also when no node answered.
struct PingIntent {
    std::string profile;
    std::optional<std::string> node;  ///< absent: all
};
/// Judge and store a certificate revocation list. Answer with 200 and to_json(CrlView).
struct CrlIntent {
    std::string profile;
    std::string pem;
};

/// Use an IAM token from now on. Answer with 200 and to_json(TokenReport).
struct AuthIntent {
    std::string profile;
    Secret<> token;
};

/// Answer with 200 and to_json(History), also when there is none.
struct HistoryIntent {
    HistoryQuery query;
    std::string profile;  ///< the same as in the query; empty: all
};

/// Answer with 200 and metrics_text(): it has what the agent counts, too.
struct MetricsIntent {
    Exposition exposition{};
};

/// Answer with 200 and the certificates in PEM, or 404 when the profile trusts the system's.
struct CaIntent {
    std::string profile;
};

/// Answer with 200 and to_json(LogReport).
struct LogIntent {};

struct KeyRollback {};
/// A request is answered with 200 and to_json(KeyRequestReport), the others with profile_reply(202, …).
struct KeyIntent {
    std::string profile;
    std::variant<KeyRequest, KeyInstall, KeyRollback> wanted;
};

using Intent = std::variant<ImportIntent, ChangeIntent, RemoveIntent, WishIntent, PingIntent, KeyIntent, CrlIntent,
                            AuthIntent, HistoryIntent, MetricsIntent, CaIntent, LogIntent>;

/// The connection becomes the NDJSON stream of events.
struct EventStream {};

/// The doctor's checks of one profile: the answer is 200 with a line for each as it is done (control/api_doctor), or
/// failure_reply().
struct DiagnoseStream {
    std::string profile;
};

using Answer = std::variant<Reply, Intent, EventStream, DiagnoseStream>;

/// A row of the table in control_handler.cpp.
struct RouteName {
    std::string_view method;
    std::string_view path;  ///< "{p}" stands for one profile's name
    Right right;
};

/// All there are, in the table's order.
[[nodiscard]] std::vector<RouteName> routes();

/// Never fails: whatever is wrong with the request is an error Reply.
[[nodiscard]] Answer handle(const Request& request, Right right, const Snapshot& snapshot);

/// One line of JSON with the status that belongs to the code.
[[nodiscard]] Reply error_reply(ErrorCode code, std::string_view message);
[[nodiscard]] Reply failure_reply(const Failure& failure);
[[nodiscard]] Reply profile_reply(unsigned status, const ProfileView& profile);

/// The answer to everybody without the right.
[[nodiscard]] Reply not_permitted_reply(Right needed);

/// "%41b" -> "Ab". Nothing for a broken escape, a control character or a slash from an escape.
std::optional<std::string> percent_decode(std::string_view text);

std::string_view to_string(Right right) noexcept;
std::string_view to_string(Wish wish) noexcept;
/// "import", "change", "remove", "connect", "disconnect", "reconnect", "ping", "key request", …, "crl", "auth", "ca",
/// "log", "history", "metrics".
std::string_view name_of(const Intent& intent) noexcept;
/// Whether the intent needs the right `control`; those are logged with uid and pid.
bool is_control(const Intent& intent) noexcept;

}  // namespace memdb::control
