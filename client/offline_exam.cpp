#include "client/offline_exam.hpp"

#include "base/clock.hpp"
#include "client/checked_import.hpp"
#include "client/child_process.hpp"
#include "client/endpoint_question.hpp"
#include "doctor/check_policy.hpp"
#include "keys/chain_policy.hpp"

#include <sys/stat.h>
#include <sys/timex.h>

#include <algorithm>
#include <array>
#include <utility>

namespace memdb::client {
namespace {

constexpr Duration kNameLimit = 5s;
constexpr Duration kServerLimit = 700ms;
constexpr Duration kProgramLimit = 5s;

/// What can be told without an agent; the rest is left out rather than skipped line by line.
constexpr std::array kOffline = {"openvpn", "tun-device",    "configuration",    "certificate",
                                 "chain",   "endpoint-name", "endpoint-answers", "clock"};

doctor::ProgramSeen look_at_openvpn() {
    doctor::ProgramSeen seen;
    seen.path = find_program("openvpn");
    for (const char* usual : {"/usr/sbin/openvpn", "/usr/bin/openvpn"})
        if (struct stat there{}; seen.path.empty() && ::stat(usual, &there) == 0) seen.path = usual;
    if (seen.path.empty()) return {"openvpn", {}, "No such file or directory"};
    const auto end = run_child({{seen.path, "--version"}, {"PATH=/usr/bin:/bin"}, {}, kOutputLimit, kProgramLimit});
    if (end.has_error()) {
        end_if_interrupted(end.error());
        seen.trouble = end.error().message;
        return seen;
    }
    constexpr std::string_view name = "OpenVPN ";
    if (!end->output.starts_with(name)) return seen;
    const std::string_view rest = std::string_view(end->output).substr(name.size());
    seen.version = rest.substr(0, std::min<std::size_t>(rest.find_first_of(" \n"), 32));
    return seen;
}

/// As the agent's view has it; what only the agent knows stays empty.
control::CredentialView credential_view(const CheckedImport& checked, WallTime now) {
    const keys::CertificateInfo& info = checked.credential->info;
    control::CredentialView view;
    view.subject = info.subject;
    view.issuer = info.issuer;
    view.serial = info.serial;
    view.not_before = info.not_before;
    view.not_after = info.not_after;
    view.days_left = keys::days_left(info, now);
    view.state = keys::to_string(keys::state_of(info, now));
    view.key_type = keys::to_string(info.key_type);
    view.key_bits = info.key_bits;
    view.extended_key_usage = info.extended_usage;
    const auto own = keys::read_certificates(checked.credential->cert_pem, "the certificate");
    const auto authorities = keys::read_certificates(checked.config.ca_pem, "<ca>");
    if (own.has_error() || authorities.has_error()) return view;
    const keys::ChainVerdict chain = keys::verify_chain(*own, *authorities, now);
    view.chain.emplace().verified = chain.verified;
    (chain.verified ? view.chain->authority : view.chain->problem) = chain.verified ? chain.authority : chain.problem;
    return view;
}

void look_at_file(const ImportPaths& paths, doctor::Scene& scene, std::optional<CheckedImport>& checked) {
    auto judged = check_import(paths);
    if (judged.has_error()) {
        scene.configuration_trouble = judged.error().message;
        return;
    }
    checked = std::move(*judged);
    scene.view.tunnel.emplace().phase = "stopped";
    if (!checked->config.remotes.empty()) {
        const config::Remote& remote = checked->config.remotes.front();
        scene.view.tunnel->endpoint = config::endpoint_text(remote.host, remote.port);
        scene.over_tcp = remote.transport == config::Transport::tcp;
    }
    if (checked->credential) scene.view.credential = credential_view(*checked, scene.now);
}

/// A certificate that was not given is no fault of the file's, and the file is not yet in the agent's hands.
void correct(const std::optional<CheckedImport>& checked, std::vector<health::Check>& checks) {
    const auto at = std::ranges::find(checks, "certificate", &health::Check::id);
    const auto file = std::ranges::find(checks, "configuration", &health::Check::id);
    if (!checked && file != checks.end()) {
        file->finding = "config-refused";
        file->action = "download the client configuration again from the endpoint's page in AWS, or correct that line";
    }
    if (at == checks.end() || (checked && checked->credential)) return;
    if (!checked) {
        *at = {at->id, at->layer, at->title, health::CheckState::skip, {}, {}, {}, {}, "configuration"};
        return;
    }
    if (!checked->credential_trouble.empty()) {
        at->summary = checked->credential_trouble;
        return;
    }
    at->state = health::CheckState::skip;
    at->summary = "none in the file: give it with --cert (and --key)";
    at->finding.clear();
    at->action.clear();
}

void ask_endpoint(const CheckedImport& checked, doctor::Scene& scene,
                  const std::function<void(std::string_view)>& progress) {
    if (checked.config.remotes.empty()) return;
    doctor::NameSeen all;
    for (const config::Remote& remote : checked.config.remotes) {
        progress("the endpoint's name");
        const doctor::NameSeen name = ask_name(remote, checked.config.random_hostname, kNameLimit);
        if (all.name.find(remote.host) == std::string::npos) all.name += (all.name.empty() ? "" : ", ") + name.name;
        if (!name.trouble.empty()) {
            all.trouble = name.trouble;
            continue;
        }
        all.addresses.insert(all.addresses.end(), name.addresses.begin(), name.addresses.end());
        progress("the endpoint");
        if (!scene.servers) scene.servers.emplace();
        for (auto& server : ask_servers(remote, name.addresses, kServerLimit))
            scene.servers->push_back(std::move(server));
    }
    if (!all.addresses.empty()) all.trouble.clear();
    scene.endpoint_name = std::move(all);
}

}  // namespace

Outcome<health::DoctorReport> examine_offline(const ImportPaths& paths,
                                              const std::function<void(std::string_view)>& progress) {
    if (struct stat there{}; ::stat(paths.ovpn.c_str(), &there) != 0)
        return Problem{Exit::failed, paths.ovpn + ": no such file, or it may not be read"};
    health::DoctorReport report;
    report.profile = paths.ovpn.substr(paths.ovpn.rfind('/') + 1);
    report.started_at = wall_now();
    const TimePoint began = now();
    doctor::Scene scene;
    scene.now = report.started_at;
    scene.view.name = report.profile;
    scene.view.kind = "tunnel";
    progress("openvpn");
    scene.openvpn = look_at_openvpn();
    struct stat tun {};
    scene.tun = ::stat("/dev/net/tun", &tun) == 0 ? "" : "No such file or directory";
    timex kernel{};
    scene.synchronised = ::adjtimex(&kernel) >= 0 && kernel.status >= 0 && (kernel.status & STA_UNSYNC) == 0;
    progress("the configuration");
    std::optional<CheckedImport> checked;
    look_at_file(paths, scene, checked);
    if (checked) ask_endpoint(*checked, scene, progress);
    report.checks = doctor::examine(scene, {std::begin(doctor::kParts), std::end(doctor::kParts)});
    std::erase_if(report.checks,
                  [](const health::Check& check) { return std::ranges::find(kOffline, check.id) == kOffline.end(); });
    correct(checked, report.checks);
    report.diagnosis = doctor::diagnose(scene, report.checks);
    if (report.diagnosis.state != health::CheckState::fail && report.diagnosis.check.empty()) {
        report.diagnosis = {};
        report.diagnosis.summary = "nothing is wrong, as far as can be seen without an agent";
        report.diagnosis.action = "`memdbctl profile import " + report.profile + "`, then `memdbctl connect`";
    }
    report.took_ms = (now() - began).count();
    return report;
}

}  // namespace memdb::client
