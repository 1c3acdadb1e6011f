#include "tunnel/tunnel_record.hpp"

#include "tests/support/got.hpp"

#include <gtest/gtest.h>

#include <string>

using namespace memdb;
using namespace memdb::tunnel;
using memdb::tests::got;

namespace {

TunnelRecord full() {
    return {
        .pid = 4711,
        .start_time = 18'446'744'073'709'551'615U,
        .exe = "/usr/sbin/openvpn",
        .generation = 3,
        .server = {"2001:db8::1", 443, config::Transport::tcp},
        .device = "tun0",
        .push_lines = {"PUSH: Received control message: 'PUSH_REPLY,route 10.20.0.0 255.255.0.0,ping 1'", "a \"b\" \\"},
        .session_from = WallTime(Duration(1'795'000'000'123)),
        .connected_at = TimePoint(Duration(9'000'001)),
        .restarts = 2,
        .losses = {TimePoint(Duration(1)), TimePoint(Duration(2))},
        .last_restart_cause = "tunnel-silent",
        .stale = true};
}

std::string with(std::string_view from, std::string_view to) {
    std::string text = to_json(full());
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

}  // namespace

TEST(TunnelRecord, comes_back_equal_from_its_text) {
    const TunnelRecord least{.pid = 2, .exe = "/openvpn", .server = {"192.0.2.1", 443, config::Transport::udp}};
    for (const TunnelRecord& record : {full(), least}) {
        const std::string text = to_json(record);
        EXPECT_EQ(got(parse_tunnel_record(text)), record) << text;
        EXPECT_TRUE(text.ends_with("}\n")) << text;
    }
}

TEST(TunnelRecord, what_it_would_not_have_written_is_refused) {
    for (const auto& [from, to] : {std::pair{"\"schema\":1", "\"schema\":2"},
                                   {"\"pid\":4711", "\"pid\":1"},
                                   {"\"pid\":4711", "\"pid\":-4711"},
                                   {"\"pid\":4711", "\"pid\":99999999"},
                                   {"/usr/sbin/openvpn", "openvpn"},
                                   {"2001:db8::1", "example.test"},
                                   {"\"port\":443", "\"port\":65536"},
                                   {"\"tcp\"", "\"sctp\""},
                                   {"\"device\":\"tun0\"", "\"device\":\"a-name-that-is-too-long\""},
                                   {"\"connected_at\":9000001", "\"connected_at\":-1"},
                                   {"\"connected_at\":9000001", "\"connected_at\":9223372036854775807"},
                                   {"\"losses\":[{\"at\":1}", "\"losses\":[{\"at\":9223372036854775807}"},
                                   {"\"changed since\"", "\"no\""},
                                   {"\"generation\":3", "\"generation\":3,\"more\":1"},
                                   {"\"generation\":3,", ""},
                                   {"\"session_from\":\"", "\"session_from\":\"x"}})
        EXPECT_EQ(parse_tunnel_record(with(from, to)).error().code, Errc::malformed) << from << " -> " << to;
}

TEST(TunnelRecord, a_cut_text_is_refused_wherever_it_was_cut) {
    const std::string text = to_json(full());
    for (std::size_t end = 0; end + 1 < text.size(); ++end)
        EXPECT_TRUE(parse_tunnel_record(text.substr(0, end)).has_error()) << end;
    EXPECT_EQ(parse_tunnel_record(std::string(kTunnelRecordLimit + 1, ' ')).error().code, Errc::too_large);
}
