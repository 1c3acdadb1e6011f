#include "tunnel/management_event_map.hpp"

#include "base/overloaded.hpp"
#include "tunnel/failure_cause_map.hpp"

namespace memdb::tunnel {
namespace {

using Event = std::optional<TunnelEvent>;

Event fault(Cause cause, std::string_view evidence) {
    if (cause == Cause::none) return std::nullopt;
    return FaultSeen{cause, cleaned(evidence, 200)};
}

}  // namespace

std::optional<TunnelEvent> event_of(const ManagementMessage& message) {
    return std::visit(
        Overloaded{
            [](const HoldPrompt&) -> Event { return HoldAsked{}; },
            [](const StateLine& m) -> Event { return StateChanged{m}; },
            [](const ByteCount& m) -> Event {
                return ByteCounted{m.in, m.out};
            },
            [](const LogLine& m) -> Event { return event_of_output(m.text); },
            [](const Fatal& m) -> Event { return event_of_output(m.text); },
            [](const PasswordPrompt& m) -> Event {  // openvpn would wait for ever: nobody is there to answer
                return m.private_key ? fault(Cause::client_cert_unusable, "the private key needs a passphrase")
                                     : fault(Cause::auth_failed, "the endpoint wants a user name and password");
            },
            [](const VerificationFailed& m) -> Event {
                return m.private_key ? fault(Cause::client_cert_unusable, "openvpn cannot use the private key")
                                     : fault(Cause::auth_failed, "the server refused the authentication");
            },
            [](const UpdownEnv& m) -> Event {
                if (m.key != "dev" || m.value.empty() || m.value.size() > 15) return std::nullopt;  // IFNAMSIZ
                return DeviceOpened{m.value};
            },
            [](const Reply& m) -> Event {
                if (m.command != Command::pid || !m.success) return std::nullopt;
                return HeartbeatAnswered{};
            },
            [](const CurrentState& m) -> Event { return Resynchronised{m.line}; },
            [](const ProtocolError& m) -> Event {
                return ManagementLost{"not openvpn: " + m.reason, true};
            },
            [](const Greeting&) -> Event { return std::nullopt; },
            [](const UpdownBegin&) -> Event { return std::nullopt; },
            [](const UpdownEnd&) -> Event { return std::nullopt; },
            [](const Notify&) -> Event { return std::nullopt; },
            [](const InfoMessage&) -> Event { return std::nullopt; },
            [](const OtherNotice&) -> Event { return std::nullopt; },
            [](const BodyLine&) -> Event { return std::nullopt; },
            [](const BodyEnd&) -> Event { return std::nullopt; },
            [](const Malformed&) -> Event { return std::nullopt; },
        },
        message);
}

std::optional<TunnelEvent> event_of_output(std::string_view line) { return fault(cause_of_log(line), line); }

std::string describe(const ManagementMessage& message) {
    return std::visit(
        Overloaded{
            [](const Greeting& m) { return "INFO " + m.text; },
            [](const HoldPrompt& m) { return "HOLD " + std::to_string(m.seconds); },
            [](const StateLine& m) { return "STATE " + m.name + " " + m.detail; },
            [](const ByteCount& m) { return "BYTECOUNT " + std::to_string(m.in) + " " + std::to_string(m.out); },
            [](const LogLine& m) { return "LOG " + m.text; },
            [](const Fatal& m) { return "FATAL " + m.text; },
            [](const PasswordPrompt&) { return std::string("PASSWORD needed"); },
            [](const VerificationFailed&) { return std::string("PASSWORD verification failed"); },
            [](const UpdownBegin& m) { return std::string(m.up ? "UPDOWN up" : "UPDOWN down"); },
            [](const UpdownEnv& m) { return "UPDOWN " + m.key + "=" + m.value; },
            [](const UpdownEnd&) { return std::string("UPDOWN end"); },
            [](const Notify& m) { return "NOTIFY " + m.severity + " " + m.reason + " " + m.text; },
            [](const InfoMessage&) { return std::string("INFOMSG"); },
            [](const OtherNotice& m) { return m.keyword; },
            [](const Reply& m) {
                return std::string(to_string(m.command)) + (m.success ? " -> SUCCESS " : " -> ERROR ") + m.text;
            },
            [](const CurrentState& m) { return "state -> " + m.line.name + " " + m.line.detail; },
            [](const BodyLine& m) { return "body " + m.text; },
            [](const BodyEnd&) { return std::string("body end"); },
            [](const Malformed& m) { return "malformed: " + m.reason; },
            [](const ProtocolError& m) { return "protocol error: " + m.reason; },
        },
        message);
}

}  // namespace memdb::tunnel
