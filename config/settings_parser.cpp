#include "config/settings_parser.hpp"

#include "base/ip_network.hpp"
#include "config/endpoint_parser.hpp"
#include "config/password_source.hpp"
#include "config/toml_document.hpp"
#include "config/visible_text.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <variant>

namespace memdb::config {
namespace {

/// One key: where it is written, and how its value gets into Settings.
struct DurationKey {
    Duration unit;          ///< of the number in the file; the key's name says it too
    std::int64_t min, max;  ///< in that unit, inclusive
    Duration& (*field)(Settings&);
};
struct NumberKey {
    std::int64_t min, max;
    unsigned& (*field)(Settings&);
};
/// Checks the text and sets the field, or says what it must be.
struct TextKey {
    std::string_view (*set)(Settings&, const std::string&);
    bool is_quiet = false;  ///< a wrong value is not repeated: it may be a secret, written in the wrong place
};
struct FlagKey {
    bool& (*field)(Settings&);
};
/// A list of texts: the function checks one of them and adds it, or says what it must be.
struct TextsKey {
    std::size_t limit;
    std::string_view (*add)(Settings&, const std::string&);
};
constexpr std::string_view kPasswords = "passwords";

struct Key {
    std::string_view table, name;
    std::variant<DurationKey, NumberKey, TextKey, FlagKey, TextsKey> how;
};

using Control = ControlSettings;
using Tunnel = tunnel::TunnelTimings;
using Probe = reach::ProbeTimings;

template <auto Part, auto Field>
auto& field(Settings& settings) {
    return settings.*Part.*Field;
}

template <auto Field>
Duration& rotation(Settings& settings) {
    return settings.rotation.timings.*Field;
}

bool is_group_name(std::string_view name) {
    if (name.empty() || name.size() > 32 || name.front() == '-') return false;
    return name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") ==
           std::string_view::npos;
}

std::string_view set_group(Settings& settings, const std::string& text) {
    if (!is_group_name(text)) return "must be the name of a group";
    settings.control.group = text;
    return {};
}

std::string_view set_control_group(Settings& settings, const std::string& text) {
    if (!text.empty() && !is_group_name(text)) return "must be the name of a group, or empty";
    settings.control.control_group = text;
    return {};
}

std::string_view set_program(Settings& settings, const std::string& text) {
    const bool printable = visible_text(text, text.size()) == text;
    if (text.empty() || text.front() != '/' || text.size() > 4000 || !printable) return "must be an absolute path";
    settings.openvpn.program = text;
    return {};
}

std::string_view set_command(Settings& settings, const std::string& text) {
    const bool printable = visible_text(text, text.size()) == text;
    if (!text.empty() && (text.front() != '/' || text.size() > 4000 || !printable))
        return "must be empty or an absolute path";
    settings.rotation.command = text;
    return {};
}

/// A credential of the service's only: keys of an AWS account are not to lie about as a file.
std::string_view set_iam_credentials(Settings& settings, const std::string& text) {
    settings.iam.credentials.reset();
    if (text.empty()) return {};
    const auto source = parse_password_source(text);
    if (!source || source->place != PasswordPlace::credential) return "must be empty or \"credential:NAME\"";
    settings.iam.credentials = *source;
    return {};
}

/// Whoever can connect gets an answer, so it must be this machine: an address, for names can change.
std::string_view set_listen(Settings& settings, const std::string& text) {
    settings.metrics.listen.reset();
    if (text.empty()) return {};
    const auto place = parse_endpoint(text, 0);
    const auto address = place ? parse_address(place->host) : std::nullopt;
    const bool loopback = address && is_loopback(*address);
    if (!loopback || place->port < 1024)
        return "must be empty or a loopback address with a port from 1024 on, such as \"127.0.0.1:9464\" or "
               "\"[::1]:9464\"";
    settings.metrics.listen = *place;
    return {};
}

std::string_view set_level(Settings& settings, const std::string& text) {
    using enum LogLevel;
    for (const LogLevel level : {error, warning, info, debug, trace}) {
        if (text == to_string(level)) {
            settings.log.level = level;
            return {};
        }
    }
    return "must be error, warning, info, debug or trace";
}

std::string_view set_domains(Settings& settings, const std::string& text) {
    using enum DnsDomains;
    for (const DnsDomains domains : {cluster, pushed, all}) {
        if (text == to_string(domains)) {
            settings.dns.domains = domains;
            return {};
        }
    }
    return "must be cluster, pushed or all";
}

std::string_view add_suffix(Settings& settings, const std::string& text) {
    auto host = parse_host(text);
    if (!host || is_address(*host)) return "must be names' endings such as \"corp.example\"";
    settings.dns.more.push_back(*std::move(host));
    return {};
}

// clang-format off
const std::array kKeys = {
    Key{"log",     "level",                   TextKey{set_level}},
    Key{"control", "group",                   TextKey{set_group}},
    Key{"control", "control_group",           TextKey{set_control_group}},
    Key{"control", "connection_limit",        NumberKey{ 2,  1024, field<&Settings::control, &Control::connection_limit>}},
    Key{"control", "user_limit",              NumberKey{ 1,  1024, field<&Settings::control, &Control::user_limit>}},
    Key{"control", "root_reserve",            NumberKey{ 1,   512, field<&Settings::control, &Control::root_reserve>}},
    Key{"control", "request_limit_s",         DurationKey{1s,   1,    60, field<&Settings::control, &Control::request_limit>}},
    Key{"metrics", "listen",                  TextKey{set_listen}},
    Key{"openvpn", "program",                 TextKey{set_program}},
    Key{"tunnel",  "resolve_limit_ms",        DurationKey{1ms, 100, 60000, field<&Settings::tunnel, &Tunnel::resolve_limit>}},
    Key{"tunnel",  "management_limit_ms",     DurationKey{1ms, 500, 60000, field<&Settings::tunnel, &Tunnel::management_limit>}},
    Key{"tunnel",  "silence_limit_ms",        DurationKey{1ms, 1000, 60000, field<&Settings::tunnel, &Tunnel::silence_limit>}},
    Key{"tunnel",  "attempt_limit_s",         DurationKey{1s,   5,   300, field<&Settings::tunnel, &Tunnel::attempt_limit>}},
    Key{"tunnel",  "stop_grace_ms",           DurationKey{1ms, 100,  4000, field<&Settings::tunnel, &Tunnel::stop_grace>}},
    Key{"tunnel",  "first_backoff_ms",        DurationKey{1ms, 100, 60000, field<&Settings::tunnel, &Tunnel::first_backoff>}},
    Key{"tunnel",  "longest_backoff_s",       DurationKey{1s,   1,  3600, field<&Settings::tunnel, &Tunnel::longest_backoff>}},
    Key{"tunnel",  "stable_after_s",          DurationKey{1s,   1,  3600, field<&Settings::tunnel, &Tunnel::stable_after>}},
    Key{"tunnel",  "heartbeat_interval_ms",   DurationKey{1ms, 500, 60000, field<&Settings::tunnel, &Tunnel::heartbeat_interval>}},
    Key{"tunnel",  "heartbeat_limit_ms",      DurationKey{1ms, 500, 60000, field<&Settings::tunnel, &Tunnel::heartbeat_limit>}},
    Key{"tunnel",  "session_limit_h",         DurationKey{1h,   0,    24, field<&Settings::tunnel, &Tunnel::session_limit>}},
    Key{"tunnel",  "renew_before_s",          DurationKey{1s,   0, 86400, field<&Settings::tunnel, &Tunnel::renew_before>}},
    Key{"dns",     "apply",                   FlagKey{field<&Settings::dns, &DnsSettings::apply>}},
    Key{"dns",     "domains",                 TextKey{set_domains}},
    Key{"dns",     "more",                    TextsKey{kDnsSuffixLimit, add_suffix}},
    Key{"rotation", "lead_days",              DurationKey{24h,  0,   365, rotation<&keys::RotationTimings::lead>}},
    Key{"rotation", "trial_limit_s",          DurationKey{1s,   5,   120, rotation<&keys::RotationTimings::trial_limit>}},
    Key{"rotation", "confirm_limit_s",        DurationKey{1s,   5,   600, rotation<&keys::RotationTimings::confirm_limit>}},
    Key{"rotation", "command",                TextKey{set_command}},
    Key{"iam",     "reauth_s",                DurationKey{1s,   1, 43200, field<&Settings::probe, &Probe::reauth_after>}},
    Key{"iam",     "credentials",             TextKey{set_iam_credentials, true}},
    Key{"history", "keep",                    FlagKey{field<&Settings::history, &HistorySettings::keep_it>}},
    Key{"history", "keep_days",               DurationKey{24h,  1,   365, field<&Settings::history, &HistorySettings::keep>}},
    Key{"history", "size_limit_mib",          NumberKey{ 2,  1024, field<&Settings::history, &HistorySettings::size_mib>}},
    Key{"probe",   "sentinel_interval_ms",    DurationKey{1ms, 100, 60000, field<&Settings::probe, &Probe::sentinel_interval>}},
    Key{"probe",   "node_interval_ms",        DurationKey{1ms, 500, 600000, field<&Settings::probe, &Probe::node_interval>}},
    Key{"probe",   "kept_ping_limit_ms",      DurationKey{1ms,  50, 10000, field<&Settings::probe, &Probe::kept_ping_limit>}},
    Key{"probe",   "reprobe_limit_ms",        DurationKey{1ms,  50, 10000, field<&Settings::probe, &Probe::reprobe_limit>}},
    Key{"probe",   "dns_limit_ms",            DurationKey{1ms,  50, 30000, field<&Settings::probe, &Probe::dns_limit>}},
    Key{"probe",   "tcp_limit_ms",            DurationKey{1ms,  50, 30000, field<&Settings::probe, &Probe::tcp_limit>}},
    Key{"probe",   "tls_limit_ms",            DurationKey{1ms,  50, 30000, field<&Settings::probe, &Probe::tls_limit>}},
    Key{"probe",   "auth_limit_ms",           DurationKey{1ms,  50, 30000, field<&Settings::probe, &Probe::auth_limit>}},
    Key{"probe",   "ping_limit_ms",           DurationKey{1ms,  50, 30000, field<&Settings::probe, &Probe::ping_limit>}},
    Key{"probe",   "bulk_limit_ms",           DurationKey{1ms, 100, 30000, field<&Settings::probe, &Probe::bulk_limit>}},
    Key{"probe",   "topology_interval_s",     DurationKey{1s,   1,  3600, field<&Settings::probe, &Probe::topology_interval>}},
    Key{"probe",   "bulk_interval_s",         DurationKey{1s,   1,  3600, field<&Settings::probe, &Probe::bulk_interval>}},
    Key{"probe",   "sentinel_term_s",         DurationKey{1s,   1,  3600, field<&Settings::probe, &Probe::sentinel_term>}},
};
// clang-format on

void read_texts_key(const TextsKey& texts, const std::string& path, const toml::node& node, Settings& settings,
                    TomlProblems& problems) {
    const auto values = read_texts(node, path, texts.limit, problems);
    for (const std::string& value : values.value_or(std::vector<std::string>{}))
        if (const std::string_view reason = texts.add(settings, value); !reason.empty())
            problems.add(line_of(node), path, fmt::format("{}, has \"{}\"", reason, visible_text(value)));
}

void read_key(const Key& key, const toml::node& node, Settings& settings, TomlProblems& problems) {
    const std::string path = fmt::format("{}.{}", key.table, key.name);
    if (const auto* duration = std::get_if<DurationKey>(&key.how)) {
        if (const auto value = read_integer(node, path, duration->min, duration->max, problems)) {
            duration->field(settings) = duration->unit * *value;
        }
    } else if (const auto* number = std::get_if<NumberKey>(&key.how)) {
        if (const auto value = read_integer(node, path, number->min, number->max, problems)) {
            number->field(settings) = static_cast<unsigned>(*value);
        }
    } else if (const auto* flag = std::get_if<FlagKey>(&key.how)) {
        if (const auto value = read_bool(node, path, problems)) flag->field(settings) = *value;
    } else if (const auto* texts = std::get_if<TextsKey>(&key.how)) {
        read_texts_key(*texts, path, node, settings, problems);
    } else if (const auto* text = std::get_if<TextKey>(&key.how)) {
        if (const auto value = read_text(node, path, problems)) {
            const std::string_view reason = text->set(settings, *value);
            if (!reason.empty()) {
                const std::string shown = text->is_quiet ? "" : fmt::format(", is \"{}\"", visible_text(*value));
                problems.add(line_of(node), path, fmt::format("{}{}", reason, shown));
            }
        }
    }
}

void read_table(std::string_view name, const toml::table& table, Settings& settings, TomlProblems& problems) {
    for (const auto& [word, node] : table) {
        bool known = false;
        for (const Key& key : kKeys) {
            if (key.table != name || key.name != word.str()) continue;
            known = true;
            read_key(key, node, settings, problems);
        }
        if (!known) problems.add(word.source().begin.line, fmt::format("{}.{}", name, word.str()), "unknown key");
    }
}

/// The one table whose keys are not ours: names of profiles.
void read_passwords(const toml::table& table, Settings& settings, TomlProblems& problems) {
    for (const auto& [word, node] : table) {
        const std::string name(word.str());
        const std::string path = fmt::format("{}.{}", kPasswords, name);
        if (const auto good = check_profile_name(name); !good) {
            problems.add(word.source().begin.line, path, good.error().message);
            continue;
        }
        const auto text = read_text(node, path, problems);
        if (!text) continue;
        if (auto source = parse_password_source(*text))
            settings.passwords.emplace(name, *std::move(source));
        else
            problems.add(line_of(node), path, source.error().message);
    }
}

/// Rules between keys: only those without which a machine could not keep its promise.
void check_together(const Settings& settings, const toml::table& document, TomlProblems& problems) {
    const auto line = [&](std::string_view table, std::string_view key) -> std::size_t {
        const auto node = document[table][key];
        return node.node() == nullptr ? 0 : line_of(*node.node());
    };
    if (settings.tunnel.first_backoff > settings.tunnel.longest_backoff) {
        problems.add(line("tunnel", "first_backoff_ms"), "tunnel.first_backoff_ms",
                     "must not be longer than tunnel.longest_backoff_s");
    }
    if (settings.tunnel.silence_limit > settings.tunnel.attempt_limit) {
        problems.add(line("tunnel", "silence_limit_ms"), "tunnel.silence_limit_ms",
                     "must not be longer than tunnel.attempt_limit_s");
    }
    if (settings.tunnel.renew_before > 0s && settings.tunnel.renew_before >= settings.tunnel.session_limit) {
        problems.add(line("tunnel", "renew_before_s"), "tunnel.renew_before_s",
                     "must be shorter than tunnel.session_limit_h");
    }
    if (settings.control.root_reserve >= settings.control.connection_limit) {
        problems.add(line("control", "root_reserve"), "control.root_reserve",
                     "must be smaller than control.connection_limit");
    }
}

}  // namespace

std::string_view to_string(LogLevel level) noexcept {
    switch (level) {
        case LogLevel::error: return "error";
        case LogLevel::warning: return "warning";
        case LogLevel::info: return "info";
        case LogLevel::debug: return "debug";
        case LogLevel::trace: return "trace";
    }
    return "?";
}

std::string_view to_string(DnsDomains domains) noexcept {
    switch (domains) {
        case DnsDomains::cluster: return "cluster";
        case DnsDomains::pushed: return "pushed";
        case DnsDomains::all: return "all";
    }
    return "?";
}

std::vector<std::string> settings_keys() {
    std::vector<std::string> keys;
    keys.reserve(kKeys.size());
    for (const Key& key : kKeys) keys.push_back(fmt::format("{}.{}", key.table, key.name));
    return keys;
}

Result<Settings> parse_settings(std::string_view text, std::string_view file_name) {
    auto document = parse_toml(text, file_name, kSettingsSizeLimit);
    if (!document) return document.error();

    Settings settings;
    TomlProblems problems{file_name};
    for (const auto& [word, node] : *document) {
        bool known = word.str() == kPasswords;
        for (const Key& key : kKeys) known = known || key.table == word.str();
        if (!known) {
            problems.add(word.source().begin.line, word.str(), node.is_table() ? "unknown table" : "unknown key");
        } else if (const auto* table = node.as_table()) {
            if (word.str() == kPasswords)
                read_passwords(*table, settings, problems);
            else
                read_table(word.str(), *table, settings, problems);
        } else {
            problems.add(line_of(node), word.str(), fmt::format("must be a table, is {}", kind_of(node)));
        }
    }
    if (problems.empty()) check_together(settings, *document, problems);
    if (!problems.empty()) return problems.failure();
    return settings;
}

}  // namespace memdb::config
