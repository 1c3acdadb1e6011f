#include "reach/cluster_map.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using namespace memdb;
using namespace memdb::reach;

namespace {

const AskedNode kAsked{"clustercfg.demo.lab.memorydb.test", 6379, true};

Reply text(std::string value) { return {.kind = Reply::Kind::text, .text = std::move(value)}; }
Reply number(std::int64_t value) { return {.kind = Reply::Kind::integer, .integer = value}; }
Reply list(std::vector<Reply> items) { return {.kind = Reply::Kind::array, .items = std::move(items)}; }
Reply error(std::string value) { return {.kind = Reply::Kind::error, .text = std::move(value)}; }

Reply golden(const std::string& name) {
    std::ifstream in(MEMDB_SOURCE_DIR "/tests/unit/golden/" + name, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    ReplyDecoder decoder(kTopologyReply);
    decoder.feed(bytes);
    return **decoder.next();
}

Reply member(const std::string& host, const std::string& role = "master", const std::string& health = "online") {
    return list({text("id"), text("0123"), text("tls-port"), number(6379), text("ip"), text("10.20.1.1"),
                 text("endpoint"), text(host), text("hostname"), text(host), text("role"), text(role),
                 text("replication-offset"), number(1), text("health"), text(health)});
}

Reply shard(std::vector<Reply> slots, std::vector<Reply> nodes) {
    return list({text("slots"), list(std::move(slots)), text("nodes"), list(std::move(nodes))});
}

std::vector<std::string> outline(const ClusterMap& map) {
    std::vector<std::string> lines;
    for (const ClusterNode& node : map.nodes)
        lines.push_back(std::to_string(node.shard) + (node.role == Role::primary ? " primary " : " replica ") +
                        node.name + ":" + std::to_string(node.port) + (node.is_online ? "" : " failed"));
    return lines;
}

TEST(ClusterMap, reads_recorded_replies_of_a_real_cluster) {
    const std::vector<std::string> want = {
        "1 primary demo-0001-001.demo.lab.memorydb.test:7211", "1 replica demo-0001-002.demo.lab.memorydb.test:7214",
        "2 primary demo-0002-001.demo.lab.memorydb.test:7212", "3 primary demo-0003-001.demo.lab.memorydb.test:7213"};
    for (const char* name : {"cluster_shards.resp", "cluster_slots.resp", "cluster_shards_unknown_endpoint.resp",
                             "cluster_slots_unknown_endpoint.resp"}) {
        SCOPED_TRACE(name);
        const auto map = parse_topology(golden(name), kAsked);
        ASSERT_TRUE(map) << map.error().message;
        EXPECT_EQ(outline(*map), want);
        EXPECT_EQ(map->slots_covered, kSlots);
        EXPECT_TRUE(map->uncovered.empty());
        EXPECT_TRUE(map->shards_without_primary.empty());
        EXPECT_EQ(map->nodes[1].ip, "127.0.0.14");
    }
}

TEST(ClusterMap, numbers_shards_by_their_first_slot) {
    const auto map =
        parse_shards(list({shard({number(9000), number(16383)}, {member("b.test")}),
                           shard({}, {member("gone.test", "master", "fail")}),
                           shard({number(0), number(8999)}, {member("r.test", "replica"), member("a.test")})}),
                     kAsked);
    ASSERT_TRUE(map);
    EXPECT_EQ(outline(*map), (std::vector<std::string>{"1 primary a.test:6379", "1 replica r.test:6379",
                                                       "2 primary b.test:6379", "3 primary gone.test:6379 failed"}));
}

TEST(ClusterMap, finds_uncovered_slots_and_shards_without_primary) {
    const auto map = parse_shards(list({shard({number(0), number(99), number(200), number(8191)},
                                              {member("a.test", "master", "fail"), member("r.test", "replica")}),
                                        shard({number(8192), number(16000)}, {member("b.test", "master", "loading")})}),
                                  kAsked);
    ASSERT_TRUE(map);
    EXPECT_EQ(map->slots_covered, 16384U - 100U - 383U);
    EXPECT_EQ(map->uncovered, (std::vector<SlotRange>{{100, 199}, {16001, 16383}}));
    EXPECT_EQ(map->shards_without_primary, (std::vector<unsigned>{1}));
}

TEST(ClusterMap, takes_the_port_that_fits) {
    const Reply both = list({text("port"), number(6380), text("tls-port"), number(6379), text("endpoint"),
                             text("a.test"), text("role"), text("master")});
    const Reply topology = list({shard({number(0), number(16383)}, {both})});
    EXPECT_EQ(parse_shards(topology, {"seed", 1, true})->nodes[0].port, 6379);
    EXPECT_EQ(parse_shards(topology, {"seed", 1, false})->nodes[0].port, 6380);
    const Reply none = list({text("port"), number(0), text("endpoint"), text("a.test")});
    EXPECT_EQ(parse_shards(list({shard({}, {none})}), {"seed", 7, true})->nodes[0].port, 7);
}

TEST(ClusterMap, names_that_are_missing_or_hostile_become_the_asked_node) {
    for (const std::string& name :
         std::vector<std::string>{"", "?", "a b", "-a.test", "a..b", "a\r\nb", "\x1b[31m", "a_b", "a/b"}) {
        const Reply node = list({text("endpoint"), text(name), text("ip"), text(name), text("role"), text("master")});
        const auto map = parse_shards(list({shard({number(0), number(16383)}, {node})}), kAsked);
        ASSERT_TRUE(map) << name;
        EXPECT_EQ(map->nodes[0].name, kAsked.name) << name;
        EXPECT_EQ(map->nodes[0].ip, "");
    }
    const Reply nameless =
        list({text("endpoint"), Reply{}, text("ip"), text("10.0.0.1"), text("role"), text("master")});
    EXPECT_EQ(parse_shards(list({shard({}, {nameless})}), kAsked)->nodes[0].name, "10.0.0.1");
}

TEST(ClusterMap, merges_what_is_announced_twice) {
    const auto map = parse_shards(list({shard({number(0), number(9)}, {member("A.test"), member("a.test", "replica")}),
                                        shard({number(10), number(19)}, {member("a.TEST")})}),
                                  kAsked);
    ASSERT_TRUE(map);
    EXPECT_EQ(outline(*map), (std::vector<std::string>{"1 primary a.test:6379"}));
}

TEST(ClusterMap, joins_the_ranges_of_a_shard_in_slots) {
    const Reply node = list({text("a.test"), number(6379), text("id")});
    const Reply other = list({text("b.test"), number(6379)});
    const auto map = parse_slots(list({list({number(0), number(9), node}), list({number(20), number(29), node, other}),
                                       list({number(10), number(19), other})}),
                                 kAsked);
    ASSERT_TRUE(map);
    EXPECT_EQ(map->slots_covered, 30U);
    EXPECT_EQ(map->nodes.size(), 2U);
}

TEST(ClusterMap, a_server_without_cluster_mode_is_one_node) {
    const auto map = parse_topology(error("ERR This instance has cluster support disabled"), kAsked);
    ASSERT_TRUE(map);
    EXPECT_FALSE(map->is_cluster);
    EXPECT_EQ(outline(*map), (std::vector<std::string>{"1 primary clustercfg.demo.lab.memorydb.test:6379"}));
}

TEST(ClusterMap, refuses_what_it_cannot_read) {
    const Reply node = list({text("a.test"), number(6379)});
    std::vector<Reply> crowd;
    for (unsigned i = 0; i <= kMostNodes; ++i) crowd.push_back(member("n" + std::to_string(i) + ".test", "replica"));
    const struct {
        const char* name;
        Reply reply;
        Errc code;
        std::string_view message;
    } table[] = {
        {"no permission", error("NOPERM this user has no permissions to run the 'cluster|shards' command"),
         Errc::not_permitted, "NOPERM"},
        {"control bytes in an error", error("ERR \x1b[2J"), Errc::not_permitted, "ERR ?[2J"},
        {"a string", text("x"), Errc::malformed, "not answered with a list"},
        {"nothing", {}, Errc::malformed, "not answered with a list"},
        {"empty", list({}), Errc::malformed, "announces no node"},
        {"numbers", list({number(1)}), Errc::malformed, "shard without fields"},
        {"no nodes", list({list({text("slots"), list({})})}), Errc::malformed, "without slots and nodes"},
        {"odd slots", list({shard({number(1)}, {})}), Errc::malformed, "without slots and nodes"},
        {"slot too high", list({shard({number(0), number(16384)}, {})}), Errc::malformed, "do not exist"},
        {"slot below zero", list({shard({number(-1), number(5)}, {})}), Errc::malformed, "do not exist"},
        {"slots backwards", list({shard({number(7), number(5)}, {})}), Errc::malformed, "do not exist"},
        {"slots of text", list({shard({text("0"), text("5")}, {})}), Errc::malformed, "do not exist"},
        {"slot claimed twice",
         list({shard({number(0), number(5)}, {member("a.test")}), shard({number(5), number(6)}, {member("b.test")})}),
         Errc::malformed, "a slot twice"},
        {"node of text", list({shard({}, {text("a")})}), Errc::malformed, "node without fields"},
        {"too many nodes", list({shard({number(0), number(16383)}, crowd)}), Errc::too_large, "more than 3000 nodes"},
        {"slots: no nodes", list({list({number(0), number(5)})}), Errc::malformed, "range without nodes"},
        {"slots: bad range", list({list({number(9), number(5), node})}), Errc::malformed, "do not exist"},
        {"slots: bad node", list({list({number(0), number(5), text("a")})}), Errc::malformed, "without address"},
        {"slots: empty node", list({list({number(0), number(5), list({})})}), Errc::malformed, "without address"},
    };
    for (const auto& row : table) {
        SCOPED_TRACE(row.name);
        const auto map = parse_topology(row.reply, kAsked);
        ASSERT_FALSE(map);
        EXPECT_EQ(map.error().code, row.code) << map.error().message;
        EXPECT_NE(map.error().message.find(row.message), std::string::npos) << map.error().message;
    }
}

TEST(ClusterMap, knows_host_names) {
    for (const char* good : {"a", "a-1.b", "10.0.0.1", "2001:db8::1", "xn--a", "localhost"})
        EXPECT_TRUE(is_host_name(good)) << good;
    const std::string long_label(64, 'a');
    const std::string long_name =
        std::string(63, 'a') + "." + std::string(63, 'a') + "." + std::string(63, 'a') + "." + std::string(63, 'a');
    for (const std::string& bad : {std::string(), std::string("a."), std::string(".a"), std::string("-a"),
                                   std::string("a-"), std::string("a-.b"), std::string("a b"), std::string("?"),
                                   std::string("::x"), long_label, long_name, std::string("a\0b", 3)})
        EXPECT_FALSE(is_host_name(bad)) << bad;
}

}  // namespace
