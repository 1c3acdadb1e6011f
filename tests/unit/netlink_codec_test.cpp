// Against what a kernel (6.18) really said: tests/fuzz/corpus/netlink_codec_fuzz, recorded on a laptop with `lan` (3,
// 192.0.2.2/24 and fd00:2::2/64), its other end `far` (2), `tun7` (4, 10.8.0.2 to 10.8.0.1), a default route and a few.
#include "host/netlink_codec.hpp"

#include "tests/support/addresses.hpp"
#include "tests/support/got.hpp"
#include "tests/support/scratch_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string>
#include <vector>

using namespace memdb;
using namespace memdb::host;
using memdb::tests::got;
using memdb::tests::ip;
using memdb::tests::net;

namespace {

const std::filesystem::path kRecordings =
    std::filesystem::path(MEMDB_SOURCE_DIR) / "tests" / "fuzz" / "corpus" / "netlink_codec_fuzz";

std::string recording(const char* name) { return memdb::tests::content(kRecordings / name); }

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

std::vector<NetlinkMessage> parsed(const char* name) { return got(parse_netlink(bytes_of(recording(name)))); }

template <class T>
std::vector<T> all(const std::vector<NetlinkMessage>& messages) {
    std::vector<T> found;
    for (const NetlinkMessage& message : messages)
        if (const auto* one = std::get_if<T>(&message.body)) found.push_back(*one);
    return found;
}

/// The one that starts with these bytes, as the kernel wrote it, with another length for the whole.
std::string with_length(std::string message, std::size_t length) {
    message[0] = static_cast<char>(length & 0xff);
    message[1] = static_cast<char>(length >> 8);
    return message;
}

}  // namespace

TEST(NetlinkCodec, reads_the_links) {
    const auto messages = parsed("links");
    const std::vector<LinkMessage> expected = {
        {.index = 1, .name = "lo", .up = true, .running = true, .loopback = true},
        {.index = 2, .name = "far", .up = true, .running = true},
        {.index = 3, .name = "lan", .up = true, .running = true},
        {.index = 4, .name = "tun7", .up = true},
    };
    auto links = all<LinkMessage>(messages);
    for (LinkMessage& link : links) link.counters.reset();
    EXPECT_EQ(links, expected);
    EXPECT_EQ(messages.back().body, decltype(NetlinkMessage::body)(EndMessage{}));
    EXPECT_EQ(messages.back().sequence, 1U);
    EXPECT_FALSE(messages.back().interrupted);
}

TEST(NetlinkCodec, reads_the_counters_of_one_link) {
    const auto messages = parsed("link_with_counters");
    ASSERT_EQ(messages.size(), 1U);
    const LinkMessage expected{.index = 3, .name = "lan", .up = true, .running = true, .counters = LinkCounters{0, 90}};
    EXPECT_EQ(all<LinkMessage>(messages), std::vector{expected});
}

TEST(NetlinkCodec, reads_addresses_and_the_networks_behind_them) {
    const auto found = all<AddressMessage>(parsed("addresses"));
    EXPECT_THAT(found, testing::IsSupersetOf({
                           AddressMessage{.index = 1, .address = ip("127.0.0.1"), .network = net("127.0.0.0/8")},
                           AddressMessage{.index = 3, .address = ip("192.0.2.2"), .network = net("192.0.2.0/24")},
                           AddressMessage{.index = 4, .address = ip("10.8.0.2"), .network = net("10.8.0.1/32")},
                           AddressMessage{.index = 1, .address = ip("::1"), .network = net("::1/128")},
                           AddressMessage{.index = 3, .address = ip("fd00:2::2"), .network = net("fd00:2::/64")},
                       }));
}

TEST(NetlinkCodec, reads_routes_with_one_next_hop_and_with_several) {
    std::vector<Route> routes;
    for (const RouteMessage& message : all<RouteMessage>(parsed("routes")))
        if (message.table == kMainTable)
            for (const Route& route : routes_of(message)) routes.push_back(route);
    const auto by = [](const char* to, const char* gateway, std::uint32_t metric, bool several) {
        return Route{.to = net(to),
                     .gateway = ip(gateway),
                     .metric = metric,
                     .protocol = kProtocolBoot,
                     .one_of_several = several};
    };
    Route by_hand = by("10.20.0.0/16", "192.0.2.3", 7, false);
    by_hand.protocol = kProtocolStatic;
    EXPECT_THAT(routes, testing::IsSupersetOf({
                            by("0.0.0.0/0", "192.0.2.1", 0, false),
                            by_hand,
                            by("10.78.0.0/16", "192.0.2.7", 0, true),
                            by("10.78.0.0/16", "192.0.2.8", 0, true),
                            by("10.79.0.0/16", "fd00:2::9", 0, false),
                            by("fd78::/16", "fd00:2::7", 1024, true),
                            by("fd78::/16", "fd00:2::8", 1024, true),
                            Route{.to = net("192.0.2.0/24"), .source = ip("192.0.2.2"), .protocol = 2, .scope = 253},
                        }));
    for (const Route& route : routes) EXPECT_NE(route.to, net("10.1.0.0/16")) << "a blackhole is no unicast route";
}

TEST(NetlinkCodec, reads_the_two_answers_about_one_destination) {
    const RouteMessage path{.cached = true,
                            .to = net("10.20.1.1/32"),
                            .source = ip("192.0.2.2"),
                            .table = kMainTable,
                            .type = RTN_UNICAST,
                            .hops = {{.index = 3, .gateway = ip("192.0.2.3")}}};
    EXPECT_EQ(all<RouteMessage>(parsed("path_ip4")), std::vector{path});
    const RouteMessage entry{.to = net("10.20.0.0/16"),
                             .table = kMainTable,
                             .metric = 7,
                             .type = RTN_UNICAST,
                             .protocol = kProtocolStatic,
                             .hops = {{.index = 3, .gateway = ip("192.0.2.3")}}};
    EXPECT_EQ(all<RouteMessage>(parsed("match_ip4")), std::vector{entry});
    const RouteMessage both{
        .to = net("fd78::/16"),
        .table = kMainTable,
        .metric = 1024,
        .type = RTN_UNICAST,
        .protocol = kProtocolBoot,
        .hops = {{.index = 3, .gateway = ip("fd00:2::8")}, {.index = 3, .gateway = ip("fd00:2::7")}}};
    EXPECT_EQ(all<RouteMessage>(parsed("match_ip6")), std::vector{both});
}

TEST(NetlinkCodec, reads_why_a_question_has_no_answer) {
    const auto error = [](const char* name) { return all<EndMessage>(parsed(name)).at(0).error; };
    EXPECT_EQ(error("no_such_link"), ENODEV);
    EXPECT_EQ(error("blackhole"), EINVAL);
    EXPECT_EQ(error("no_route"), ENETUNREACH);
}

TEST(NetlinkCodec, reads_notifications_and_skips_what_it_does_not_know) {
    const auto messages = parsed("notifications");
    const RouteMessage added{.to = net("10.30.0.0/16"),
                             .table = kMainTable,
                             .type = RTN_UNICAST,
                             .protocol = kProtocolBoot,
                             .hops = {{.index = 3, .gateway = ip("192.0.2.3")}}};
    RouteMessage removed = added;
    removed.gone = true;
    EXPECT_THAT(all<RouteMessage>(messages), testing::IsSupersetOf({added, removed}));
    EXPECT_THAT(all<OtherMessage>(messages), testing::Contains(OtherMessage{RTM_NEWRULE}));
    const LinkMessage last = all<LinkMessage>(messages).back();
    EXPECT_TRUE(last.gone);
}

TEST(NetlinkCodec, a_datagram_cut_anywhere_is_whole_messages_or_malformed) {
    for (const auto& file : std::filesystem::directory_iterator(kRecordings)) {
        const std::string whole = memdb::tests::content(file.path());
        const auto messages = parse_netlink(bytes_of(whole));
        if (!messages) continue;  // a fuzzer's find
        std::size_t good = 0;
        for (std::size_t size = 1; size < whole.size(); ++size) {
            const std::string cut = whole.substr(0, size);  // a copy, so that ASan sees a step beyond its end
            const auto part = parse_netlink(bytes_of(cut));
            if (!part) {
                EXPECT_EQ(part.error().code, Errc::malformed);
                continue;
            }
            ASSERT_EQ(*part, std::vector(messages->begin(), messages->begin() + static_cast<long>(part->size())));
            good = std::max(good, part->size());
        }
        EXPECT_GE(good + 1, messages->size()) << file.path();
    }
}

TEST(NetlinkCodec, a_message_cut_anywhere_is_malformed_or_less) {
    // Its length fits here, but what is in it does not.
    for (const char* name : {"link_with_counters", "path_ip4", "match_ip4", "path_ip6", "match_ip6", "no_such_link"}) {
        const std::string whole = recording(name);
        for (std::size_t size = 16; size < whole.size(); ++size) {
            const std::string cut = with_length(whole.substr(0, size), size);
            const auto part = parse_netlink(bytes_of(cut));
            EXPECT_TRUE(part || part.error().code == Errc::malformed) << name << size;
        }
    }
}

TEST(NetlinkCodec, any_byte_may_be_wrong) {
    for (const char* name : {"addresses", "routes", "match_ip4", "match_ip6"}) {
        const std::string whole = recording(name);
        for (std::size_t at = 0; at < whole.size(); ++at) {
            for (const int value : {0x00, 0x01, 0x7f, 0xff}) {
                std::string wrong = whole;
                wrong[at] = static_cast<char>(value);
                (void)parse_netlink(bytes_of(wrong));
            }
        }
    }
}

TEST(NetlinkCodec, refuses_what_does_not_fit_together) {
    const std::string route = recording("match_ip4");
    const auto changed = [&](std::size_t at, char value) {
        std::string text = route;
        text[at] = value;
        return parse_netlink(bytes_of(text));
    };
    EXPECT_EQ(parse_netlink(bytes_of(std::string(64, '\xff'))).error().code, Errc::malformed);
    EXPECT_TRUE(changed(17, 32));                                    // a longer prefix is one
    EXPECT_EQ(changed(17, 33).error().code, Errc::malformed);        // longer than an address
    EXPECT_EQ(changed(16, AF_INET6).error().code, Errc::malformed);  // addresses of the other family
    EXPECT_EQ(changed(36, 7).error().code, Errc::malformed);         // an attribute shorter than its value
    EXPECT_EQ(changed(38, 99).error().code, Errc::malformed);        // a prefix without destination
    EXPECT_EQ(changed(28, 3).error().code, Errc::malformed);         // an attribute shorter than its head
    EXPECT_EQ(changed(16, 99)->front().body, decltype(NetlinkMessage::body)(OtherMessage{RTM_NEWROUTE}));
}

TEST(NetlinkCodec, writes_what_it_reads) {
    const Route rows[] = {
        {.to = net("0.0.0.0/0"), .gateway = ip("192.0.2.1")},
        {.to = net("::/0"), .gateway = ip("fe80::1"), .metric = 600, .protocol = 16, .gateway_on_link = true},
        {.to = net("10.20.0.0/16"), .gateway = ip("fd00::1"), .table = 1000, .metric = 1},
        {.to = net("10.20.1.1/32"), .source = ip("10.0.0.2"), .scope = 253},
        {.to = net("fd20::/16"), .gateway = ip("fd00::1"), .source = ip("fd00::2"), .table = 4'000'000'000},
    };
    for (const Route& route : rows) {
        const auto added = got(parse_netlink(encode_add(route, 3, 5)));
        ASSERT_EQ(added.size(), 1U);
        EXPECT_EQ(added[0].sequence, 5U);
        const auto& message = std::get<RouteMessage>(added[0].body);
        EXPECT_FALSE(message.gone);
        EXPECT_EQ(message.hops[0].index, 3U);
        EXPECT_EQ(routes_of(message), std::vector{route});

        const auto removed = got(parse_netlink(encode_remove(route, 3, 6)));
        const auto& gone = std::get<RouteMessage>(removed[0].body);
        EXPECT_TRUE(gone.gone);
        EXPECT_TRUE(same_route(routes_of(gone).at(0), route));
    }
}

TEST(NetlinkCodec, asks_as_rtnetlink_wants_it) {
    const auto text = [](const NetlinkRequest& request) {
        return std::string(reinterpret_cast<const char*>(request.data()), request.size());
    };
    using namespace std::string_literals;
    EXPECT_EQ(text(encode_question(ip("10.20.1.1"), RouteQuestion::path, 7)),
              "\x24\0\0\0\x1a\0\x01\0\x07\0\0\0\0\0\0\0"
              "\x02\x20\0\0\0\0\0\0\0\x10\0\0"
              "\x08\0\x01\0\x0a\x14\x01\x01"s);
    EXPECT_EQ(text(encode_question(ip("10.20.1.1"), RouteQuestion::match, 7)).substr(24, 4), "\0\x30\0\0"s);
    EXPECT_EQ(text(encode_dump(DumpOf::addresses, 8)), "\x18\0\0\0\x16\0\x01\x03\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"s);
    EXPECT_EQ(text(encode_link_question("lan", 9)).substr(32), "\x08\0\x03\0lan\0"s);
    EXPECT_EQ(text(encode_link_question("a-name-that-is-too-long", 9)).substr(36), "a-name-that-is-\0"s);
    EXPECT_EQ(text(encode_link_question(7, 9)).substr(20), "\x07\0\0\0\0\0\0\0\0\0\0\0"s);
}
