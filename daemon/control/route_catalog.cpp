#include "control/route_catalog.hpp"

#include <algorithm>
#include <array>

namespace memdb::control {
namespace {

// clang-format off
constexpr std::array kRouteTexts = {
    RouteText{"GET", "/v1/status", "Everything: the agent, and every profile with its tunnel, layers, clusters, nodes, credential and findings.", "",
        "200 and the [snapshot](#snapshot)",
        "curl -sS --unix-socket /run/memdbd/memdbd.sock http://memdbd/v1/status | jq '.profiles[] | {name, verdict, findings: [.findings[].code]}'"},
    RouteText{"GET", "/v1/profiles", "The profiles alone.", "", "200 and `schema` with the list of [profiles](#profile)",
        "curl -sS --unix-socket /run/memdbd/memdbd.sock http://memdbd/v1/profiles | jq -r '.profiles[].name'"},
    RouteText{"POST", "/v1/profiles", "Imports a profile: judges the configuration and the certificate, stores both, connects nothing yet. With `kind` \"direct\" there is no tunnel, and neither `config` nor `cert` nor `key`.",
        "the [import](#import)", "201 and the [import report](#import-report)",
        "jq -n --rawfile config downloaded-client-config.ovpn --rawfile cert client.crt --rawfile key client.key \\\n"
        "    '{name: \"demo\", config: $config, cert: $cert, key: $key,\n"
        "      clusters: [{endpoint: \"clustercfg.demo.abc123.memorydb.eu-west-1.amazonaws.com:6379\"}]}' |\n"
        "    curl -sS --unix-socket /run/memdbd/memdbd.sock --data-binary @- http://memdbd/v1/profiles"},
    RouteText{"GET", "/v1/profiles/{p}", "One profile.", "", "200 and the [profile](#profile)",
        "curl -sS --unix-socket /run/memdbd/memdbd.sock http://memdbd/v1/profiles/demo | jq -r .verdict"},
    RouteText{"PATCH", "/v1/profiles/{p}", "Changes what is named and nothing else; the tunnel is not touched.", "the [change](#change), each field optional",
        "200 and the changed [profile](#profile)",
        "curl -sS --unix-socket /run/memdbd/memdbd.sock -X PATCH -d '{\"signer\":\"manual\"}' http://memdbd/v1/profiles/demo"},
    RouteText{"DELETE", "/v1/profiles/{p}", "Disconnects the profile and removes it with its keys. Also for a profile whose files are damaged.", "", "204 without a body",
        "curl -sS --unix-socket /run/memdbd/memdbd.sock -X DELETE http://memdbd/v1/profiles/demo"},
    RouteText{"POST", "/v1/profiles/{p}/connect", "The wish to be connected; it outlives restarts of the agent and of the machine. Answers at once: watch the events for what comes of it.", "",
        "202 and the [profile](#profile)",
        "curl -sS --unix-socket /run/memdbd/memdbd.sock -X POST http://memdbd/v1/profiles/demo/connect | jq -r .wanted"},
    RouteText{"POST", "/v1/profiles/{p}/disconnect", "The wish to be disconnected; it outlives restarts, too.", "", "202 and the [profile](#profile)",
        "curl -sS --unix-socket /run/memdbd/memdbd.sock -X POST http://memdbd/v1/profiles/demo/disconnect | jq -r .wanted"},
    RouteText{"POST", "/v1/profiles/{p}/reconnect", "A new tunnel now; ends a back-off.", "", "202 and the [profile](#profile)",
        "curl -sS --unix-socket /run/memdbd/memdbd.sock -X POST http://memdbd/v1/profiles/demo/reconnect | jq -r .wanted"},
    RouteText{"POST", "/v1/profiles/{p}/ping", "A fresh PING to every node, or to the one in `node`, each on its proven connection or a new one.", "none, or `{\"node\":NAME}`",
        "200 and the [ping report](#ping-report), also when no node answered",
        "curl -sS --unix-socket /run/memdbd/memdbd.sock -X POST http://memdbd/v1/profiles/demo/ping"},
    RouteText{"POST", "/v1/profiles/{p}/diagnose", "Runs the doctor's active checks, which take up to 15 s.", "", "200 and NDJSON: a line for each check as it is done", ""},
    RouteText{"POST", "/v1/profiles/{p}/crl", "Tells the agent which certificates are revoked, so that it warns before the list ends and tries no revoked certificate.", "`{\"crl\":PEM}`",
        "200 and the [list](#crl) as it is now known", ""},
    RouteText{"POST", "/v1/profiles/{p}/auth", "A fresh IAM token for the profile's user. It is kept in memory only and never comes back.", "`{\"token\":TOKEN}`", "200 and the [token report](#token-report)", ""},
    RouteText{"POST", "/v1/profiles/{p}/key/request", "Makes a new private key, which never leaves the agent, and the request to certify it. While a request is pending, the same comes again unless `fresh`.",
        "none, or the [key request](#key-request)", "200 and the [certificate request](#key-request-report)",
        "curl -sS --unix-socket /run/memdbd/memdbd.sock -X POST -d '{\"reason\":\"new laptop\"}' \\\n"
        "    http://memdbd/v1/profiles/demo/key/request | jq -r .csr"},
    RouteText{"POST", "/v1/profiles/{p}/key/install", "The certificate for the pending request: checked, proven by a trial connection, put in force, confirmed by a PING, else taken back. Without a certificate, the stored one is proven again.",
        "none, or `{\"certificate\":PEM}`", "202 and the [profile](#profile), whose `rotation` says how it goes", ""},
    RouteText{"POST", "/v1/profiles/{p}/key/rollback", "Back to the key before.", "", "202 and the [profile](#profile)", ""},
    RouteText{"GET", "/v1/profiles/{p}/ca", "What the profile trusts for its clusters instead of the system's certificates.", "", "200 and the certificates in PEM; 404 when it trusts the system's", ""},
    RouteText{"GET", "/v1/events", "Every change as it happens, one line of JSON each, until either side ends it. The first line is the whole snapshot. A reader that falls behind is cut off: read fast, or connect again.", "",
        "200 and [events](#events) as NDJSON (chunked)",
        "curl -s -N --max-time 1 --unix-socket /run/memdbd/memdbd.sock http://memdbd/v1/events | jq -c '{at, type, profile}'"},
    RouteText{"GET", "/v1/history", "What the agent remembers: incidents with their cause, reachability, and PING by the minute. `?since=` takes a time or a duration (24h), `?profile=` one profile.", "",
        "200 and the history as JSON", "curl -sS --unix-socket /run/memdbd/memdbd.sock 'http://memdbd/v1/history?since=24h'"},
    RouteText{"GET", "/v1/log", "The agent's own ring of its last log lines, for bug reports.", "", "200 and `{\"lines\":[…],\"forgotten\":N}`, oldest first; so many earlier lines are not kept any more",
        "curl -sS --unix-socket /run/memdbd/memdbd.sock http://memdbd/v1/log | jq -r '.lines[-3:][]'"},
    RouteText{"GET", "/metrics", "The same as OpenMetrics text, for Prometheus.", "", "200 and `application/openmetrics-text`", "curl -sS --unix-socket /run/memdbd/memdbd.sock http://memdbd/metrics | tail -n 1"},
    RouteText{"GET", "/healthz", "For load balancers and health checks: one line of text.", "", "200 when every wanted profile is reachable, else 503",
        "curl -sS --unix-socket /run/memdbd/memdbd.sock -w '%{http_code}\\n' http://memdbd/healthz"},
};

constexpr std::array kEventTexts = {
    EventText{"snapshot", "The first line of every stream: all that is known."},
    EventText{"profile_added", "A profile was imported."},
    EventText{"profile_removed", "A profile was removed."},
    EventText{"wanted", "Somebody wished it to be connected or disconnected."},
    EventText{"verdict", "The profile's verdict changed. It comes after the events that explain it."},
    EventText{"phase", "The tunnel entered a phase, perhaps the same one anew."},
    EventText{"layer", "A step of the way works, or does not any more."},
    EventText{"node", "A node answers or fails, appeared or is gone."},
    EventText{"rotation", "A key on its way into force made a step."},
    EventText{"finding_raised", "Something is wrong, and has been for long enough to say so."},
    EventText{"finding_changed", "The same, but its sentence is another: two nodes instead of one."},
    EventText{"finding_cleared", "It is not wrong any more."},
};
// clang-format on

}  // namespace

std::span<const RouteText> route_texts() noexcept { return kRouteTexts; }

const RouteText* find_route_text(std::string_view method, std::string_view path) noexcept {
    const auto* const at =
        std::ranges::find_if(kRouteTexts, [&](const RouteText& t) { return t.method == method && t.path == path; });
    return at == kRouteTexts.end() ? nullptr : at;
}

std::span<const EventText> event_texts() noexcept { return kEventTexts; }

std::string_view meaning_of(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::not_permitted:
            return "You are not in the group memdb (or not in `control_group`). After `usermod`, log in again.";
        case ErrorCode::bad_request: return "The path, the method or the body is wrong. The message names the field.";
        case ErrorCode::not_found: return "No such path, profile or node.";
        case ErrorCode::conflict: return "It does not fit what there is: the name is taken, nothing is pending.";
        case ErrorCode::busy: return "Too many connections, or something is under way already: try again in a moment.";
        case ErrorCode::internal: return "The agent could not do it; `journalctl -u memdbd` says why.";
    }
    return {};
}

}  // namespace memdb::control
