// The words of the API and its small bodies. The Snapshot is in api_snapshot.cpp, the import in api_import.cpp.
#include "control/api.hpp"

#include "control/api_fields.hpp"

#include <array>

namespace memdb::control {
namespace {

constexpr std::array kErrorCodes = {ErrorCode::not_permitted, ErrorCode::bad_request, ErrorCode::not_found,
                                    ErrorCode::conflict,      ErrorCode::busy,        ErrorCode::internal};

std::optional<ErrorCode> parse_error_code(std::string_view word) noexcept {
    for (const ErrorCode code : kErrorCodes)
        if (to_string(code) == word) return code;
    return std::nullopt;
}

template <class T>
void put(json::object& object, std::string_view key, const std::optional<T>& value) {
    if (value) object[key] = *value;
}

}  // namespace

std::string_view to_string(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::not_permitted: return "not_permitted";
        case ErrorCode::bad_request: return "bad_request";
        case ErrorCode::not_found: return "not_found";
        case ErrorCode::conflict: return "conflict";
        case ErrorCode::busy: return "busy";
        case ErrorCode::internal: return "internal";
    }
    return "?";
}

unsigned http_status_for(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::not_permitted: return 403;
        case ErrorCode::bad_request: return 400;
        case ErrorCode::not_found: return 404;
        case ErrorCode::conflict: return 409;
        case ErrorCode::busy: return 503;
        case ErrorCode::internal: return 500;
    }
    return 500;
}

ErrorCode error_code_for(Errc code) noexcept {
    switch (code) {
        case Errc::bad_input:
        case Errc::too_large:
        case Errc::malformed: return ErrorCode::bad_request;
        case Errc::not_found: return ErrorCode::not_found;
        case Errc::already_exists: return ErrorCode::conflict;
        case Errc::not_permitted: return ErrorCode::not_permitted;
        case Errc::busy:
        case Errc::deadline_passed: return ErrorCode::busy;
        case Errc::peer_closed:
        case Errc::io:
        case Errc::internal: return ErrorCode::internal;
    }
    return ErrorCode::internal;
}

std::string to_json(const ErrorBody& error) {
    return json::serialize(json::object{{"error", {{"code", to_string(error.code)}, {"message", error.message}}}});
}

Result<ErrorBody> parse_error(std::string_view text) {
    return parse_whole<ErrorBody>(text, kBodyLimit, [](Fields& top, ErrorBody& error) {
        if (!top.has("error")) top.fail("error", "missing");
        top.read_object("error", [&](Fields& f) {
            std::string word;
            f.read("code", word, 64);
            f.read("message", error.message);
            error.code =
                parse_error_code(word).value_or(ErrorCode::internal);  // a newer agent's code still has its message
        });
    });
}

std::string to_json(const ImportReport& report) {
    json::array warnings;
    for (const auto& warning : report.warnings) warnings.emplace_back(warning);
    return json::serialize(json::object{{"name", report.name}, {"warnings", std::move(warnings)}});
}

Result<ImportReport> parse_import_report(std::string_view text) {
    return parse_whole<ImportReport>(text, kBodyLimit, [](Fields& top, ImportReport& report) {
        top.read("name", report.name);
        top.read_list("warnings", report.warnings);
    });
}

std::string to_json(const PingReport& report) {
    json::array nodes;
    for (const auto& node : report.nodes) {
        json::object item{{"name", node.name}};
        put(item, "role", node.role);
        put(item, "shard", node.shard);
        put(item, "ping_us", node.ping_us);
        put(item, "error", node.error);
        nodes.emplace_back(std::move(item));
    }
    return json::serialize(json::object{{"profile", report.profile}, {"nodes", std::move(nodes)}});
}

Result<PingReport> parse_ping_report(std::string_view text) {
    return parse_whole<PingReport>(text, kReplyLimit, [](Fields& top, PingReport& report) {
        top.read("profile", report.profile);
        top.read_list("nodes", report.nodes, [](Fields& f, PingResult& node) {
            f.read("name", node.name);
            f.read("role", node.role);
            f.read("shard", node.shard);
            f.read_number("ping_us", node.ping_us);
            f.read("error", node.error);
        });
    });
}

std::string ping_request_json(const std::optional<std::string>& node) {
    json::object object;
    put(object, "node", node);
    return json::serialize(object);
}

Result<std::optional<std::string>> parse_ping_request(std::string_view text) {
    using Node = std::optional<std::string>;
    return parse_whole<Node>(text.empty() ? "{}" : text, kBodyLimit, [](Fields& top, Node& node) {
        top.only({"node"});
        top.read("node", node);
        if (!top.failed() && node && node->size() > 255) top.fail("node", "longer than 255 bytes");
    });
}

}  // namespace memdb::control
