#include "host/host_footprint.hpp"

#include "config/endpoint_parser.hpp"
#include "control/api_fields.hpp"

#include <algorithm>
#include <utility>

namespace memdb::host {
namespace {

namespace json = boost::json;
using control::Fields;

constexpr int kSchema = 1;
constexpr int kPidLimit = 4 * 1024 * 1024;  // the kernel's own
constexpr std::size_t kDeviceNameLimit = 15;
constexpr std::size_t kPathLimit = 4095;
constexpr std::size_t kBootIdLimit = 36;

constexpr std::string_view kOnLink = "gateway-on-link";
constexpr std::string_view kOneOfSeveral = "one-of-several";
constexpr std::string_view kPresent = "present";
constexpr std::string_view kAbsent = "absent";
constexpr std::string_view kSet = "set";

bool is_printable(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

bool is_device_name(std::string_view text) {
    return text.size() <= kDeviceNameLimit && is_printable(text) && text.find('/') == std::string_view::npos;
}

std::optional<bool> parse_presence(std::string_view word) {
    if (word == kPresent) return true;
    if (word == kAbsent) return false;
    return std::nullopt;
}

json::object value_of(const Route& route) {
    json::object value = {{"to", to_string(route.to)},
                          {"device", route.device},
                          {"metric", route.metric},
                          {"protocol", route.protocol},
                          {"scope", route.scope}};
    if (route.gateway) value["gateway"] = to_string(*route.gateway);
    if (route.source) value["source"] = to_string(*route.source);
    json::array flags;
    if (route.gateway_on_link) flags.emplace_back(kOnLink);
    if (route.one_of_several) flags.emplace_back(kOneOfSeveral);
    if (!flags.empty()) value["flags"] = std::move(flags);
    return value;
}

void read_address(Fields& fields, std::string_view key, std::optional<IpAddress>& out) {
    if (!fields.has(key)) return;
    fields.read_word(key, out.emplace(), [](const std::string& text) { return parse_address(text); });
}

void read_route(Fields& fields, Route& route) {
    fields.only({"to", "device", "metric", "protocol", "scope", "gateway", "source", "flags"});
    fields.read_word("to", route.to, [](const std::string& text) { return parse_network(text); });
    fields.read("device", route.device, kDeviceNameLimit);
    fields.read_number("metric", route.metric);
    fields.read_number("protocol", route.protocol);
    fields.read_number("scope", route.scope);
    read_address(fields, "gateway", route.gateway);
    read_address(fields, "source", route.source);
    std::vector<std::string> flags;
    fields.read_list("flags", flags, std::size_t{2});
    for (const std::string& flag : flags) {
        if (flag == kOnLink)
            route.gateway_on_link = true;
        else if (flag == kOneOfSeveral)
            route.one_of_several = true;
        else
            fields.fail("flags", "a word that this version does not know");
    }
    if (!is_default(route)) fields.fail("to", "a default route expected");
    if (route.device.empty() || !is_device_name(route.device)) fields.fail("device", "a device's name expected");
    if (route.source && route.source->is_v6 != route.to.address.is_v6) fields.fail("source", "the other family");
}

void read_process(Fields& fields, Footprint& footprint) {
    fields.only({"pid", "start_time", "exe"});
    int pid = 0;
    fields.read_number("pid", pid);
    fields.read_number("start_time", footprint.openvpn_start_time);
    fields.read("exe", footprint.openvpn_exe, kPathLimit);
    if (pid <= 1 || pid > kPidLimit) fields.fail("pid", "a pid expected");
    if (!footprint.openvpn_exe.starts_with('/')) fields.fail("exe", "an absolute path expected");
    footprint.openvpn_pid = pid;
}

void read_device(Fields& fields, Footprint& footprint) {
    fields.only({"name", "index", "dns"});
    fields.read("name", footprint.device, kDeviceNameLimit);
    fields.read_number("index", footprint.device_index);
    std::string dns;
    fields.read_optional("dns", dns, kSet.size());
    if (!dns.empty() && dns != kSet) fields.fail("dns", "a word that this version does not know");
    footprint.dns_set = dns == kSet;
    if (footprint.device.empty() || !is_device_name(footprint.device)) fields.fail("name", "a device's name expected");
}

void read_footprint(Fields& fields, Footprint& footprint) {
    fields.only({"schema", "profile", "boot_id", "server", "server_route", "gateway_route", "openvpn", "device",
                 "default_routes"});
    int schema = 0;
    fields.read_number("schema", schema);
    if (schema != kSchema) fields.fail("schema", "of another version");
    fields.read("profile", footprint.profile, config::kProfileNameLimit);
    if (!config::check_profile_name(footprint.profile)) fields.fail("profile", "a profile's name expected");
    fields.read_optional("boot_id", footprint.boot_id, kBootIdLimit);
    if (!is_printable(footprint.boot_id)) fields.fail("boot_id", "a boot id expected");
    fields.read_word("server", footprint.server, [](const std::string& text) { return parse_address(text); });
    fields.read_word("server_route", footprint.had_server_route, parse_presence);
    fields.read_word("gateway_route", footprint.had_gateway_route, parse_presence);
    fields.read_object("openvpn", [&](Fields& inner) { read_process(inner, footprint); });
    fields.read_object("device", [&](Fields& inner) { read_device(inner, footprint); });
    fields.read_list("default_routes", footprint.default_routes, read_route, kFootprintRoutes);
}

}  // namespace

bool is_gateway_route(const Route& route, const std::vector<Route>& default_routes) noexcept {
    if (!route.gateway || route.table != kMainTable) return false;
    if (route.to != IpNetwork{*route.gateway, route.gateway->bits()}) return false;
    return std::ranges::any_of(default_routes, [&](const Route& by_default) {
        return by_default.gateway == route.gateway && by_default.device == route.device;
    });
}

Footprint footprint_before(std::string profile, std::string boot_id, const IpAddress& server,
                           const std::vector<Route>& routes) {
    Footprint footprint{.profile = std::move(profile), .boot_id = std::move(boot_id), .server = server};
    const IpNetwork host{server, server.bits()};
    for (const Route& route : routes) {
        if (is_default(route) && footprint.default_routes.size() < kFootprintRoutes)
            footprint.default_routes.push_back(route);
        if (route.to == host && route.table == kMainTable) footprint.had_server_route = true;
    }
    footprint.had_gateway_route = std::ranges::any_of(
        routes, [&](const Route& route) { return is_gateway_route(route, footprint.default_routes); });
    return footprint;
}

std::string to_json(const Footprint& footprint) {
    json::object value = {{"schema", kSchema},
                          {"profile", footprint.profile},
                          {"boot_id", footprint.boot_id},
                          {"server", to_string(footprint.server)},
                          {"server_route", footprint.had_server_route ? kPresent : kAbsent},
                          {"gateway_route", footprint.had_gateway_route ? kPresent : kAbsent}};
    if (footprint.openvpn_pid)
        value["openvpn"] = {{"pid", *footprint.openvpn_pid},
                            {"start_time", footprint.openvpn_start_time},
                            {"exe", footprint.openvpn_exe}};
    if (!footprint.device.empty()) {
        json::object device = {{"name", footprint.device}, {"index", footprint.device_index}};
        if (footprint.dns_set) device["dns"] = kSet;
        value["device"] = std::move(device);
    }
    json::array routes;
    for (const Route& route : footprint.default_routes) routes.push_back(value_of(route));
    value["default_routes"] = std::move(routes);
    return json::serialize(value) + "\n";
}

Result<Footprint> parse_footprint(std::string_view text) {
    const auto value = control::parse_json(text, kFootprintLimit);
    if (!value) return value.error();
    control::Trouble trouble;
    Footprint footprint;
    Fields fields(*value, "", trouble);
    read_footprint(fields, footprint);
    if (trouble) return *trouble;
    return footprint;
}

}  // namespace memdb::host
