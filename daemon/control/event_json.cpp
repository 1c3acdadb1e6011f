// Events as NDJSON lines: {"type":…,"at":…,"profile":…, and what belongs to the type}.
#include "base/overloaded.hpp"
#include "control/api.hpp"
#include "control/api_fields.hpp"
#include "control/api_time.hpp"
#include "control/api_values.hpp"
#include "control/event.hpp"

namespace memdb::control {
namespace {

void put(json::object& line, const Change& change) {
    std::visit(Overloaded{
                   [&](const SnapshotTaken& c) { line["snapshot"] = value_of(c.snapshot); },
                   [&](const ProfileAdded&) {},
                   [&](const ProfileRemoved&) {},
                   [&](const WantedChanged& c) { line["to"] = to_string(c.to); },
                   [&](const VerdictChanged& c) {
                       line["from"] = to_string(c.from);
                       line["to"] = to_string(c.to);
                   },
                   [&](const PhaseChanged& c) {
                       if (!c.from.empty()) line["from"] = c.from;
                       line["to"] = c.to;
                       line["attempt"] = c.attempt;
                       if (c.cause) line["cause"] = *c.cause;
                       if (c.retry_at) line["retry_at"] = time_text(*c.retry_at);
                   },
                   [&](const LayerChanged& c) {
                       line["layer"] = to_string(c.layer);
                       line["from"] = to_string(c.from);
                       line["to"] = to_string(c.to);
                   },
                   [&](const NodeChanged& c) {
                       line["cluster"] = c.cluster;
                       line["node"] = c.node;
                       if (c.from) line["from"] = to_string(*c.from);
                       if (c.to) line["to"] = to_string(*c.to);
                       if (c.finding) line["finding"] = *c.finding;
                   },
                   [&](const RotationChanged& c) {
                       if (c.rotation) line["rotation"] = value_of(*c.rotation);
                   },
                   [&](const FindingRaised& c) { line["finding"] = value_of(c.finding); },
                   [&](const FindingChanged& c) { line["finding"] = value_of(c.finding); },
                   [&](const FindingCleared& c) {
                       line["code"] = c.code;
                       line["layer"] = to_string(c.layer);
                   },
               },
               change);
}

json::object head_of(std::string_view type, WallTime at, const std::string& profile) {
    json::object line{{"type", type}, {"at", time_text(at)}};
    if (!profile.empty()) line["profile"] = profile;
    return line;
}

void read(Fields& f, SnapshotTaken& c) {
    if (!f.has("snapshot")) f.fail("snapshot", "missing");
    f.read_object("snapshot", [&](Fields& g) { read_snapshot(g, c.snapshot); });
}

void read(Fields&, ProfileAdded&) {}
void read(Fields&, ProfileRemoved&) {}
void read(Fields& f, WantedChanged& c) { f.read_word("to", c.to, parse_wanted); }

void read(Fields& f, VerdictChanged& c) {
    f.read_word("from", c.from, health::parse_verdict);
    f.read_word("to", c.to, health::parse_verdict);
}

void read(Fields& f, PhaseChanged& c) {
    f.read_optional("from", c.from, 64);
    f.read("to", c.to, 64);
    if (f.has("attempt")) f.read_number("attempt", c.attempt);
    f.read("cause", c.cause);
    f.read("retry_at", c.retry_at);
}

void read(Fields& f, LayerChanged& c) {
    f.read_word("layer", c.layer, health::parse_layer);
    f.read_word("from", c.from, parse_layer_state);
    f.read_word("to", c.to, parse_layer_state);
}

void read(Fields& f, NodeChanged& c) {
    f.read("cluster", c.cluster);
    f.read("node", c.node);
    if (f.has("from")) f.read_word("from", c.from.emplace(), parse_node_state);
    if (f.has("to")) f.read_word("to", c.to.emplace(), parse_node_state);
    f.read("finding", c.finding);
}

void read(Fields& f, RotationChanged& c) {
    f.read_object("rotation", [&](Fields& g) { read_rotation(g, c.rotation.emplace()); });
}

void read(Fields& f, FindingRaised& c) {
    if (!f.has("finding")) f.fail("finding", "missing");
    f.read_object("finding", [&](Fields& g) { read_finding(g, c.finding); });
}

void read(Fields& f, FindingChanged& c) {
    if (!f.has("finding")) f.fail("finding", "missing");
    f.read_object("finding", [&](Fields& g) { read_finding(g, c.finding); });
}

void read(Fields& f, FindingCleared& c) {
    f.read("code", c.code);
    f.read_word("layer", c.layer, health::parse_layer);
}

/// The alternative of that name, empty; nothing when no alternative has it.
template <std::size_t I = 0>
std::optional<Change> empty_change(std::string_view type) {
    if constexpr (I < std::variant_size_v<Change>) {
        Change change(std::in_place_index<I>);
        if (type_of(change) == type) return change;
        return empty_change<I + 1>(type);
    } else {
        return std::nullopt;
    }
}

}  // namespace

std::string_view type_of(const Change& change) noexcept {
    return std::visit(Overloaded{
                          [](const SnapshotTaken&) -> std::string_view { return "snapshot"; },
                          [](const ProfileAdded&) -> std::string_view { return "profile_added"; },
                          [](const ProfileRemoved&) -> std::string_view { return "profile_removed"; },
                          [](const WantedChanged&) -> std::string_view { return "wanted"; },
                          [](const VerdictChanged&) -> std::string_view { return "verdict"; },
                          [](const PhaseChanged&) -> std::string_view { return "phase"; },
                          [](const LayerChanged&) -> std::string_view { return "layer"; },
                          [](const NodeChanged&) -> std::string_view { return "node"; },
                          [](const RotationChanged&) -> std::string_view { return "rotation"; },
                          [](const FindingRaised&) -> std::string_view { return "finding_raised"; },
                          [](const FindingChanged&) -> std::string_view { return "finding_changed"; },
                          [](const FindingCleared&) -> std::string_view { return "finding_cleared"; },
                      },
                      change);
}

std::string to_json_line(const Event& event) {
    json::object line = head_of(type_of(event.change), event.at, event.profile);
    put(line, event.change);
    return json::serialize(line) + "\n";
}

std::string snapshot_line(const Snapshot& snapshot, WallTime at) {
    json::object line = head_of("snapshot", at, {});
    line["snapshot"] = value_of(snapshot);
    return json::serialize(line) + "\n";
}

Result<Event> parse_event(std::string_view line) {
    const auto value = parse_json(line, kReplyLimit);
    if (value.has_error()) return value.error();
    Trouble trouble;
    Event event;
    Fields top(*value, "", trouble);
    std::string type;
    top.read("type", type, 64);
    top.read("at", event.at);
    top.read_optional("profile", event.profile, 256);
    if (trouble) return *trouble;
    auto change = empty_change(type);
    if (!change) return Failure{Errc::not_found, "an event of a type that this version does not know"};
    std::visit([&](auto& alternative) { read(top, alternative); }, *change);
    if (trouble) return *trouble;
    event.change = std::move(*change);
    return event;
}

}  // namespace memdb::control
