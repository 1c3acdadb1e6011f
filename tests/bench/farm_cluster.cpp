#include "farm_cluster.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>

namespace memdb::bench {
namespace {

constexpr unsigned kSlots = 16384;
constexpr unsigned kEndpointAddresses = 6;

void add_text(std::string& reply, std::string_view text) {
    fmt::format_to(std::back_inserter(reply), "${}\r\n{}\r\n", text.size(), text);
}

void add_field(std::string& reply, std::string_view key, std::string_view value) {
    add_text(reply, key);
    add_text(reply, value);
}

void add_field(std::string& reply, std::string_view key, unsigned value) {
    add_text(reply, key);
    fmt::format_to(std::back_inserter(reply), ":{}\r\n", value);
}

void add_node(std::string& reply, const FarmNode& node) {
    reply += "*16\r\n";
    add_field(reply, "id", fmt::format("{:040x}", node.shard * 100 + node.number));
    add_field(reply, "tls-port", 6379);
    add_field(reply, "ip", node.address);
    add_field(reply, "endpoint", node.host);
    add_field(reply, "hostname", node.host);
    add_field(reply, "role", node.number == 1 ? "master" : "replica");
    add_field(reply, "replication-offset", 14U);
    add_field(reply, "health", "online");
}

}  // namespace

std::vector<FarmNode> farm_nodes(const FarmShape& shape) {
    std::vector<FarmNode> nodes;
    if (shape.shards == 0 || shape.shards > kSlots || shape.nodes == 0 || shape.nodes > kMostFarmNodes ||
        shape.shards * shape.nodes > kMostFarmNodes || shape.zones == 0 || shape.zones > kMostZones)
        return nodes;
    for (unsigned shard = 1; shard <= shape.shards; ++shard)
        for (unsigned number = 1; number <= shape.nodes; ++number) {
            const auto at = static_cast<unsigned>(nodes.size());
            const unsigned zone = (shard + number) % shape.zones + 1;
            nodes.push_back({shard, number, zone, fmt::format("farm-{:04}-{:03}.{}", shard, number, shape.domain),
                             fmt::format("10.20.{}.{}", 16 * zone + at / 250, 1 + at % 250)});
        }
    return nodes;
}

std::string farm_hosts(const FarmShape& shape) {
    std::string text;
    const std::vector<FarmNode> nodes = farm_nodes(shape);
    for (const FarmNode& node : nodes) text += node.address + " " + node.host + "\n";
    for (std::size_t i = 0; i < std::min<std::size_t>(nodes.size(), kEndpointAddresses); ++i)
        text += nodes[i].address + " clustercfg." + shape.domain + "\n";
    return text;
}

std::string farm_shards_reply(const FarmShape& shape) {
    std::string reply = fmt::format("*{}\r\n", shape.shards);
    const std::vector<FarmNode> nodes = farm_nodes(shape);
    for (unsigned shard = 0; shard < shape.shards; ++shard) {
        reply += "*4\r\n";
        add_text(reply, "slots");
        fmt::format_to(std::back_inserter(reply), "*2\r\n:{}\r\n:{}\r\n", kSlots * shard / shape.shards,
                       kSlots * (shard + 1) / shape.shards - 1);
        add_text(reply, "nodes");
        fmt::format_to(std::back_inserter(reply), "*{}\r\n", shape.nodes);
        for (unsigned i = 0; i < shape.nodes; ++i) add_node(reply, nodes[shard * shape.nodes + i]);
    }
    return reply;
}

}  // namespace memdb::bench
