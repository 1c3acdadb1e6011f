// memdbd: arguments, settings, run, exit code. 0 ended as asked, 1 refused to start (a person must act), 2 usage,
// 70 failed unexpectedly, 75 somebody else has the state locked: memdbd.service restarts it then, as after a crash.
#include "app/daemon.hpp"
#include "base/log.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>

namespace {

constexpr int kUnexpected = 70;  // EX_SOFTWARE of sysexits.h
constexpr int kBusy = 75;        // EX_TEMPFAIL

constexpr const char* kExamples = R"(
Examples:
  memdbd --check-config --config memdbd.toml
  memdbd --cleanup --state-dir /var/lib/memdbd
  memdbd --config /etc/memdbd/memdbd.toml --state-dir /var/lib/memdbd --runtime-dir /run/memdbd

Runs in the foreground. SIGHUP reads the settings again; SIGINT ends everything within 5 s, and
so does SIGTERM; under systemd that leaves tunnels that are up to the next memdbd, unless it is a stop.
memdbctl talks to RUNTIME_DIR/memdbd.sock.)";

constexpr rlim_t kMostFiles = 65536;

/// Every node has a connection of its own, and the usual soft limit of 1024 is for programs that use select().
void allow_many_files() {
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
    files.rlim_cur = std::max(files.rlim_cur, std::min(files.rlim_max, kMostFiles));
    (void)setrlimit(RLIMIT_NOFILE, &files);  // refused: the limit stays, and nodes beyond it cannot be asked
}

enum class What { run, check_settings, clean_up, after_stop };

int run(const memdb::app::DaemonOptions& options, What what) {
    if (what == What::check_settings) {
        const auto settings = memdb::app::read_settings(options);
        if (settings.has_value()) return 0;
        std::fprintf(stderr, "memdbd: %s\n", settings.error().message.c_str());
        return 1;
    }
    if (geteuid() == 0) {
        std::fputs(
            "memdbd: does not run as root: start memdbd.service, or see `scripts/lab agent start` for the foreground\n",
            stderr);
        return 1;
    }
    if (what == What::clean_up || what == What::after_stop) {
        const auto done = what == What::clean_up ? memdb::app::clean_up(options) : memdb::app::after_stop(options);
        if (done.has_error()) {
            std::fprintf(stderr, "memdbd: %s\n", done.error().message.c_str());
            return 1;
        }
        for (const std::string& line : *done) std::printf("%s\n", line.c_str());
        if (done->empty() && isatty(STDOUT_FILENO) != 0)
            std::puts("nothing is left over");  // the journal need not know
        return 0;
    }
    (void)umask(0077);
    memdb::app::Daemon daemon(options);
    if (const auto done = daemon.run(); done.has_error()) {
        std::fprintf(stderr, "memdbd: %s\n", done.error().message.c_str());
        return done.error().code == memdb::Errc::busy ? kBusy : 1;
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const rlimit no_core{0, 0};  // a core file would hold keys and passwords, as would a debugger of the same user
    (void)setrlimit(RLIMIT_CORE, &no_core);
    allow_many_files();
    (void)prctl(PR_SET_DUMPABLE, 0);
    CLI::App cli("memdbd: keeps and proves a connection to Amazon MemoryDB", "memdbd");
    memdb::app::DaemonOptions options;
    bool check_only = false, clean_up = false, after_stop = false;
    auto* config = cli.add_option("--config", options.config_file, "settings, TOML")->capture_default_str();
    cli.add_option("--state-dir", options.state_dir, "profiles and keys; owned by the service user")
        ->capture_default_str();
    cli.add_option("--runtime-dir", options.runtime_dir, "control socket; private/ in it for openvpn")
        ->capture_default_str();
    cli.add_flag("--check-config", check_only, "only read the settings and say what is wrong with them");
    cli.add_flag("--cleanup", clean_up, "undo what a crash has left on this host (a process, routes), and end");
    cli.add_flag("--after-stop", after_stop,
                 "for memdbd.service: the same, and ends openvpn, if the unit is being stopped");
    cli.set_version_flag("--version", "memdbd " MEMDB_VERSION);
    cli.footer(kExamples);
    try {
        cli.parse(argc, argv);
        options.config_required = config->count() > 0;
        if (const char* credentials = std::getenv("CREDENTIALS_DIRECTORY")) options.credentials_dir = credentials;
        return run(options, check_only   ? What::check_settings
                            : clean_up   ? What::clean_up
                            : after_stop ? What::after_stop
                                         : What::run);
    } catch (const CLI::Success& success) {  // --help, --version
        return cli.exit(success);
    } catch (const CLI::ParseError& error) {
        std::fprintf(stderr, "memdbd: %s; see memdbd --help\n", error.what());
        return 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "memdbd: [unexpected] %s\n", error.what());
        return kUnexpected;
    }
}
