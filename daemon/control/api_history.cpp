#include "control/api_history.hpp"

#include "control/api.hpp"
#include "control/api_fields.hpp"
#include "control/api_time.hpp"

#include <algorithm>
#include <charconv>

namespace memdb::control {
namespace {

constexpr Duration kLongest = 24h * 366;
constexpr std::size_t kSpanLimit = 100'000;

template <class Span>
void add_times(json::object& object, const Span& span) {
    object["began"] = time_text(span.began);
    object["ended"] = time_text(span.ended);
    if (span.open) object["open"] = true;
}

json::object value_of(const ReachabilityView& view) {
    json::object object{{"profile", view.profile},
                        {"observed_ms", view.observed_ms},
                        {"answered_ms", view.answered_ms},
                        {"degraded_ms", view.degraded_ms},
                        {"incidents", view.incidents}};
    if (view.observed_ms > 0)  // whole numbers: Boost.JSON would write 9.998E1
        object["reachable_ppm"] = view.answered_ms * 1'000'000 / view.observed_ms;
    return object;
}

json::object value_of(const IncidentView& view) {
    json::object object{{"profile", view.profile}};
    add_times(object, view);
    object["duration_ms"] = (view.ended - view.began).count();
    object["worst"] = health::to_string(view.worst);
    if (view.cause) object["cause"] = *view.cause;
    if (view.summary) object["summary"] = *view.summary;
    if (view.layer) object["layer"] = health::to_string(*view.layer);
    return object;
}

json::object value_of(const VerdictSpan& span) {
    json::object object{{"profile", span.profile}, {"verdict", health::to_string(span.verdict)}};
    add_times(object, span);
    return object;
}

json::object value_of(const PhaseSpan& span) {
    json::object object{{"profile", span.profile}, {"phase", span.phase}};
    if (span.cause) object["cause"] = *span.cause;
    add_times(object, span);
    return object;
}

json::object value_of(const FindingSpan& span) {
    json::object object;
    if (!span.profile.empty()) object["profile"] = span.profile;
    object["code"] = span.code;
    object["severity"] = health::to_string(span.severity);
    object["layer"] = health::to_string(span.layer);
    object["summary"] = span.summary;
    add_times(object, span);
    return object;
}

json::object value_of(const PingPoint& point) {
    json::object object{{"at", time_text(point.at)}, {"count", point.count}, {"lost", point.lost}};
    if (point.min_us) object["min_us"] = *point.min_us;
    if (point.median_us) object["median_us"] = *point.median_us;
    if (point.p99_us) object["p99_us"] = *point.p99_us;
    return object;
}

json::object value_of(const NodeHistory& node);

template <class T>
json::array values_of(const std::vector<T>& list) {
    json::array array;
    array.reserve(list.size());
    for (const T& one : list) array.emplace_back(value_of(one));
    return array;
}

json::object value_of(const NodeHistory& node) {
    return {{"profile", node.profile},
            {"node", node.node},
            {"total", value_of(node.total)},
            {"points", values_of(node.points)}};
}

template <class Span>
void read_times(Fields& f, Span& span) {
    f.read("began", span.began);
    f.read("ended", span.ended);
    f.read_flag("open", span.open);
}

void read_point(Fields& f, PingPoint& point) {
    f.read("at", point.at);
    f.read_number("count", point.count);
    f.read_number("lost", point.lost);
    f.read_number("min_us", point.min_us);
    f.read_number("median_us", point.median_us);
    f.read_number("p99_us", point.p99_us);
}

void read_incident(Fields& f, IncidentView& view) {
    f.read("profile", view.profile, 256);
    read_times(f, view);
    f.read_word("worst", view.worst, health::parse_verdict);
    f.read("cause", view.cause);
    f.read("summary", view.summary);
    std::optional<std::string> layer;
    f.read("layer", layer);
    if (layer) view.layer = health::parse_layer(*layer);
}

void read_spans(Fields& f, History& history) {
    f.read_list("incidents", history.incidents, read_incident, kSpanLimit);
    f.read_list(
        "verdicts", history.verdicts,
        [](Fields& g, VerdictSpan& span) {
            g.read("profile", span.profile, 256);
            g.read_word("verdict", span.verdict, health::parse_verdict);
            read_times(g, span);
        },
        kSpanLimit);
    f.read_list(
        "phases", history.phases,
        [](Fields& g, PhaseSpan& span) {
            g.read("profile", span.profile, 256);
            g.read("phase", span.phase, 64);
            g.read("cause", span.cause);
            read_times(g, span);
        },
        kSpanLimit);
    f.read_list(
        "findings", history.findings,
        [](Fields& g, FindingSpan& span) {
            g.read_optional("profile", span.profile, 256);
            g.read("code", span.code, 64);
            g.read_word("severity", span.severity, health::parse_severity);
            g.read_word("layer", span.layer, health::parse_layer);
            g.read("summary", span.summary);
            read_times(g, span);
        },
        kSpanLimit);
}

void read_history(Fields& f, History& history) {
    f.read_word("state", history.state, parse_history_state);
    f.read("message", history.message);
    f.read("since", history.since);
    f.read("until", history.until);
    f.read_number("bucket_s", history.bucket_s);
    f.read("oldest", history.oldest);
    f.read_number("dropped", history.dropped);
    f.read_flag("cut", history.cut);
    f.read_list("profiles", history.profiles, [](Fields& g, ReachabilityView& view) {
        g.read("profile", view.profile, 256);
        g.read_number("observed_ms", view.observed_ms);
        g.read_number("answered_ms", view.answered_ms);
        g.read_number("degraded_ms", view.degraded_ms);
        g.read_number("incidents", view.incidents);
    });
    read_spans(f, history);
    f.read_list("nodes", history.nodes, [](Fields& g, NodeHistory& node) {
        g.read("profile", node.profile, 256);
        g.read("node", node.node, 1024);
        g.read_object("total", [&](Fields& h) { read_point(h, node.total); });
        g.read_list("points", node.points, read_point);
    });
}

int hex(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// One name or value of a query: "%41+b" is "A b". Nothing for a broken escape or a control character.
std::optional<std::string> decode(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i] == '+' ? ' ' : text[i];
        if (c == '%') {
            if (text.size() - i < 3 || hex(text[i + 1]) < 0 || hex(text[i + 2]) < 0) return std::nullopt;
            c = static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
            i += 2;
        }
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
        out += c;
    }
    return out;
}

}  // namespace

std::optional<HistorySince> parse_since(std::string_view text) noexcept {
    if (const auto moment = parse_time(text)) return HistorySince(*moment);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || number <= 0 || number > kLongest / 1s) return std::nullopt;
    const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
    const Duration one = unit == "s"                    ? Duration(1s)
                         : unit == "m" || unit == "min" ? Duration(1min)
                         : unit == "h"                  ? Duration(1h)
                         : unit == "d"                  ? Duration(24h)
                                                        : 0ms;
    if (one == 0ms || number * one > kLongest) return std::nullopt;
    return HistorySince(number * one);
}

Result<HistoryQuery> parse_history_query(std::string_view text) {
    HistoryQuery query;
    bool has_since = false;
    while (!text.empty()) {
        const std::string_view pair = text.substr(0, text.find('&'));
        text.remove_prefix(std::min(text.size(), pair.size() + 1));
        if (pair.empty()) continue;
        const std::size_t equals = pair.find('=');
        const auto name = decode(pair.substr(0, equals));
        const auto value = decode(equals == std::string_view::npos ? "" : pair.substr(equals + 1));
        if (!name || !value) return Failure{Errc::bad_input, "the query has a broken percent escape"};
        if (*name == "profile") {
            if (query.profile) return Failure{Errc::bad_input, "profile: given twice"};
            query.profile = *value;
        } else if (*name == "since") {
            if (has_since) return Failure{Errc::bad_input, "since: given twice"};
            has_since = true;
            const auto since = parse_since(*value);
            if (!since)
                return Failure{Errc::bad_input, "since: a time such as 24h, 90m or 7d is expected, or RFC 3339 in UTC"};
            query.since = *since;
        }
    }
    return query;
}

std::string to_json(const History& history) {
    json::object object{{"schema", 1},
                        {"state", to_string(history.state)},
                        {"since", time_text(history.since)},
                        {"until", time_text(history.until)},
                        {"bucket_s", history.bucket_s},
                        {"dropped", history.dropped}};
    if (history.message) object["message"] = *history.message;
    if (history.oldest) object["oldest"] = time_text(*history.oldest);
    if (history.cut) object["cut"] = true;
    object["profiles"] = values_of(history.profiles);
    object["incidents"] = values_of(history.incidents);
    object["verdicts"] = values_of(history.verdicts);
    object["phases"] = values_of(history.phases);
    object["findings"] = values_of(history.findings);
    object["nodes"] = values_of(history.nodes);
    return json::serialize(object);
}

Result<History> parse_history(std::string_view text) { return parse_whole<History>(text, kReplyLimit, read_history); }

std::string_view to_string(HistoryState state) noexcept {
    switch (state) {
        case HistoryState::on: return "on";
        case HistoryState::off: return "off";
        case HistoryState::failed: return "failed";
    }
    return "?";
}

std::optional<HistoryState> parse_history_state(std::string_view word) noexcept {
    for (const HistoryState state : {HistoryState::on, HistoryState::off, HistoryState::failed})
        if (word == to_string(state)) return state;
    return std::nullopt;
}

const NodeHistory* find_node(const History& history, std::string_view profile, std::string_view node) noexcept {
    const auto found = std::ranges::find_if(
        history.nodes, [&](const NodeHistory& one) { return one.profile == profile && one.node == node; });
    return found == history.nodes.end() ? nullptr : &*found;
}

}  // namespace memdb::control
