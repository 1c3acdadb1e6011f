// The settings in force: what /etc/memdbd/memdbd.toml may say, with the defaults in place.
//
// Plain values. Filled by settings_parser, which also checks the ranges; memdbd.toml shows every key at its default,
// and a test proves that the three agree.
#pragma once

#include "config/dns_settings.hpp"
#include "config/endpoint_parser.hpp"
#include "config/password_source.hpp"
#include "keys/rotation_timings.hpp"
#include "reach/probe_timings.hpp"
#include "tunnel/tunnel_timings.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace memdb::config {

enum class LogLevel : std::uint8_t { error, warning, info, debug, trace };

/// Who may use the control socket, and how much of it (design §6).
struct ControlSettings {
    std::string group = "memdb";     ///< its members may read, and control unless control_group says otherwise
    std::string control_group;       ///< when not empty, only its members (and root) may control
    unsigned connection_limit = 64;  ///< at once, all users together
    unsigned user_limit = 16;        ///< of these, for one user
    unsigned root_reserve = 8;       ///< of these, kept free for root
    Duration request_limit = 10s;    ///< to send a whole request
    bool operator==(const ControlSettings&) const = default;
};

struct OpenvpnSettings {
    std::string program = "/usr/sbin/openvpn";  ///< absolute path
    bool operator==(const OpenvpnSettings&) const = default;
};

struct RotationSettings {
    keys::RotationTimings timings;
    std::string command;  ///< signs requests unattended: absolute path, root's; empty: memdbd never rotates by itself
    bool operator==(const RotationSettings&) const = default;
};

/// Login of clusters' users by IAM; how often a kept connection does so is in ProbeTimings.
struct IamSettings {
    std::optional<PasswordSource> credentials;  ///< AWS keys that memdbd signs tokens with; none: tokens are pushed
    bool operator==(const IamSettings&) const = default;
};

/// What is remembered of the past.
struct HistorySettings {
    bool keep_it = true;
    Duration keep = 24h * 30;  ///< older is removed
    unsigned size_mib = 50;    ///< on disk, at most
    bool operator==(const HistorySettings&) const = default;
};

/// Metrics and health for whoever asks on this machine over TCP.
struct MetricsSettings {
    std::optional<Endpoint> listen;  ///< a loopback address and a port from 1024 on; none: nobody listens
    bool operator==(const MetricsSettings&) const = default;
};

struct LogSettings {
    LogLevel level = LogLevel::info;
    bool operator==(const LogSettings&) const = default;
};

struct Settings {
    tunnel::TunnelTimings tunnel;
    DnsSettings dns;
    reach::ProbeTimings probe;
    ControlSettings control;
    OpenvpnSettings openvpn;
    RotationSettings rotation;
    IamSettings iam;
    HistorySettings history;
    MetricsSettings metrics;
    LogSettings log;
    std::map<std::string, PasswordSource, std::less<>> passwords;  ///< by profile; before the stored one
    bool operator==(const Settings&) const = default;
};

std::string_view to_string(LogLevel level) noexcept;

}  // namespace memdb::config
