#include "config/settings.hpp"
#include "control/control_handler.hpp"
#include "control/field_catalog.hpp"
#include "control/route_catalog.hpp"
#include "tests/support/api_samples.hpp"
#include "tests/support/doc_pages.hpp"

#include <map>
#include <set>

namespace memdb::support {
namespace {

using namespace control;

constexpr std::string_view kHead = R"(# The control API

Made from the same tables as the code (`daemon/control/control_handler.cpp`, `route_catalog.cpp`, `field_catalog.cpp`); do not edit:
`MEMDB_WRITE_DOCS=1 build/dev/tests/unit --gtest_filter='DocPages.*'`.

HTTP/1.1 with JSON over the unix socket `/run/memdbd/memdbd.sock`; `curl` is a full client. memdbctl uses nothing else. Who asks is known by
the kernel's word: *read* is for root, the user memdbd and the members of the group memdb; *control* is for root and the members of
that group, or of the narrower `[control] control_group` of memdbd.toml. Nobody else gets an answer but an error.

Times are RFC 3339 in UTC with milliseconds. Within schema 1, fields are only ever added: skip those that you do not know. A field that
is absent is unknown. Bodies of requests are stricter: an unknown field there is an error, so that a misspelt one is not lost.

)";

std::string anchor(std::string_view name) {
    std::string out;
    for (const char c : name) out += c == ' ' ? '-' : c;
    return out;
}

std::string routes_table() {
    std::string out = "## Requests\n\n| method and path | right | does |\n|---|---|---|\n";
    for (const RouteName& route : routes()) {
        const RouteText* const text = find_route_text(route.method, route.path);
        out += "| `" + std::string(route.method) + " " + std::string(route.path) + "` | " +
               std::string(to_string(route.right)) + " | " + std::string(text == nullptr ? "" : text->about) + " |\n";
    }
    return out +
           "\n`{p}` is a profile's name, percent-encoded. `HEAD` works wherever `GET` does, but for the events.\n";
}

std::string routes_details() {
    std::string out;
    for (const RouteName& route : routes()) {
        const RouteText* const text = find_route_text(route.method, route.path);
        if (text == nullptr) continue;
        out += "\n### " + std::string(route.method) + " " + std::string(route.path) + "\n\n";
        if (!text->body.empty()) out += "Body: " + std::string(text->body) + ". ";
        out += "Answer: " + std::string(text->answer) + ".\n";
        if (!text->example.empty()) out += "\n```sh\n" + std::string(text->example) + "\n```\n";
    }
    return out;
}

std::string errors() {
    std::string out =
        "\n## Errors\n\n`{\"error\":{\"code\":…,\"message\":…}}`; the message is one line for people.\n\n"
        "| code | status | when |\n|---|---|---|\n";
    for (unsigned i = 0; to_string(static_cast<ErrorCode>(i)) != "?"; ++i) {
        const auto code = static_cast<ErrorCode>(i);
        out += "| `" + std::string(to_string(code)) + "` | " + std::to_string(http_status_for(code)) + " | " +
               std::string(meaning_of(code)) + " |\n";
    }
    return out +
           "\n`bad_request` also comes with 405 (the path has no such method; `Allow` names those it has), 408 (the "
           "request did not "
           "arrive in time), 413 and 431 (body or header too large).\n";
}

std::string limits() {
    const config::ControlSettings settings;
    const auto row = [](std::string_view what, std::string limit, std::string_view key) {
        return "| " + std::string(what) + " | " + std::move(limit) + " | " + std::string(key) + " |\n";
    };
    return "\n## Limits\n\n| | | `[control]` of memdbd.toml |\n|---|---|---|\n" +
           row("body of a request", std::to_string(kBodyLimit / 1024) + " KiB", "") +
           row("header of a request", std::to_string(kHeaderLimit / 1024) + " KiB", "") +
           row("time to send a request", std::to_string(settings.request_limit / 1s) + " s", "`request_limit_s`") +
           row("connections", std::to_string(settings.connection_limit), "`connection_limit`") +
           row("… of one user", std::to_string(settings.user_limit), "`user_limit`") +
           row("… kept free for root", std::to_string(settings.root_reserve), "`root_reserve`");
}

/// "list of @node" -> "list of [node](#node)".
std::string kind_text(std::string_view kind) {
    const auto at = kind.find('@');
    if (at == std::string_view::npos) return std::string(kind);
    const std::string_view name = kind.substr(at + 1);
    return std::string(kind.substr(0, at)) + "[" + std::string(name) + "](#" + anchor(name) + ")";
}

/// Type -> "`from`, `to`", of events with all that they can have.
std::map<std::string, std::string, std::less<>> fields_of_events() {
    std::map<std::string, std::string, std::less<>> fields;
    each_kind_of_change([&]<class T>() {
        const auto line = boost::json::parse(to_json_line({WallTime{}, "demo", filled<T>()}));
        std::string& of = fields[std::string(type_of(T{}))];
        for (const auto& member : line.get_object()) {
            if (member.key() == "type" || member.key() == "at" || member.key() == "profile") continue;
            of += (of.empty() ? "`" : ", `") + std::string(member.key()) + "`";
        }
    });
    return fields;
}

using FieldNames = std::set<std::pair<std::string, std::string>>;

/// What this build can say; a row of a field that is still to come is left out.
FieldNames known_fields() {
    FieldNames known;
    const auto visit = [&](std::string_view name, const boost::json::object& object) {
        for (const auto& member : object) known.emplace(name, member.key());
    };
    visit_every_object(Fill::all, visit);
    return known;
}

/// Of those, what is not always there.
FieldNames optional_fields() {
    FieldNames optional;
    const auto visit = [&](std::string_view name, const boost::json::object& object) {
        for (const FieldText& row : field_texts())
            if (row.object == name && !object.contains(row.field)) optional.emplace(name, row.field);
    };
    for (const Fill how : {Fill::objects, Fill::none}) visit_every_object(how, visit);
    return optional;
}

std::string events() {
    std::string out =
        "\n## Events\n\nOne line of JSON each. Counters (bytes, PING times, days left) make no events: a quiet tunnel "
        "is silent. Skip "
        "types that you do not know. Beside `type`, `at` and `profile` there is:\n\n| type | says | has "
        "|\n|---|---|---|\n";
    const auto fields = fields_of_events();
    for (const EventText& event : event_texts()) {
        const auto found = fields.find(event.type);
        out += "| `" + std::string(event.type) + "` | " + std::string(event.about) + " | " +
               (found == fields.end() ? "" : found->second) + " |\n";
    }
    return out;
}

std::string objects() {
    std::string out = "\n## Objects\n\nA type with a ? is of a field that may be absent.\n";
    const auto known = known_fields(), optional = optional_fields();
    std::string_view last;
    for (const FieldText& field : field_texts()) {
        if (!known.contains({std::string(field.object), std::string(field.field)})) continue;
        if (field.object != last) {
            last = field.object;
            out += "\n### " + std::string(last) + "\n\n| field | type | |\n|---|---|---|\n";
        }
        out += "| `" + std::string(field.field) + "` | " + kind_text(field.kind) +
               (optional.contains({std::string(last), std::string(field.field)}) ? "? | " : " | ") +
               std::string(field.about) + " |\n";
    }
    return out;
}

}  // namespace

std::string api_page() {
    return std::string(kHead) + routes_table() + routes_details() + errors() + limits() + events() + objects();
}

}  // namespace memdb::support
