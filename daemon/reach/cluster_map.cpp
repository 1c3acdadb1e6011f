#include "reach/cluster_map.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bitset>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace memdb::reach {
namespace {

constexpr std::size_t kMostRanges = 32;  // of uncovered slots that are listed; the count is always whole

struct Shard {
    std::vector<SlotRange> slots;
    std::vector<ClusterNode> nodes;

    /// Shards in order of their first slot; those without slots behind, by the name of their first node.
    [[nodiscard]] std::tuple<unsigned, std::string_view> order() const {
        unsigned first = kSlots;
        for (const SlotRange& range : slots) first = std::min(first, range.first);
        return {first, nodes.empty() ? std::string_view{} : std::string_view(nodes.front().name)};
    }
};

Failure unreadable(std::string_view what) { return Failure{Errc::malformed, fmt::format("{}", what)}; }

bool is_array(const Reply& reply) { return reply.kind == Reply::Kind::array; }

std::string_view text_of(const Reply* reply) {
    const bool has_text = reply != nullptr && (reply->kind == Reply::Kind::text || reply->kind == Reply::Kind::status);
    return has_text ? std::string_view(reply->text) : std::string_view{};
}

/// The value behind `key` in a flat list of keys and values, as RESP2 shows a map.
const Reply* field(const Reply& map, std::string_view key) {
    for (std::size_t i = 0; i + 1 < map.items.size(); i += 2)
        if (text_of(&map.items[i]) == key) return &map.items[i + 1];
    return nullptr;
}

std::optional<std::uint16_t> port_of(const Reply* reply) {
    if (reply == nullptr || reply->kind != Reply::Kind::integer) return std::nullopt;
    if (reply->integer < 1 || reply->integer > 65535) return std::nullopt;
    return static_cast<std::uint16_t>(reply->integer);
}

std::optional<SlotRange> range_of(const Reply& first, const Reply& last) {
    if (first.kind != Reply::Kind::integer || last.kind != Reply::Kind::integer) return std::nullopt;
    if (first.integer < 0 || last.integer >= kSlots || first.integer > last.integer) return std::nullopt;
    return SlotRange{static_cast<unsigned>(first.integer), static_cast<unsigned>(last.integer)};
}

/// The first usable name, in lower case; the asked node's where the cluster gives none ("?", "" or NULL).
std::string first_name(std::initializer_list<std::string_view> candidates, const AskedNode& asked) {
    for (const std::string_view candidate : candidates) {
        if (!is_host_name(candidate)) continue;
        std::string name(candidate);
        for (char& c : name)
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        return name;
    }
    return asked.name;
}

ClusterNode node_from_shards(const Reply& fields, const AskedNode& asked) {
    const std::string_view ip = text_of(field(fields, "ip"));
    const auto plain_port = port_of(field(fields, "port"));
    const auto tls_port = port_of(field(fields, "tls-port"));
    const auto port = asked.tls ? (tls_port ? tls_port : plain_port) : (plain_port ? plain_port : tls_port);
    return ClusterNode{
        .name = first_name({text_of(field(fields, "hostname")), text_of(field(fields, "endpoint")), ip}, asked),
        .ip = is_host_name(ip) ? std::string(ip) : std::string{},
        .port = port.value_or(asked.port),
        .role = text_of(field(fields, "role")) == "master" ? Role::primary : Role::replica,
        .is_online = text_of(field(fields, "health")) != "fail",
    };
}

/// [endpoint, port, id, [key, value, …]]; the last one since 7.0, the id since 4.0.
std::optional<ClusterNode> node_from_slots(const Reply& entry, const AskedNode& asked) {
    if (!is_array(entry) || entry.items.size() < 2) return std::nullopt;
    const Reply* more = entry.items.size() > 3 && is_array(entry.items[3]) ? &entry.items[3] : nullptr;
    const std::string_view endpoint = text_of(&entry.items[0]);
    const std::string_view ip = more != nullptr ? text_of(field(*more, "ip")) : std::string_view{};
    const std::string_view host = more != nullptr ? text_of(field(*more, "hostname")) : std::string_view{};
    const std::string_view hint = ip.empty() ? endpoint : ip;
    return ClusterNode{
        .name = first_name({host, endpoint, ip}, asked),
        .ip = is_host_name(hint) ? std::string(hint) : std::string{},
        .port = port_of(&entry.items[1]).value_or(asked.port),
    };
}

std::optional<Failure> refusal(const Reply& reply, std::string_view command) {
    if (reply.kind == Reply::Kind::error)
        return Failure{Errc::not_permitted, fmt::format("{} was answered with: {}", command, one_line(reply.text))};
    if (!is_array(reply)) return unreadable(fmt::format("{} was not answered with a list", command));
    return std::nullopt;
}

/// @return false when a slot is claimed twice. Ends there: overlapping ranges would make a small reply costly.
bool note_coverage(ClusterMap& map, const std::vector<Shard>& shards) {
    std::bitset<kSlots> covered;
    for (const Shard& shard : shards)
        for (const SlotRange& range : shard.slots)
            for (unsigned slot = range.first; slot <= range.last; ++slot) {
                if (covered[slot]) return false;
                covered.set(slot);
            }
    map.slots_covered = static_cast<unsigned>(covered.count());
    for (unsigned slot = 0; slot < kSlots && map.uncovered.size() < kMostRanges; ++slot) {
        if (covered[slot]) continue;
        const unsigned first = slot;
        while (slot + 1 < kSlots && !covered[slot + 1]) ++slot;
        map.uncovered.push_back({first, slot});
    }
    return true;
}

Result<ClusterMap> make_map(std::vector<Shard> shards) {
    for (Shard& shard : shards)
        std::stable_sort(shard.nodes.begin(), shard.nodes.end(), [](const ClusterNode& a, const ClusterNode& b) {
            return std::tie(a.role, a.name, a.port) < std::tie(b.role, b.name, b.port);
        });
    std::stable_sort(shards.begin(), shards.end(),
                     [](const Shard& a, const Shard& b) { return a.order() < b.order(); });
    ClusterMap map;
    if (!note_coverage(map, shards)) return unreadable("the cluster announces a slot twice");
    std::set<std::pair<std::string, std::uint16_t>> seen;
    for (unsigned number = 0; Shard & shard : shards) {
        ++number;
        bool has_primary = false;
        for (ClusterNode& node : shard.nodes) {
            has_primary = has_primary || (node.role == Role::primary && node.is_online);
            if (!seen.emplace(node.name, node.port).second) continue;  // announced twice: the first one counts
            if (map.nodes.size() == kMostNodes)
                return Failure{Errc::too_large, fmt::format("the cluster announces more than {} nodes", kMostNodes)};
            node.shard = number;
            node.has_slots = !shard.slots.empty();
            map.nodes.push_back(std::move(node));
        }
        if (!has_primary && !shard.slots.empty()) map.shards_without_primary.push_back(number);
    }
    if (map.nodes.empty()) return unreadable("the cluster announces no node");
    return map;
}

Result<Shard> shard_from(const Reply& fields, const AskedNode& asked) {
    const Reply* slots = field(fields, "slots");
    const Reply* nodes = field(fields, "nodes");
    if (slots == nullptr || nodes == nullptr || !is_array(*slots) || !is_array(*nodes) || slots->items.size() % 2 != 0)
        return unreadable("CLUSTER SHARDS names a shard without slots and nodes");
    Shard shard;
    for (std::size_t i = 0; i < slots->items.size(); i += 2) {
        const auto range = range_of(slots->items[i], slots->items[i + 1]);
        if (!range) return unreadable("CLUSTER SHARDS names slots that do not exist");
        shard.slots.push_back(*range);
    }
    for (const Reply& node : nodes->items) {
        if (!is_array(node)) return unreadable("CLUSTER SHARDS names a node without fields");
        shard.nodes.push_back(node_from_shards(node, asked));
    }
    return shard;
}

}  // namespace

Result<ClusterMap> parse_shards(const Reply& reply, const AskedNode& asked) {
    if (auto refused = refusal(reply, "CLUSTER SHARDS")) return *std::move(refused);
    std::vector<Shard> shards;
    for (const Reply& fields : reply.items) {
        if (!is_array(fields)) return unreadable("CLUSTER SHARDS names a shard without fields");
        auto shard = shard_from(fields, asked);
        if (!shard) return std::move(shard).error();
        shards.push_back(*std::move(shard));
    }
    return make_map(std::move(shards));
}

Result<ClusterMap> parse_slots(const Reply& reply, const AskedNode& asked) {
    if (auto refused = refusal(reply, "CLUSTER SLOTS")) return *std::move(refused);
    std::vector<Shard> shards;
    std::map<std::pair<std::string, std::uint16_t>, std::size_t> by_primary;
    for (const Reply& entry : reply.items) {
        if (!is_array(entry) || entry.items.size() < 3) return unreadable("CLUSTER SLOTS names a range without nodes");
        const auto range = range_of(entry.items[0], entry.items[1]);
        if (!range) return unreadable("CLUSTER SLOTS names slots that do not exist");
        Shard found{{*range}, {}};
        for (std::size_t i = 2; i < entry.items.size(); ++i) {
            auto node = node_from_slots(entry.items[i], asked);
            if (!node) return unreadable("CLUSTER SLOTS names a node without address and port");
            node->role = i == 2 ? Role::primary : Role::replica;
            found.nodes.push_back(*std::move(node));
        }
        const ClusterNode& primary = found.nodes.front();
        const auto [known, is_new] = by_primary.try_emplace({primary.name, primary.port}, shards.size());
        if (is_new) {
            if (shards.size() == kMostNodes) return Failure{Errc::too_large, "CLUSTER SLOTS names too many shards"};
            shards.push_back(std::move(found));
        } else {
            shards[known->second].slots.push_back(*range);  // its nodes are the same as in the first range
        }
    }
    return make_map(std::move(shards));
}

Result<ClusterMap> parse_topology(const Reply& reply, const AskedNode& asked) {
    if (reply.kind == Reply::Kind::error && reply.text.find("cluster support disabled") != std::string::npos)
        return ClusterMap{.is_cluster = false, .nodes = {{.name = asked.name, .port = asked.port, .shard = 1}}};
    if (auto refused = refusal(reply, "CLUSTER SHARDS")) return *std::move(refused);
    const bool is_slots = !reply.items.empty() && is_array(reply.items.front()) && !reply.items.front().items.empty() &&
                          reply.items.front().items.front().kind == Reply::Kind::integer;
    return is_slots ? parse_slots(reply, asked) : parse_shards(reply, asked);
}

bool is_host_name(std::string_view name) noexcept {
    if (name.empty() || name.size() > 253) return false;
    if (name.find(':') != std::string_view::npos)  // an IPv6 address
        return name.size() <= 45 && name.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
    std::size_t label = 0;
    char previous = '.';
    for (const char c : name) {
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (c == '.') {
            if (label == 0 || previous == '-') return false;
            label = 0;
        } else if (is_letter || (c == '-' && label > 0)) {
            if (++label > 63) return false;
        } else {
            return false;
        }
        previous = c;
    }
    return label > 0 && previous != '-';
}

}  // namespace memdb::reach
