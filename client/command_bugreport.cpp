// bugreport: what a maintainer asks for first, in one file, seen by its sender before it is written.
#include "base/clock.hpp"
#include "client/bug_report.hpp"
#include "client/child_process.hpp"
#include "client/commands.hpp"
#include "client/confirm.hpp"
#include "client/local_files.hpp"
#include "client/text.hpp"
#include "reach/sigv4.hpp"

#include <pwd.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace memdb::client {
namespace {

constexpr const char* kSettingsFile = "/etc/memdbd/memdbd.toml";
constexpr std::size_t kSettingsLimit = 256 * 1024;
constexpr std::size_t kHistoryLimit = 256 * 1024;

/// The first `lines` lines that a program says of itself.
std::string said_by(const std::string& name, const std::string& argument, std::size_t lines) {
    std::string program = find_program(name);
    if (program.empty() && exists("/usr/sbin/" + name)) program = "/usr/sbin/" + name;  // not in a user's PATH
    if (program.empty()) return name + ": not found\n";
    const auto end = run_child({{program, argument}, own_environment(), {}, kOutputLimit, 10s});
    if (end.has_error()) end_if_interrupted(end.error());
    if (end.has_error()) return name + ": " + end.error().message + "\n";
    std::string out;
    for (std::size_t from = 0; lines > 0 && from < end->output.size(); --lines) {
        const std::size_t to = std::min(end->output.find('\n', from), end->output.size());
        out += end->output.substr(from, to - from) + "\n";
        from = to + 1;
    }
    return out;
}

std::string distribution() {
    const auto text = read_whole("/etc/os-release", 64 * 1024);
    if (text.has_error()) return "distribution: " + text.error().message + "\n";
    constexpr std::string_view key = "PRETTY_NAME=";
    const std::size_t at = text->find(key);
    if (at == std::string::npos) return "distribution: /etc/os-release does not say\n";
    const std::size_t from = at + key.size();
    return "distribution: " + text->substr(from, text->find('\n', from) - from) + "\n";
}

std::string kernel() {
    utsname name{};
    if (::uname(&name) != 0) return "kernel: not known\n";
    return std::string("kernel: ") + name.sysname + " " + name.release + " " + name.machine + "\n";
}

RedactedNames own_names() {
    RedactedNames names;
    if (const passwd* const self = ::getpwuid(::getuid())) {
        names.user = self->pw_name;
        names.home = self->pw_dir;
    }
    utsname name{};
    if (::uname(&name) == 0) names.host = name.nodename;
    names.host.resize(std::min(names.host.find('.'), names.host.size()));
    return names;
}

/// The body, or what stood against it.
std::string body_of(const Context& context, const std::string& target) {
    const auto response = context.client.request("GET", target);
    return response.has_error() ? response.error().message : response->body;
}

std::string log_of(const Context& context) {
    const auto response = context.client.request("GET", "/v1/log");
    if (response.has_error()) return response.error().message;
    const auto report = control::parse_log_report(response->body);
    if (report.has_error()) return "the agent's answer makes no sense: " + report.error().message;
    std::string out;
    if (report->forgotten > 0) out += std::to_string(report->forgotten) + " earlier lines are not kept\n";
    for (const std::string& line : report->lines) out += line + "\n";
    return out;
}

std::string settings_text() {
    const auto text = read_whole(kSettingsFile, kSettingsLimit);
    if (text.has_error()) return text.error().message;
    const std::string bare = bare_settings(*text);
    return std::string("of ") + kSettingsFile + "; every other key is at its default\n" + bare;
}

std::string gather(const Context& context, WallTime at) {
    BugReport report;
    report.made_at = reach::sigv4_stamp(at);
    RedactedNames names = own_names();
    const std::string snapshot = body_of(context, "/v1/status");
    std::string agent = "not known";
    if (const auto parsed = control::parse_snapshot(snapshot); parsed.has_value()) {
        agent = parsed->agent.version;
        names.persons = persons_in(*parsed);
    }
    report.versions = "memdbctl " MEMDB_VERSION "\nmemdbd " + agent + "\n" + said_by("openvpn", "--version", 2) +
                      kernel() + distribution() + said_by("systemctl", "--version", 1);
    report.settings = settings_text();
    report.snapshot = pretty_json(snapshot);
    report.history = pretty_json(body_of(context, "/v1/history"));
    if (report.history.size() > kHistoryLimit) report.history.resize(kHistoryLimit);
    report.log = log_of(context);
    return report_text(report, names);
}

/// Through the user's own pager, which may be a command line; as it stands where there is none.
void show(const std::string& text) {
    const char* pager = std::getenv("PAGER");
    const std::string command = pager != nullptr && *pager != '\0' ? pager : find_program("less");
    FILE* const to = command.empty() ? nullptr : ::popen(command.c_str(), "w");
    if (to == nullptr) return print(text);
    const auto before = ::signal(SIGPIPE, SIG_IGN);  // a pager may be left before its end
    std::fwrite(text.data(), 1, text.size(), to);
    ::pclose(to);
    ::signal(SIGPIPE, before);
}

/// Whole or not at all, and never over something else.
Outcome<void> write_report(const std::string& path, const std::string& text) {
    const std::string fresh = path + ".part" + std::to_string(::getpid());
    auto written = write_new(fresh, text, 0600);
    if (written.has_error()) return written;
    const int linked = ::link(fresh.c_str(), path.c_str());
    const int error = errno;
    ::unlink(fresh.c_str());
    if (linked == 0) return boost::system::in_place_value;
    if (error == EEXIST) return Problem{Exit::failed, path + ": exists already; choose another name with --output"};
    return Problem{Exit::failed, system_failure(path, error).message};
}

}  // namespace

int run_bugreport(Context& context) {
    const bool ask = !context.arguments.yes && context.arguments.output != "-";
    if (ask && (!context.terminal.out_is_one || !context.terminal.in_is_one))
        return complain(context, {Exit::usage,
                                  "a report is shown before it is written, and there is no terminal: --yes writes it "
                                  "unseen, --output - prints it"});
    const WallTime at = wall_now();
    const std::string text = gather(context, at);
    if (context.arguments.output == "-") {
        print(text);
        return 0;
    }
    const std::string path = context.arguments.output.empty() ? "memdbctl-bugreport-" + reach::sigv4_stamp(at) + ".txt"
                                                              : context.arguments.output;
    if (ask) {
        show(text);
        if (!confirmed("Write this to " + clean(path, !context.terminal.out.utf8) + "?"))
            return complain(context, {Exit::failed, "nothing was written"});
    }
    const auto written = write_report(path, text);
    if (written.has_error()) return complain(context, written.error());
    print(clean(path, !context.terminal.out.utf8) + "\n");
    return 0;
}

}  // namespace memdb::client
