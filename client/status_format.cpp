#include "client/status_format.hpp"

#include "client/text.hpp"
#include "control/api_time.hpp"

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>

namespace memdb::client {
namespace {

using control::ProfileView;

constexpr std::array kFields{
    FormatField{"name", "of the profile"},
    FormatField{"verdict", "reachable, degraded, connecting, unreachable, stopped; unknown without an agent"},
    FormatField{"since", "of the verdict, RFC 3339, UTC"},
    FormatField{"for", "how long it is that: 3 h 12 min"},
    FormatField{"wanted", "connected or disconnected"},
    FormatField{"phase", "of the tunnel; empty for a direct profile"},
    FormatField{"device", "tun0"},
    FormatField{"address", "ours in the tunnel"},
    FormatField{"server", "address and port of the endpoint"},
    FormatField{"restarts", "that nobody asked for"},
    FormatField{"nodes", "how many"},
    FormatField{"nodes_ok", "how many answer PING"},
    FormatField{"ping_ms", "of the slowest node that answers"},
    FormatField{"cert_days", "days left of the client's certificate"},
    FormatField{"findings", "how many"},
    FormatField{"finding", "code of the first one"},
    FormatField{"severity", "its severity"},
    FormatField{"summary", "what is wrong, one sentence"},
    FormatField{"advice", "what to do about it"},
};

std::string shown(const std::optional<std::string>& text) { return text.value_or(""); }

std::string of_nodes(std::string_view name, const ProfileView& profile) {
    std::size_t all = 0, ok = 0;
    std::int64_t slowest = -1;
    for (const auto& cluster : profile.clusters)
        for (const auto& node : cluster.nodes) {
            ++all;
            if (node.state != control::NodeState::ok) continue;
            ++ok;
            slowest = std::max(slowest, node.ping_us.value_or(-1));
        }
    if (name == "ping_ms") return slowest < 0 ? "" : fmt::format("{:.1f}", static_cast<double>(slowest) / 1000.0);
    return std::to_string(name == "nodes" ? all : ok);
}

std::string of_tunnel(std::string_view name, const ProfileView& profile) {
    if (!profile.tunnel) return "";
    const control::TunnelView& tunnel = *profile.tunnel;
    if (name == "phase") return tunnel.phase;
    if (name == "device") return shown(tunnel.device);
    if (name == "address") return shown(tunnel.address);
    if (name == "server") return shown(tunnel.server);
    return std::to_string(tunnel.restarts);
}

std::string of_finding(std::string_view name, const ProfileView& profile) {
    if (name == "findings") return std::to_string(profile.findings.size());
    if (profile.findings.empty()) return "";
    const health::Finding& first = profile.findings.front();
    if (name == "finding") return first.code;
    if (name == "severity") return std::string(to_string(first.severity));
    return name == "summary" ? first.summary : first.advice;
}

std::string value_of(std::string_view name, const ProfileView& profile, WallTime now) {
    if (name == "name") return profile.name;
    if (name == "verdict") return std::string(to_string(profile.verdict));
    if (name == "since") return control::time_text(profile.since);
    if (name == "for") return duration_text(now - profile.since);
    if (name == "wanted") return std::string(to_string(profile.wanted));
    if (name == "cert_days") return profile.credential ? std::to_string(profile.credential->days_left) : "";
    if (name.starts_with("nodes") || name == "ping_ms") return of_nodes(name, profile);
    for (const std::string_view of_it : {"phase", "device", "address", "server", "restarts"})
        if (name == of_it) return of_tunnel(name, profile);
    return of_finding(name, profile);
}

bool is_field(std::string_view name) noexcept {
    return std::ranges::any_of(kFields, [&](const FormatField& field) { return field.name == name; });
}

struct Piece {
    std::string_view text;  ///< as it stands, or the field's name
    bool field = false, json = false;
};

/// The next piece, taken off `format`; nothing where it is wrong, and `why` says so.
std::optional<Piece> next_piece(std::string_view& format, std::string& why) {
    const auto brace = format.find_first_of("{}");
    if (brace != 0) {
        const Piece plain{format.substr(0, brace)};
        format.remove_prefix(plain.text.size());
        return plain;
    }
    if (format.starts_with("{{") || format.starts_with("}}")) {
        const Piece plain{format.substr(0, 1)};
        format.remove_prefix(2);
        return plain;
    }
    const auto end = format.find('}');
    if (format.front() == '}' || end == std::string_view::npos) {
        why = "a brace without its other half; write {{ or }} for a brace itself";
        return std::nullopt;
    }
    Piece piece{format.substr(1, end - 1), true, false};
    format.remove_prefix(end + 1);
    const auto colon = piece.text.find(':');
    piece.json = colon != std::string_view::npos && piece.text.substr(colon) == ":json";
    if (piece.json) piece.text = piece.text.substr(0, colon);
    if (is_field(piece.text)) return piece;
    why = "no field " + clean(piece.text, true) + "; there is";
    for (const FormatField& field : kFields) (why += field.name == kFields.front().name ? " " : ", ") += field.name;
    return std::nullopt;
}

std::string filled(std::string_view format, const std::function<std::string(std::string_view)>& value) {
    std::string out, ignored;  // it was checked
    while (!format.empty()) {
        const auto piece = next_piece(format, ignored);
        if (!piece) break;
        const std::string text = piece->field ? clean(value(piece->text), false) : std::string(piece->text);
        out += piece->json ? boost::json::serialize(boost::json::string(text)) : text;
    }
    return out + "\n";
}

}  // namespace

std::span<const FormatField> format_fields() noexcept { return kFields; }

std::string check_format(const std::string& format) {
    std::string_view rest = format;
    for (std::string why; !rest.empty();)
        if (!next_piece(rest, why)) return why;
    return "";
}

std::string format_profile(std::string_view format, const ProfileView& profile, WallTime now) {
    return filled(format, [&](std::string_view name) { return value_of(name, profile, now); });
}

std::string format_unknown(std::string_view format, std::string_view name, std::string_view why) {
    return filled(format, [&](std::string_view field) -> std::string {
        if (field == "name") return std::string(name);
        if (field == "verdict") return "unknown";
        if (field == "severity") return "error";
        return field == "summary" ? std::string(why) : "";
    });
}

}  // namespace memdb::client
