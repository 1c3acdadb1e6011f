// `aws status`: objects, connections, the revocation list, costs.
#include "client/aws/draft.hpp"
#include "client/aws/render_plan.hpp"
#include "client/brush.hpp"
#include "keys/certificate.hpp"

#include <fmt/format.h>
#include <boost/json.hpp>

#include <algorithm>

namespace memdb::client::aws {
namespace {

namespace json = boost::json;

bool is_good(std::string_view state) {
    return state == "available" || state == "associated" || state == "active" || state == "is there";
}

class Table {
  public:
    explicit Table(const Style& style) : style_(style), brush_(style) {}
    void row(std::string_view label, const std::string& text, std::string_view state) {
        const std::string word = brush_.text(state);
        std::string line = "  " + pad(label, 16) + brush_.text(text);
        const std::size_t used = 18 + columns(brush_.text(text)) + columns(word);
        line.append(used + 1 < style_.width ? style_.width - used : 2, ' ');
        const bool going = state.ends_with("ing") || state.starts_with("pending");
        text_ += line + brush_.paint(word, is_good(state) ? Paint::good : going ? Paint::warn : Paint::bad) + "\n";
    }
    void line(const std::string& text) { text_ += "  " + wrap(brush_.text(text), style_.width, 4, 2) + "\n"; }
    std::string take() { return std::move(text_); }

  private:
    const Style& style_;
    Brush brush_;
    std::string text_;
};

std::string date_or(const std::optional<WallTime>& time) { return time ? keys::date_text(*time) : "?"; }

std::string crl_line(const std::optional<EndpointCrl>& crl, WallTime now) {
    if (!crl) return "none: whoever has a certificate of the CA is let in";
    const auto days =
        crl->next_update ? std::chrono::floor<std::chrono::days>(*crl->next_update - now).count() : std::int64_t{0};
    return count_text(crl->entries, "certificate") + " revoked, ends " + date_or(crl->next_update) +
           (!crl->next_update ? ""
            : days < 0        ? " (PASSED: every new connection is refused; memdbctl aws crl renews it)"
                              : fmt::format(" (in {} days: then every new connection is refused)", days));
}

std::size_t active_of(const std::vector<Connection>& connections) {
    return static_cast<std::size_t>(std::count_if(connections.begin(), connections.end(),
                                                  [](const Connection& one) { return one.state == "active"; }));
}

void show_endpoint(Table& table, const Inventory& inventory, WallTime now) {
    const Endpoint& endpoint = *inventory.endpoint;
    table.row("endpoint", endpoint.id, endpoint.state);
    table.line(
        fmt::format("  {} {}, clients in {}, {}, sessions of {} h{}", endpoint.transport, endpoint.port,
                    endpoint.client_network ? to_string(*endpoint.client_network) : "?",
                    endpoint.split_tunnel ? "split tunnel" : "NO split tunnel", endpoint.session_hours,
                    endpoint.log_group.empty() ? ", connections are not logged" : ", log " + endpoint.log_group));
    for (const auto& one : endpoint.associations) table.row("target network", one.subnet, one.state);
    for (const auto& one : endpoint.rules) table.row("authorization", to_string(one.network), one.state);
    for (const auto& one : endpoint.routes)
        table.row("route", to_string(one.network) + " through " + one.subnet, one.state);
    table.line("revocation list: " + crl_line(endpoint.crl, now));
}

json::value crl_json(const std::optional<EndpointCrl>& crl) {
    if (!crl) return nullptr;
    json::object object{{"state", crl->state}, {"revoked", crl->entries}};
    if (crl->next_update) object["next_update"] = keys::date_text(*crl->next_update);
    return object;
}

template <class Items, class Each>
json::array list_of(const Items& items, Each each) {
    json::array list;
    for (const auto& one : items) list.push_back(each(one));
    return list;
}

}  // namespace

std::string render_aws_status(const StatusReport& report, const Style& style) {
    const Inventory& inventory = report.inventory;
    Table table(style);
    if (const Group* own = own_group(inventory)) table.row("security group", own->id + " " + own->name, "is there");
    for (const auto& rule : inventory.rules)
        if (rule.ours) table.row("inbound rule", rule.id + " of " + rule.group, "is there");
    if (inventory.certificate)
        table.row("certificate", inventory.certificate->domain + ", until " + date_or(inventory.certificate->not_after),
                  inventory.certificate->not_after > report.now ? "is there" : "expired");
    if (!inventory.endpoint) {
        table.line("no endpoint carries the tag: memdbctl aws apply makes it");
        return table.take();
    }
    show_endpoint(table, inventory, report.now);
    const std::size_t active = active_of(report.connections);
    table.line(count_text(active, "connection") + " now" + (active == 0 ? "" : ":"));
    for (const auto& one : report.connections)
        if (one.state == "active")
            table.line(fmt::format("  {}  {}  since {}  in {} out {} bytes", one.common_name, one.client_address,
                                   one.since, one.bytes_in, one.bytes_out));
    for (const auto& line : report.log) table.line("log: " + line);
    const auto& associations = inventory.endpoint->associations;
    const Cost cost = cost_of(associations.size(), active, report.prices);
    table.line(
        fmt::format("costs about ${:.2f} a month for {}, at ${:.2f} an hour each, and ${:.2f} for each hour of a "
                    "connection (--price-association, --price-connection: prices of us-east-1 unless given)",
                    cost.associations, count_text(associations.size(), "target network"),
                    report.prices.association_hour, report.prices.connection_hour));
    return table.take();
}

std::string aws_status_json(const StatusReport& report) {
    const Inventory& inventory = report.inventory;
    json::object object{
        {"cluster", inventory.cluster.name}, {"region", inventory.region}, {"account", inventory.account}};
    if (const Group* own = own_group(inventory)) object["security_group"] = own->id;
    if (inventory.certificate)
        object["certificate"] = {{"arn", inventory.certificate->arn},
                                 {"serial", inventory.certificate->serial},
                                 {"not_after", keys::date_text(inventory.certificate->not_after)}};
    if (const auto& endpoint = inventory.endpoint) {
        const Cost cost = cost_of(endpoint->associations.size(), active_of(report.connections), report.prices);
        object["endpoint"] = {
            {"id", endpoint->id},
            {"state", endpoint->state},
            {"dns_name", endpoint->dns_name},
            {"log_group", endpoint->log_group},
            {"associations",
             list_of(endpoint->associations,
                     [](const Association& one) {
                         return json::value{{"id", one.id}, {"subnet", one.subnet}, {"state", one.state}};
                     })},
            {"authorization_rules",
             list_of(endpoint->rules,
                     [](const AuthorizationRule& one) {
                         return json::value{{"network", to_string(one.network)}, {"state", one.state}};
                     })},
            {"routes", list_of(endpoint->routes,
                               [](const VpnRoute& one) {
                                   return json::value{{"network", to_string(one.network)},
                                                      {"subnet", one.subnet},
                                                      {"state", one.state}};
                               })},
            {"crl", crl_json(endpoint->crl)}};
        object["connections"] = list_of(report.connections, [](const Connection& one) {
            return json::value{{"id", one.id},
                               {"common_name", one.common_name},
                               {"client_address", one.client_address},
                               {"since", one.since},
                               {"state", one.state},
                               {"bytes_in", one.bytes_in},
                               {"bytes_out", one.bytes_out}};
        });
        object["cost"] = {{"associations_month", cost.associations},
                          {"connections_month", cost.connections},
                          {"connection_hour", cost.connection_hour},
                          {"currency", "USD"}};
    }
    return json::serialize(object) + "\n";
}

}  // namespace memdb::client::aws
