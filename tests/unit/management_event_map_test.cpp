#include "tunnel/management_event_map.hpp"

#include <gtest/gtest.h>

using namespace memdb::tunnel;

namespace {

using Event = std::optional<TunnelEvent>;

TEST(ManagementEventMap, turns_messages_into_what_the_machine_knows) {
    StateLine line;
    line.name = "WAIT";
    EXPECT_EQ(event_of(HoldPrompt{3}), Event(HoldAsked{}));
    EXPECT_EQ(event_of(line), Event(StateChanged{line}));
    EXPECT_EQ(event_of(ByteCount{1, 2}), Event(ByteCounted{1, 2}));
    EXPECT_EQ(event_of(UpdownEnv{"dev", "tun0"}), Event(DeviceOpened{"tun0"}));
    EXPECT_EQ(event_of(Reply{Command::pid, true, "pid=1"}), Event(HeartbeatAnswered{}));
    EXPECT_EQ(event_of(CurrentState{line}), Event(Resynchronised{line}));
    EXPECT_EQ(event_of(ProtocolError{"x"}), Event(ManagementLost{"not openvpn: x", true}));
    EXPECT_EQ(event_of(LogLine{"I", "AUTH: Received control message: AUTH_FAILED"}),
              Event(FaultSeen{Cause::auth_failed, "AUTH: Received control message: AUTH_FAILED"}));
    EXPECT_EQ(event_of(Fatal{"ERROR: Cannot open TUN/TAP dev /dev/net/tun: x"}),
              Event(FaultSeen{Cause::tun_device_unavailable, "ERROR: Cannot open TUN/TAP dev /dev/net/tun: x"}));
}

TEST(ManagementEventMap, ends_an_attempt_that_waits_for_a_password_nobody_will_type) {
    for (const bool private_key : {false, true}) {
        const Cause cause = private_key ? Cause::client_cert_unusable : Cause::auth_failed;
        for (const Event& event : {event_of(PasswordPrompt{private_key}), event_of(VerificationFailed{private_key})}) {
            ASSERT_TRUE(event.has_value());
            EXPECT_EQ(std::get<FaultSeen>(*event).cause, cause);
        }
    }
}

TEST(ManagementEventMap, has_no_use_for_the_rest) {
    for (const ManagementMessage& message : std::initializer_list<ManagementMessage>{
             Greeting{"x"}, LogLine{"", "Initialization Sequence Completed"}, UpdownBegin{true}, UpdownEnd{},
             UpdownEnv{"dev", ""}, UpdownEnv{"dev", "a-name-too-long-for-a-device"},
             UpdownEnv{"route_network_1", "10.0.0.0"}, Notify{"info", "x", "y"}, InfoMessage{"x"}, OtherNotice{"X"},
             Reply{Command::pid, false, "no"}, Reply{Command::state_on, true, "x"}, BodyLine{"x"}, BodyEnd{},
             Malformed{"x"}})
        EXPECT_EQ(event_of(message), std::nullopt) << describe(message);
}

TEST(ManagementEventMap, caps_the_evidence) {
    const auto event = event_of_output("Options error: " + std::string(1000, 'x'));
    EXPECT_LE(std::get<FaultSeen>(*event).evidence.size(), 203u);
}

TEST(ManagementEventMap, describes_each_message_for_the_log) {
    StateLine line;
    line.name = "WAIT";
    line.detail = "ping-restart";
    const std::pair<ManagementMessage, const char*> table[] = {
        {Greeting{"OpenVPN"}, "INFO OpenVPN"},
        {HoldPrompt{3}, "HOLD 3"},
        {line, "STATE WAIT ping-restart"},
        {ByteCount{1, 2}, "BYTECOUNT 1 2"},
        {LogLine{"I", "up"}, "LOG up"},
        {Fatal{"no"}, "FATAL no"},
        {VerificationFailed{true}, "PASSWORD verification failed"},
        {UpdownBegin{true}, "UPDOWN up"},
        {UpdownBegin{false}, "UPDOWN down"},
        {UpdownEnv{"dev", "tun0"}, "UPDOWN dev=tun0"},
        {UpdownEnd{}, "UPDOWN end"},
        {Notify{"info", "remote-exit", "EXIT"}, "NOTIFY info remote-exit EXIT"},
        {OtherNotice{"ECHO"}, "ECHO"},
        {Reply{Command::pid, false, "no"}, "pid -> ERROR no"},
        {CurrentState{line}, "state -> WAIT ping-restart"},
        {BodyLine{"x"}, "body x"},
        {BodyEnd{}, "body end"},
        {Malformed{"odd"}, "malformed: odd"},
        {ProtocolError{"odd"}, "protocol error: odd"},
    };
    for (const auto& [message, wanted] : table) EXPECT_EQ(describe(message), wanted);
}

TEST(ManagementEventMap, describes_without_what_the_server_sent_to_the_user) {
    EXPECT_EQ(describe(InfoMessage{"WEB_AUTH::https://x/?token=hunter2"}), "INFOMSG");
    EXPECT_EQ(describe(PasswordPrompt{true}), "PASSWORD needed");
    EXPECT_EQ(describe(Reply{Command::pid, true, "pid=7"}), "pid -> SUCCESS pid=7");
}

}  // namespace
