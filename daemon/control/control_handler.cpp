#include "control/control_handler.hpp"

#include "base/overloaded.hpp"

#include <algorithm>
#include <array>

namespace memdb::control {
namespace {

constexpr std::size_t kTargetLimit = 1024;

/// What a route's function gets. If the path names a profile, it exists, except for `remove`.
struct Call {
    const Request& request;
    const Snapshot& snapshot;
    const ProfileView* profile;
    std::string name;  ///< from the path
};

Answer status(const Call& call) { return Reply{200, to_json(call.snapshot)}; }
Answer profiles(const Call& call) { return Reply{200, profiles_json(call.snapshot)}; }
Answer profile(const Call& call) { return profile_reply(200, *call.profile); }
Answer events(const Call&) { return EventStream{}; }
// A profile whose files are damaged is not in the snapshot, and removing it is the way out.
Answer remove(const Call& call) { return Intent{RemoveIntent{call.name}}; }
Answer connect(const Call& call) { return Intent{WishIntent{call.profile->name, Wish::connect}}; }
Answer disconnect(const Call& call) { return Intent{WishIntent{call.profile->name, Wish::disconnect}}; }
Answer reconnect(const Call& call) { return Intent{WishIntent{call.profile->name, Wish::reconnect}}; }

Answer import(const Call& call) {
    auto request = parse_import_request(call.request.body);
    if (request.has_error()) return failure_reply(std::move(request.error()).during("request"));
    if (find_profile(call.snapshot, request->name) != nullptr)
        return error_reply(ErrorCode::conflict,
                           "a profile of this name exists: remove it first or choose another name");
    return Intent{ImportIntent{std::move(*request)}};
}

Answer change(const Call& call) {
    auto wanted = parse_profile_change(call.request.body);
    if (wanted.has_error()) return failure_reply(std::move(wanted.error()).during("request"));
    return Intent{ChangeIntent{call.profile->name, std::move(*wanted)}};
}

Answer ping(const Call& call) {
    auto node = parse_ping_request(call.request.body);
    if (node.has_error()) return failure_reply(std::move(node.error()).during("request"));
    if (*node) {
        const auto named = [&](const NodeView& n) { return n.name == **node; };
        const auto& clusters = call.profile->clusters;
        if (std::none_of(clusters.begin(), clusters.end(),
                         [&](const ClusterView& c) { return std::any_of(c.nodes.begin(), c.nodes.end(), named); }))
            return error_reply(ErrorCode::not_found, "profile " + call.profile->name + " has no node of this name");
    }
    return Intent{PingIntent{call.profile->name, std::move(*node)}};
}

Answer diagnose(const Call& call) { return DiagnoseStream{call.profile->name}; }

Answer crl(const Call& call) {
    auto pem = parse_crl_request(call.request.body);
    if (pem.has_error()) return failure_reply(std::move(pem.error()).during("request"));
    return Intent{CrlIntent{call.profile->name, std::move(*pem)}};
}

Answer auth(const Call& call) {
    auto token = parse_token_request(call.request.body);
    if (token.has_error()) return failure_reply(std::move(token.error()).during("request"));
    return Intent{AuthIntent{call.profile->name, std::move(*token)}};
}

Answer history(const Call& call) {
    const std::size_t mark = call.request.target.find('?');
    auto query = parse_history_query(mark == std::string_view::npos ? "" : call.request.target.substr(mark + 1));
    if (query.has_error()) return failure_reply(query.error());
    // A profile that is gone may still have a history.
    std::string profile = query->profile.value_or("");
    return Intent{HistoryIntent{std::move(*query), std::move(profile)}};
}

Answer ca(const Call& call) { return Intent{CaIntent{call.profile->name}}; }
Answer log(const Call&) { return Intent{LogIntent{}}; }

Answer key_request(const Call& call) {
    auto wanted = parse_key_request(call.request.body);
    if (wanted.has_error()) return failure_reply(std::move(wanted.error()).during("request"));
    return Intent{KeyIntent{call.profile->name, std::move(*wanted)}};
}

Answer key_install(const Call& call) {
    auto wanted = parse_key_install(call.request.body);
    if (wanted.has_error()) return failure_reply(std::move(wanted.error()).during("request"));
    return Intent{KeyIntent{call.profile->name, std::move(*wanted)}};
}

Answer key_rollback(const Call& call) { return Intent{KeyIntent{call.profile->name, KeyRollback{}}}; }

Answer metrics(const Call& call) { return Intent{MetricsIntent{choose_exposition(call.request.accept)}}; }

Answer healthz(const Call& call) {
    std::size_t wanted = 0;
    std::string bad;
    for (const auto& view : call.snapshot.profiles) {
        if (view.wanted != Wanted::connected) continue;
        ++wanted;
        if (view.verdict == health::Verdict::reachable) continue;
        bad += (bad.empty() ? "" : ", ") + view.name + " " + std::string(to_string(view.verdict));
        if (!view.findings.empty()) bad += " (" + view.findings.front().code + ")";
    }
    Reply reply{bad.empty() ? 200u : 503u, {}, "text/plain; charset=utf-8"};
    reply.body = !bad.empty()  ? "not reachable: " + bad + "\n"
                 : wanted == 0 ? "ok: no profile is wanted\n"
                               : "ok: " + std::to_string(wanted) + " of " + std::to_string(wanted) + " reachable\n";
    return reply;
}

struct Route {
    std::string_view method;
    std::string_view path;  ///< "{p}" stands for one profile's name
    Right right;
    Answer (*function)(const Call&);
};

constexpr std::array kRoutes = {
    Route{"GET", "/v1/status", Right::read, status},
    Route{"GET", "/v1/profiles", Right::read, profiles},
    Route{"POST", "/v1/profiles", Right::control, import},
    Route{"GET", "/v1/profiles/{p}", Right::read, profile},
    Route{"PATCH", "/v1/profiles/{p}", Right::control, change},
    Route{"DELETE", "/v1/profiles/{p}", Right::control, remove},
    Route{"POST", "/v1/profiles/{p}/connect", Right::control, connect},
    Route{"POST", "/v1/profiles/{p}/disconnect", Right::control, disconnect},
    Route{"POST", "/v1/profiles/{p}/reconnect", Right::control, reconnect},
    Route{"POST", "/v1/profiles/{p}/ping", Right::read, ping},
    // A trial connects with the profile's key, be it that nobody wants it connected.
    Route{"POST", "/v1/profiles/{p}/diagnose", Right::control, diagnose},
    Route{"POST", "/v1/profiles/{p}/crl", Right::control, crl},
    Route{"POST", "/v1/profiles/{p}/auth", Right::control, auth},
    Route{"POST", "/v1/profiles/{p}/key/request", Right::control, key_request},
    Route{"POST", "/v1/profiles/{p}/key/install", Right::control, key_install},
    Route{"POST", "/v1/profiles/{p}/key/rollback", Right::control, key_rollback},
    Route{"GET", "/v1/profiles/{p}/ca", Right::read, ca},
    Route{"GET", "/v1/history", Right::read, history},
    Route{"GET", "/v1/events", Right::read, events},
    Route{"GET", "/metrics", Right::read, metrics},
    Route{"GET", "/v1/log", Right::control, log},
    Route{"GET", "/healthz", Right::read, healthz},
};

/// What a 405 says. One text per set of methods that a path can have.
std::string_view allow_of(bool get, bool post, bool remove) noexcept {
    if (get && post) return "GET, HEAD, POST";
    if (get && remove) return "GET, HEAD, PATCH, DELETE";  // a profile has them all
    return get ? "GET, HEAD" : post ? "POST" : "DELETE";
}

/// Whether `path` has the shape of `pattern`; then `name` is what stands at "{p}", still encoded.
bool matches(std::string_view pattern, std::string_view path, std::string_view& name) noexcept {
    const auto hole = pattern.find("{p}");
    if (hole == std::string_view::npos) return pattern == path;
    const std::string_view before = pattern.substr(0, hole), after = pattern.substr(hole + 3);
    if (path.size() <= before.size() + after.size() || !path.starts_with(before) || !path.ends_with(after))
        return false;
    const std::string_view middle = path.substr(before.size(), path.size() - before.size() - after.size());
    if (middle.find('/') != std::string_view::npos) return false;
    name = middle;
    return true;
}

int hex(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// HEAD is a GET whose body the server leaves out; a stream has no head worth asking for.
bool accepts(const Route& route, std::string_view method) noexcept {
    return route.method == method || (method == "HEAD" && route.method == "GET" && route.function != events);
}

Answer call(const Route& route, std::string_view name, const Request& request, Right right, const Snapshot& snapshot) {
    if (right < route.right) return not_permitted_reply(route.right);
    if (name.empty()) return route.function({request, snapshot, nullptr, {}});
    auto decoded = percent_decode(name);
    if (!decoded) return error_reply(ErrorCode::bad_request, "the path has a broken percent escape");
    const ProfileView* const found = find_profile(snapshot, *decoded);
    if (found == nullptr && route.function != remove)
        return error_reply(ErrorCode::not_found, "no profile of this name: see memdbctl profile list");
    return route.function({request, snapshot, found, std::move(*decoded)});
}

}  // namespace

Right rights_of(const Peer& peer, const AccessPolicy& policy) noexcept {
    const auto member = [&](const std::optional<gid_t>& group) {
        return group &&
               (peer.gid == *group || std::find(peer.groups.begin(), peer.groups.end(), *group) != peer.groups.end());
    };
    if (peer.uid == 0 || member(policy.control_group)) return Right::control;
    return peer.uid == policy.service_uid || member(policy.read_group) ? Right::read : Right::none;
}

std::vector<RouteName> routes() {
    std::vector<RouteName> names;
    names.reserve(kRoutes.size());
    for (const Route& route : kRoutes) names.push_back({route.method, route.path, route.right});
    return names;
}

Answer handle(const Request& request, Right right, const Snapshot& snapshot) {
    if (right == Right::none) return not_permitted_reply(Right::read);
    if (request.target.size() > kTargetLimit) return error_reply(ErrorCode::bad_request, "the path is too long");
    // Parameters are the route's own; unknown ones (such as a cache breaker) are not turned away.
    const std::string_view path = request.target.substr(0, request.target.find('?'));
    bool get = false, post = false, remove_too = false;
    for (const Route& route : kRoutes) {
        std::string_view name;
        if (!matches(route.path, path, name)) continue;
        if (accepts(route, request.method)) return call(route, name, request, right, snapshot);
        get |= route.method == "GET";
        post |= route.method == "POST";
        remove_too |= route.method == "DELETE";
    }
    if (!get && !post && !remove_too) return error_reply(ErrorCode::not_found, "no such path: see memdbctl(1)");
    Reply reply = error_reply(ErrorCode::bad_request, "this path does not have this method");
    reply.status = 405;
    reply.allow = allow_of(get, post, remove_too);
    return reply;
}

Reply error_reply(ErrorCode code, std::string_view message) {
    return {http_status_for(code), to_json(ErrorBody{code, std::string(message)})};
}

Reply failure_reply(const Failure& failure) { return error_reply(error_code_for(failure.code), failure.message); }

Reply profile_reply(unsigned status, const ProfileView& profile) { return {status, to_json(profile)}; }

Reply not_permitted_reply(Right needed) {
    if (needed == Right::control)
        return error_reply(ErrorCode::not_permitted,
                           "changing the agent needs root or membership in its control group: "
                           "sudo usermod -aG memdb $USER, then log in again");
    return error_reply(ErrorCode::not_permitted,
                       "only root and members of the group memdb may ask: "
                       "sudo usermod -aG memdb $USER, then log in again");
}

std::optional<std::string> percent_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            if (text.size() - i < 3) return std::nullopt;
            const int high = hex(text[i + 1]), low = hex(text[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            c = static_cast<char>(high * 16 + low);
            if (c == '/') return std::nullopt;
            i += 2;
        }
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
        out += c;
    }
    return out;
}

std::string_view to_string(Right right) noexcept {
    switch (right) {
        case Right::none: return "none";
        case Right::read: return "read";
        case Right::control: return "control";
    }
    return "?";
}

std::string_view to_string(Wish wish) noexcept {
    switch (wish) {
        case Wish::connect: return "connect";
        case Wish::disconnect: return "disconnect";
        case Wish::reconnect: return "reconnect";
    }
    return "?";
}

std::string_view name_of(const Intent& intent) noexcept {
    return std::visit(Overloaded{
                          [](const ImportIntent&) -> std::string_view { return "import"; },
                          [](const ChangeIntent&) -> std::string_view { return "change"; },
                          [](const RemoveIntent&) -> std::string_view { return "remove"; },
                          [](const WishIntent& i) { return to_string(i.wish); },
                          [](const PingIntent&) -> std::string_view { return "ping"; },
                          [](const CrlIntent&) -> std::string_view { return "crl"; },
                          [](const AuthIntent&) -> std::string_view { return "auth"; },
                          [](const HistoryIntent&) -> std::string_view { return "history"; },
                          [](const MetricsIntent&) -> std::string_view { return "metrics"; },
                          [](const CaIntent&) -> std::string_view { return "ca"; },
                          [](const LogIntent&) -> std::string_view { return "log"; },
                          [](const KeyIntent& i) -> std::string_view {
                              if (std::holds_alternative<KeyRequest>(i.wanted)) return "key request";
                              return std::holds_alternative<KeyInstall>(i.wanted) ? "key install" : "key rollback";
                          },
                      },
                      intent);
}

bool is_control(const Intent& intent) noexcept {
    return !std::holds_alternative<PingIntent>(intent) && !std::holds_alternative<HistoryIntent>(intent) &&
           !std::holds_alternative<MetricsIntent>(intent) && !std::holds_alternative<CaIntent>(intent);
}

}  // namespace memdb::control
