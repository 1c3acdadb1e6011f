#include "tunnel/management_codec.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace memdb::tunnel {
namespace {

constexpr std::array kStates = {
    OpenvpnState::connecting, OpenvpnState::resolve,      OpenvpnState::tcp_connect,  OpenvpnState::wait,
    OpenvpnState::auth,       OpenvpnState::auth_pending, OpenvpnState::get_config,   OpenvpnState::assign_ip,
    OpenvpnState::add_routes, OpenvpnState::connected,    OpenvpnState::reconnecting, OpenvpnState::exiting,
};

bool take(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

template <class Number>
std::optional<Number> number(std::string_view text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// What stands before the next comma, which is taken too; all of it when there is none.
std::string_view take_field(std::string_view& text) {
    const std::string_view field = text.substr(0, text.find(','));
    text.remove_prefix(std::min(field.size() + 1, text.size()));
    return field;
}

std::vector<std::string_view> fields_of(std::string_view text) {
    std::vector<std::string_view> fields;
    for (std::size_t begin = 0;;) {
        const std::size_t comma = text.find(',', begin);
        fields.push_back(text.substr(begin, comma - begin));
        if (comma == std::string_view::npos) return fields;
        begin = comma + 1;
    }
}

/// time,NAME,detail,tun_ip,remote_ip,remote_port,local_ip,local_port[,tun_ip6]: two from the left; the fixed ones from
/// the right, because `detail` may hold commas. A ninth field is an IPv6 address, so it is told by its colon from a
/// detail with a comma, whose last field is a port or empty.
ManagementMessage parse_state(std::string_view text) {
    const std::vector<std::string_view> fields = fields_of(text);
    const auto time = number<std::int64_t>(fields[0]);
    const bool is_moment = time && *time >= 0 && *time <= kLatestStateTime;
    if (fields.size() < 2 || !is_moment || fields[1].empty()) return Malformed{"state line without time and name"};

    StateLine line{.time = *time, .name = cleaned(fields[1], 32)};
    for (const OpenvpnState state : kStates)
        if (fields[1] == to_string(state)) line.state = state;

    const bool has_ip6 = fields.size() >= 9 && fields.back().find(':') != std::string_view::npos;
    const std::size_t fixed = has_ip6 ? 6 : 5;
    const std::array targets = {&line.tun_ip,   &line.remote_ip,  &line.remote_port,
                                &line.local_ip, &line.local_port, &line.tun_ip6};
    std::size_t detail_end = std::min<std::size_t>(3, fields.size());  // fewer fields: an older or newer version
    // The words of CONNECTED hold no comma, so there fields that a later version adds do no harm.
    if (fields.size() >= 3 + fixed && line.state != OpenvpnState::connected) detail_end = fields.size() - fixed;
    for (std::size_t i = 2; i < detail_end; ++i) {
        if (i > 2) line.detail += ',';
        line.detail += fields[i];
    }
    line.detail = cleaned(line.detail, 256);
    for (std::size_t i = detail_end; i < fields.size() && i - detail_end < targets.size(); ++i)
        *targets[i - detail_end] = cleaned(fields[i], 64);
    return line;
}

ManagementMessage parse_hold(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    const auto seconds = colon == std::string_view::npos ? std::nullopt : number<unsigned>(text.substr(colon + 1));
    return HoldPrompt{seconds.value_or(0)};  // the prompt counts, whatever its words
}

ManagementMessage parse_bytecount(std::string_view text) {
    const auto in = number<std::uint64_t>(take_field(text));
    const auto out = number<std::uint64_t>(take_field(text));
    if (!in || !out) return Malformed{"byte count that is no number"};
    return ByteCount{*in, *out};
}

ManagementMessage parse_log(std::string_view text) {
    if (!number<std::int64_t>(take_field(text))) return Malformed{"log line without a time"};
    const std::string flags = cleaned(take_field(text), 8);
    return LogLine{flags, cleaned(text, 1280)};
}

ManagementMessage parse_password(std::string_view text) {
    // Challenge texts and tokens stand behind; nothing of the payload leaves this function.
    const bool private_key = text.find("'Private Key'") != std::string_view::npos;
    if (text.starts_with("Verification Failed:")) return VerificationFailed{private_key};
    if (text.starts_with("Need ")) return PasswordPrompt{private_key};
    return OtherNotice{"PASSWORD"};
}

ManagementMessage parse_updown(std::string_view text) {
    if (text == "UP") return UpdownBegin{true};
    if (text == "DOWN") return UpdownBegin{false};
    if (!take(text, "ENV,")) return Malformed{"updown line of an unknown kind"};
    if (text == "END") return UpdownEnd{};
    const std::size_t equals = text.find('=');
    const std::string_view value = equals == std::string_view::npos ? std::string_view{} : text.substr(equals + 1);
    return UpdownEnv{cleaned(text.substr(0, equals), 64), cleaned(value, 512)};
}

ManagementMessage parse_notify(std::string_view text) {
    Notify notify;
    notify.severity = cleaned(take_field(text), 32);
    notify.reason = cleaned(take_field(text), 64);
    notify.text = cleaned(text, 256);
    return notify;
}

ManagementMessage parse_notice(std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return Malformed{"notice without a colon"};
    const std::string_view keyword = line.substr(1, colon - 1), text = line.substr(colon + 1);
    if (keyword == "STATE") return parse_state(text);
    if (keyword == "BYTECOUNT") return parse_bytecount(text);
    if (keyword == "LOG") return parse_log(text);
    if (keyword == "HOLD") return parse_hold(text);
    if (keyword == "INFO") return Greeting{cleaned(text, 256)};
    if (keyword == "FATAL") return Fatal{cleaned(text, 1280)};
    if (keyword == "PASSWORD") return parse_password(text);
    if (keyword == "UPDOWN") return parse_updown(text);
    if (keyword == "NOTIFY") return parse_notify(text);
    if (keyword == "INFOMSG") return InfoMessage{cleaned(text, 256)};
    const bool word = !keyword.empty() && keyword.size() <= 32 && std::ranges::all_of(keyword, [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    });
    if (!word) return Malformed{"notice without a keyword"};
    return OtherNotice{std::string(keyword)};
}

}  // namespace

std::vector<ManagementMessage> ManagementCodec::feed(std::string_view bytes) {
    std::vector<ManagementMessage> messages;
    if (broken_) return messages;
    for (const SplitLine& line : lines_.feed(bytes)) {
        if (!mark_.empty()) {
            if (line.text.starts_with("ERROR:") && line.text.find(mark_) != std::string::npos) mark_.clear();
            continue;
        }
        if (line.too_long) {
            messages.emplace_back(ProtocolError{"line of more than " + std::to_string(kLineLimit) + " bytes"});
        } else {
            messages.push_back(parse(line.text));
            if (!std::holds_alternative<Malformed>(messages.back()) || ++malformed_ <= kMalformedLimit) continue;
            messages.emplace_back(ProtocolError{"more than " + std::to_string(kMalformedLimit) + " malformed lines"});
        }
        broken_ = true;
        break;
    }
    return messages;
}

ManagementMessage ManagementCodec::parse(std::string_view line) {
    return line.starts_with('>') ? parse_notice(line) : parse_answer(line);
}

ManagementMessage ManagementCodec::parse_answer(std::string_view line) {
    if (line == "END") return end_body();
    const bool success = take(line, "SUCCESS:");
    if (!success && !take(line, "ERROR:")) {
        if (outstanding_.empty()) return Malformed{"answer to no command"};
        if (outstanding_.front() != Command::state) return BodyLine{cleaned(line)};
        ManagementMessage state = parse_state(line);
        if (const auto* good = std::get_if<StateLine>(&state)) current_state_ = *good;
        return BodyLine{cleaned(line)};
    }
    if (outstanding_.empty()) return Malformed{"answer to no command"};
    const Command command = outstanding_.front();
    outstanding_.pop_front();
    take(line, " ");
    return Reply{command, success, cleaned(line, 256)};
}

ManagementMessage ManagementCodec::end_body() {
    if (outstanding_.empty() || outstanding_.front() != Command::state) return BodyEnd{};
    outstanding_.pop_front();
    return CurrentState{std::exchange(current_state_, {})};
}

std::string ManagementCodec::resume(std::string_view token) {
    mark_ = "'memdbd-" + std::string(token) + "'";
    return "\nsignal memdbd-" + std::string(token) + "\n";
}

std::string ManagementCodec::encode(Command command) {
    if (outstanding_.size() >= kOutstandingLimit) return {};
    outstanding_.push_back(command);
    return std::string(to_string(command)) + '\n';
}

std::string cleaned(std::string_view text, std::size_t limit) {
    const bool cut = text.size() > limit;
    std::string out(text.substr(0, limit));
    for (char& c : out)
        if (c < 0x20 || c > 0x7e) c = '?';  // char may be signed: bytes from 0x80 on are below 0x20 or above 0x7e
    if (cut) out += "…";
    return out;
}

std::string_view to_string(OpenvpnState state) noexcept {
    switch (state) {
        case OpenvpnState::connecting: return "CONNECTING";
        case OpenvpnState::resolve: return "RESOLVE";
        case OpenvpnState::tcp_connect: return "TCP_CONNECT";
        case OpenvpnState::wait: return "WAIT";
        case OpenvpnState::auth: return "AUTH";
        case OpenvpnState::auth_pending: return "AUTH_PENDING";
        case OpenvpnState::get_config: return "GET_CONFIG";
        case OpenvpnState::assign_ip: return "ASSIGN_IP";
        case OpenvpnState::add_routes: return "ADD_ROUTES";
        case OpenvpnState::connected: return "CONNECTED";
        case OpenvpnState::reconnecting: return "RECONNECTING";
        case OpenvpnState::exiting: return "EXITING";
        case OpenvpnState::other: return "?";
    }
    return "?";
}

std::string_view to_string(Command command) noexcept {
    switch (command) {
        case Command::state: return "state";
        case Command::state_on: return "state on";
        case Command::log_on: return "log on";
        case Command::bytecount_on: return "bytecount 1";
        case Command::hold_release: return "hold release";
        case Command::pid: return "pid";
        case Command::signal_usr1: return "signal SIGUSR1";
        case Command::signal_term: return "signal SIGTERM";
    }
    return "?";
}

}  // namespace memdb::tunnel
