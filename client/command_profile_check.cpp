// profile import --check: judges as the agent would, without one.
#include "client/checked_import.hpp"
#include "client/commands.hpp"
#include "client/text.hpp"
#include "keys/certificate.hpp"

#include <fmt/format.h>
#include <boost/json.hpp>

namespace memdb::client {
namespace {

std::string remote_text(const config::Remote& remote) {
    const bool v6 = remote.host.find(':') != std::string::npos;
    return fmt::format("{}{}{}:{} {}", v6 ? "[" : "", remote.host, v6 ? "]" : "", remote.port,
                       remote.transport == config::Transport::udp ? "udp" : "tcp");
}

/// The lines of client.ovpn that say something of this file, without its fixed ones and the CA.
std::vector<std::string> settings_of(const config::ImportedConfig& config) {
    std::vector<std::string> settings;
    const auto add = [&](std::string_view name, const std::string& value) {
        if (!value.empty()) settings.push_back(fmt::format("{} {}", name, value));
    };
    add("cipher", config.cipher);
    add("data-ciphers", config.data_ciphers);
    add("auth", config.auth);
    add("tls-version-min", config.tls_version_min);
    if (config.reneg_sec) add("reneg-sec", std::to_string(*config.reneg_sec));
    if (config.mssfix) add("mssfix", fmt::format("{} {}", config.mssfix->size, config.mssfix->mode));
    return settings;
}

std::string report_text(const CheckedImport& checked) {
    std::string text = fmt::format("{} is accepted\n", checked.file);
    for (const auto& remote : checked.config.remotes) text += "  remote       " + remote_text(remote) + "\n";
    if (checked.config.random_hostname) text += "  name         with a random label in front\n";
    if (checked.config.server_name) {
        text +=
            fmt::format("  server       {} ({})\n", checked.config.server_name->name, checked.config.server_name->type);
    }
    for (const auto& setting : settings_of(checked.config)) text += "  setting      " + setting + "\n";
    if (const auto authorities = keys::read_certificates(checked.config.ca_pem, "<ca>")) {
        for (const auto& authority : *authorities) {
            text += fmt::format("  CA           {}, until {}\n", authority.info.subject,
                                keys::date_text(authority.info.not_after));
        }
    }
    text += checked.credential ? fmt::format("  certificate  {}, until {}\n", checked.credential->info.subject,
                                             keys::date_text(checked.credential->info.not_after))
                               : "  certificate  not in the file: import it with --cert and --key\n";
    return text;
}

std::string report_json(const CheckedImport& checked) {
    boost::json::object report{{"accepted", true}, {"file", checked.file}};
    boost::json::array remotes;
    for (const auto& remote : checked.config.remotes) remotes.emplace_back(remote_text(remote));
    report["remotes"] = std::move(remotes);
    report["random_hostname"] = checked.config.random_hostname;
    if (checked.config.server_name) report["server_name"] = checked.config.server_name->name;
    boost::json::array settings;
    for (const auto& setting : settings_of(checked.config)) settings.emplace_back(setting);
    report["settings"] = std::move(settings);
    if (checked.credential) {
        report["certificate"] = {{"subject", checked.credential->info.subject},
                                 {"not_after", keys::date_text(checked.credential->info.not_after)}};
    }
    boost::json::array warnings;
    for (const auto& warning : checked.warnings) warnings.emplace_back(warning);
    report["warnings"] = std::move(warnings);
    return boost::json::serialize(report) + "\n";
}

}  // namespace

int run_profile_check(Context& context) {
    const Arguments& arguments = context.arguments;
    auto checked = check_import({arguments.file, arguments.cert, arguments.key});
    if (checked.has_value() && !checked->credential_trouble.empty())
        checked = Problem{Exit::failed, checked->credential_trouble};
    if (checked.has_error()) {
        if (arguments.json) {
            const std::string reason = clean(checked.error().message, false);
            print(boost::json::serialize(boost::json::object{{"accepted", false}, {"error", reason}}) + "\n");
        }
        return complain(context, checked.error());
    }
    if (arguments.json) {
        print(report_json(*checked));
        return 0;
    }
    for (const auto& warning : checked->warnings) warn(context, warning);
    print(report_text(*checked));
    return 0;
}

}  // namespace memdb::client
