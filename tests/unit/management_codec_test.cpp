#include "tunnel/management_codec.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>

using namespace memdb::tunnel;

namespace {

using Messages = std::vector<ManagementMessage>;

/// A real session of openvpn 2.6.14: connected, restarted in place (SIGUSR1), ended (SIGTERM).
std::string recorded_session() {
    std::ifstream in(MEMDB_SOURCE_DIR "/tests/fuzz/corpus/management_codec_fuzz/recorded_session", std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// A codec to which the recorded session's commands have been given.
ManagementCodec recording_codec() {
    ManagementCodec codec;
    for (const Command command :
         {Command::state_on, Command::log_on, Command::bytecount_on, Command::hold_release, Command::pid,
          Command::signal_usr1, Command::hold_release, Command::pid, Command::signal_term})
        (void)codec.encode(command);
    return codec;
}

ManagementMessage only(std::string_view line) {
    ManagementCodec codec;
    Messages messages = codec.feed(std::string(line) + "\r\n");
    EXPECT_EQ(messages.size(), 1u) << line;
    return messages.at(0);
}

template <class T>
std::vector<T> all_of(const Messages& messages) {
    std::vector<T> found;
    for (const auto& message : messages)
        if (const T* it = std::get_if<T>(&message)) found.push_back(*it);
    return found;
}

TEST(ManagementCodec, reads_a_recorded_session) {
    const Messages messages = recording_codec().feed(recorded_session());
    ASSERT_EQ(messages.size(), 284u);
    EXPECT_EQ(messages[0],
              ManagementMessage(Greeting{"OpenVPN Management Interface Version 5 -- type 'help' for more info"}));
    EXPECT_EQ(all_of<HoldPrompt>(messages), (std::vector<HoldPrompt>{{0}, {1}}));
    EXPECT_EQ(all_of<ByteCount>(messages).front(), (ByteCount{2118, 2029}));
    EXPECT_TRUE(all_of<Malformed>(messages).empty());
    EXPECT_TRUE(all_of<OtherNotice>(messages).empty());

    std::vector<std::string> states;
    for (const StateLine& line : all_of<StateLine>(messages)) states.push_back(line.name + "," + line.detail);
    EXPECT_EQ(states, (std::vector<std::string>{"WAIT,", "AUTH,", "ASSIGN_IP,", "ADD_ROUTES,", "CONNECTED,SUCCESS",
                                                "RECONNECTING,SIGUSR1", "WAIT,", "AUTH,", "ASSIGN_IP,", "ADD_ROUTES,",
                                                "CONNECTED,SUCCESS", "EXITING,SIGTERM"}));
    EXPECT_EQ(all_of<StateLine>(messages)[4], (StateLine{1795448610, OpenvpnState::connected, "CONNECTED", "SUCCESS",
                                                         "10.99.0.2", "192.0.2.1", "1194"}));
}

TEST(ManagementCodec, gives_each_answer_of_the_recorded_session_to_its_command) {
    std::vector<std::string> answers;
    for (const Reply& reply : all_of<Reply>(recording_codec().feed(recorded_session()))) {
        EXPECT_TRUE(reply.success);
        answers.push_back(std::string(to_string(reply.command)) + ": " + reply.text);
    }
    EXPECT_EQ(answers,
              (std::vector<std::string>{
                  "state on: real-time state notification set to ON", "log on: real-time log notification set to ON",
                  "bytecount 1: bytecount interval changed", "hold release: hold release succeeded", "pid: pid=8720",
                  "signal SIGUSR1: signal SIGUSR1 thrown", "hold release: hold release succeeded", "pid: pid=8720",
                  "signal SIGTERM: signal SIGTERM thrown"}));
}

TEST(ManagementCodec, reads_the_updown_blocks_of_the_recorded_session) {
    const Messages messages = recording_codec().feed(recorded_session());
    EXPECT_EQ(all_of<UpdownBegin>(messages), (std::vector<UpdownBegin>{{true}, {false}, {true}, {false}}));
    EXPECT_EQ(all_of<UpdownEnd>(messages).size(), 4u);
    std::map<std::string, std::string> env;
    for (const UpdownEnv& entry : all_of<UpdownEnv>(messages)) env.emplace(entry.key, entry.value);
    EXPECT_EQ(env["dev"], "tun0");
    EXPECT_EQ(env["route_network_1"], "10.20.0.0");
    EXPECT_EQ(env["foreign_option_1"], "dhcp-option DNS 10.20.0.2");
}

TEST(ManagementCodec, splits_anywhere) {
    const std::string session = recorded_session();
    const Messages expected = recording_codec().feed(session);
    // Each split point with the lines around it; what comes before has just been proven, so that the codec of the
    // previous line end may be taken over: 15 000 whole replays would take minutes under ASan.
    ManagementCodec at_line_start = recording_codec();
    std::size_t done = 0, splits = 0;
    for (std::size_t begin = 0; begin < session.size();) {
        const std::size_t end = session.find('\n', begin) + 1;
        for (std::size_t cut = begin; cut <= end; ++cut, ++splits) {
            ManagementCodec codec = at_line_start;
            Messages got = codec.feed(session.substr(begin, cut - begin));
            for (auto& message : codec.feed(session.substr(cut, end - cut))) got.push_back(std::move(message));
            ASSERT_EQ(got.size(), 1u) << "cut at " << cut;
            ASSERT_EQ(got[0], expected[done]) << "cut at " << cut;
        }
        (void)at_line_start.feed(session.substr(begin, end - begin));
        begin = end;
        done += 1;
    }
    EXPECT_EQ(done, expected.size());
    EXPECT_GT(splits, session.size());
}

TEST(ManagementCodec, takes_single_bytes) {
    const std::string session = recorded_session();
    ManagementCodec codec = recording_codec();
    Messages got;
    for (const char byte : session)
        for (auto& message : codec.feed({&byte, 1})) got.push_back(std::move(message));
    EXPECT_EQ(got, recording_codec().feed(session));
}

TEST(ManagementCodec, splits_state_fields_from_both_ends) {
    const struct {
        std::string_view line;
        StateLine expected;
    } rows[] = {
        {">STATE:1,WAIT,,,,,,", {1, OpenvpnState::wait, "WAIT"}},
        {">STATE:1,ASSIGN_IP,,10.0.0.2,,,,,fd00::2",
         {1, OpenvpnState::assign_ip, "ASSIGN_IP", "", "10.0.0.2", "", "", "", "", "fd00::2"}},
        {">STATE:1,CONNECTED,ROUTE_ERROR,10.0.0.2,2001:db8::1,443,192.0.2.2,1194",
         {1, OpenvpnState::connected, "CONNECTED", "ROUTE_ERROR", "10.0.0.2", "2001:db8::1", "443", "192.0.2.2",
          "1194"}},
        {">STATE:1,CONNECTED,SUCCESS,10.0.0.2,192.0.2.1,443,,,fd00::2,new,fields",
         {1, OpenvpnState::connected, "CONNECTED", "SUCCESS", "10.0.0.2", "192.0.2.1", "443", "", "", "fd00::2"}},
        {">STATE:1,RECONNECTING,a reason, with commas,,,,,",
         {1, OpenvpnState::reconnecting, "RECONNECTING", "a reason, with commas"}},
        {">STATE:1,EXITING,SIGTERM", {1, OpenvpnState::exiting, "EXITING", "SIGTERM"}},
        {">STATE:1,AUTH", {1, OpenvpnState::auth, "AUTH"}},
        {">STATE:1,SOMETHING_NEW,,,,,,", {1, OpenvpnState::other, "SOMETHING_NEW"}},
    };
    for (const auto& row : rows) EXPECT_EQ(only(row.line), ManagementMessage(row.expected)) << row.line;
}

TEST(ManagementCodec, keeps_nothing_of_what_may_be_secret) {
    EXPECT_EQ(only(">PASSWORD:Need 'Private Key' password"), ManagementMessage(PasswordPrompt{true}));
    EXPECT_EQ(only(">PASSWORD:Need 'Auth' username/password SC:1,hunter2"), ManagementMessage(PasswordPrompt{false}));
    EXPECT_EQ(only(">PASSWORD:Verification Failed: 'Auth' ['hunter2']"), ManagementMessage(VerificationFailed{false}));
    EXPECT_EQ(only(">PASSWORD:Auth-Token:hunter2"), ManagementMessage(OtherNotice{"PASSWORD"}));
    EXPECT_EQ(only(">PK_SIGN:aHVudGVyMg==,ECDSA"), ManagementMessage(OtherNotice{"PK_SIGN"}));
    EXPECT_EQ(only(">A-NEW_THING2:hunter2"), ManagementMessage(OtherNotice{"A-NEW_THING2"}));
}

TEST(ManagementCodec, reads_the_other_notices) {
    EXPECT_EQ(only(">LOG:1795448610,N,a, b"), ManagementMessage(LogLine{"N", "a, b"}));
    EXPECT_EQ(only(">LOG:1795448610,,"), ManagementMessage(LogLine{"", ""}));
    EXPECT_EQ(only(">FATAL:Cannot open TUN"), ManagementMessage(Fatal{"Cannot open TUN"}));
    EXPECT_EQ(only(">NOTIFY:info,remote-exit,EXIT"), ManagementMessage(Notify{"info", "remote-exit", "EXIT"}));
    EXPECT_EQ(only(">INFOMSG:WEB_AUTH::https://x"), ManagementMessage(InfoMessage{"WEB_AUTH::https://x"}));
    EXPECT_EQ(only(">HOLD:Warten:7"), ManagementMessage(HoldPrompt{7}));
    EXPECT_EQ(only(">HOLD:"), ManagementMessage(HoldPrompt{0}));
    EXPECT_EQ(only(">UPDOWN:ENV,key_without_value"), ManagementMessage(UpdownEnv{"key_without_value", ""}));
}

TEST(ManagementCodec, names_lines_that_no_rule_allows) {
    for (const std::string_view line :
         {">STATE:", ">STATE:x,WAIT", ">STATE:-1,WAIT", ">STATE:9223372036854775807,WAIT", ">STATE:1", ">STATE:1,",
          ">BYTECOUNT:1", ">BYTECOUNT:1,x", ">BYTECOUNT:-1,2", ">BYTECOUNT:99999999999999999999,1", ">LOG:now,I,x",
          ">UPDOWN:SIDEWAYS", ">no colon", ">:x", ">lower:x", "SUCCESS: out of the blue", "plain", "ERROR: x", ""})
        EXPECT_TRUE(std::holds_alternative<Malformed>(only(line))) << line;
}

TEST(ManagementCodec, puts_asynchronous_lines_between_answers_where_they_belong) {
    ManagementCodec codec;
    EXPECT_EQ(codec.encode(Command::pid), "pid\n");
    EXPECT_EQ(codec.encode(Command::hold_release), "hold release\n");
    EXPECT_EQ(codec.feed(">BYTECOUNT:1,2\r\nbody\r\nEND\r\nSUCCESS: pid=7\r\n>HOLD:x:0\r\nERROR: no\r\n"),
              (Messages{ByteCount{1, 2}, BodyLine{"body"}, BodyEnd{}, Reply{Command::pid, true, "pid=7"}, HoldPrompt{0},
                        Reply{Command::hold_release, false, "no"}}));
    EXPECT_EQ(codec.outstanding(), 0u);
}

TEST(ManagementCodec, refuses_more_commands_than_a_living_openvpn_leaves_unanswered) {
    ManagementCodec codec;
    for (std::size_t i = 0; i < ManagementCodec::kOutstandingLimit; ++i) EXPECT_EQ(codec.encode(Command::pid), "pid\n");
    EXPECT_EQ(codec.encode(Command::pid), "");
}

TEST(ManagementCodec, gives_up_on_a_line_of_a_megabyte) {
    ManagementCodec codec;
    Messages got;
    for (int i = 0; i < 256; ++i)
        for (auto& message : codec.feed(std::string(4096, 'x'))) got.push_back(std::move(message));
    EXPECT_EQ(got, (Messages{ProtocolError{"line of more than 4096 bytes"}}));
    EXPECT_TRUE(codec.feed("\r\n>HOLD:x:0\r\n").empty());
}

TEST(ManagementCodec, gives_up_after_too_many_malformed_lines) {
    ManagementCodec codec;
    std::string garbage;
    for (int i = 0; i < 50; ++i) garbage += "HTTP/1.1 400 Bad Request\r\n";
    const Messages got = codec.feed(garbage);
    ASSERT_EQ(got.size(), ManagementCodec::kMalformedLimit + 2);
    EXPECT_EQ(got.back(), ManagementMessage(ProtocolError{"more than 16 malformed lines"}));
}

TEST(ManagementCodec, cleans_and_caps_what_the_peer_says) {
    EXPECT_EQ(only(">FATAL:a\x1b[31m\x07 \xc3\xa4"), ManagementMessage(Fatal{"a?[31m? ??"}));
    const auto env = std::get<UpdownEnv>(only(">UPDOWN:ENV,k=" + std::string(2000, 'v')));
    EXPECT_EQ(env.value, std::string(512, 'v') + "…");
    EXPECT_EQ(cleaned("abc", 2), "ab…");
}

}  // namespace
