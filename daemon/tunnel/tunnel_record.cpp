#include "tunnel/tunnel_record.hpp"

#include "base/ip_network.hpp"
#include "control/api_fields.hpp"
#include "control/api_time.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace memdb::tunnel {
namespace {

namespace json = boost::json;
using control::Fields;

constexpr int kSchema = 1;
constexpr int kPidLimit = 4 * 1024 * 1024;                      // the kernel's own
constexpr Duration kLongestUptime = std::chrono::days{36'500};  // what is later is none, and cannot be reckoned with
constexpr std::size_t kDeviceNameLimit = 15;
constexpr std::size_t kPathLimit = 4095;
constexpr std::size_t kLossesLimit = 8;
constexpr std::size_t kPushLinesLimit = 64;
constexpr std::string_view kUdp = "udp", kTcp = "tcp";
constexpr std::string_view kFresh = "in force", kStale = "changed since";

TimePoint::rep since_boot(TimePoint at) { return at.time_since_epoch().count(); }

void read_moment(Fields& fields, std::string_view key, TimePoint& out) {
    TimePoint::rep count = 0;
    fields.read_number(key, count);
    if (count < 0 || Duration(count) > kLongestUptime) fields.fail(key, "a moment after boot expected");
    out = TimePoint(Duration(count));
}

void read_process(Fields& fields, TunnelRecord& record) {
    fields.only({"pid", "start_time", "exe"});
    fields.read_number("pid", record.pid);
    fields.read_number("start_time", record.start_time);
    fields.read("exe", record.exe, kPathLimit);
    if (record.pid <= 1 || record.pid > kPidLimit) fields.fail("pid", "a pid expected");
    if (!record.exe.starts_with('/')) fields.fail("exe", "an absolute path expected");
}

void read_server(Fields& fields, ServerAddress& server) {
    fields.only({"address", "port", "transport"});
    fields.read("address", server.address, 64);
    if (!parse_address(server.address)) fields.fail("address", "an address expected");
    fields.read_number("port", server.port);
    fields.read_word("transport", server.transport, [](std::string_view word) -> std::optional<config::Transport> {
        if (word == kUdp) return config::Transport::udp;
        if (word == kTcp) return config::Transport::tcp;
        return std::nullopt;
    });
}

void read_record(Fields& fields, TunnelRecord& record) {
    fields.only({"schema", "openvpn", "generation", "server", "device", "push", "session_from", "connected_at",
                 "restarts", "losses", "last_restart_cause", "input"});
    int schema = 0;
    fields.read_number("schema", schema);
    if (schema != kSchema) fields.fail("schema", "of another version");
    if (!fields.has("openvpn") || !fields.has("server")) fields.fail("openvpn", "a process and its server expected");
    fields.read_object("openvpn", [&](Fields& inner) { read_process(inner, record); });
    fields.read_object("server", [&](Fields& inner) { read_server(inner, record.server); });
    fields.read_number("generation", record.generation);
    fields.read("device", record.device, kDeviceNameLimit);
    fields.read_list("push", record.push_lines, kPushLinesLimit);
    fields.read("session_from", record.session_from);
    read_moment(fields, "connected_at", record.connected_at);
    fields.read_number("restarts", record.restarts);
    fields.read_list(
        "losses", record.losses, [](Fields& loss, TimePoint& at) { read_moment(loss, "at", at); }, kLossesLimit);
    fields.read("last_restart_cause", record.last_restart_cause, 256);
    fields.read_word("input", record.stale, [](std::string_view word) -> std::optional<bool> {
        if (word == kFresh || word == kStale) return word == kStale;
        return std::nullopt;
    });
}

}  // namespace

std::string to_json(const TunnelRecord& record) {
    json::array losses;
    for (const TimePoint at : record.losses) losses.emplace_back(json::object{{"at", since_boot(at)}});
    const std::string_view transport = record.server.transport == config::Transport::udp ? kUdp : kTcp;
    const json::object value = {
        {"schema", kSchema},
        {"openvpn", {{"pid", record.pid}, {"start_time", record.start_time}, {"exe", record.exe}}},
        {"generation", record.generation},
        {"server", {{"address", record.server.address}, {"port", record.server.port}, {"transport", transport}}},
        {"device", record.device},
        {"push", json::array(record.push_lines.begin(), record.push_lines.end())},
        {"session_from", control::time_text(record.session_from)},
        {"connected_at", since_boot(record.connected_at)},
        {"restarts", record.restarts},
        {"losses", std::move(losses)},
        {"last_restart_cause", record.last_restart_cause},
        {"input", record.stale ? kStale : kFresh}};
    return json::serialize(value) + "\n";
}

Result<TunnelRecord> parse_tunnel_record(std::string_view text) {
    const auto value = control::parse_json(text, kTunnelRecordLimit);
    if (!value) return value.error();
    control::Trouble trouble;
    TunnelRecord record;
    Fields fields(*value, "", trouble);
    read_record(fields, record);
    if (trouble) return *trouble;
    return record;
}

}  // namespace memdb::tunnel
