#include "client/child_process.hpp"

#include "base/clock.hpp"
#include "base/error.hpp"
#include "client/descriptor.hpp"
#include "client/text.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string_view>

extern char** environ;

namespace memdb::client {
namespace {

constexpr Duration kStopGrace = 1s;      ///< between SIGTERM and SIGKILL: easy-rsa removes its temporary files
constexpr Duration kDrainGrace = 200ms;  ///< after its end, while something it left behind holds its output open

bool is_ignored(int number) {
    struct sigaction now {};
    return ::sigaction(number, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

/// While it lives, SIGINT and the like come out of a descriptor, and a closed pipe is an error code.
class SignalGuard {
  public:
    SignalGuard() {
        sigset_t caught;
        sigemptyset(&caught);
        for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT})
            if (!is_ignored(number)) sigaddset(&caught, number);  // nohup: what is blocked would come all the same
        pthread_sigmask(SIG_BLOCK, &caught, &before_);
        signals_ = Descriptor(::signalfd(-1, &caught, SFD_NONBLOCK | SFD_CLOEXEC));
        struct sigaction ignore {};
        ignore.sa_handler = SIG_IGN;
        ::sigaction(SIGPIPE, &ignore, &pipe_before_);
    }
    SignalGuard(const SignalGuard&) = delete;
    SignalGuard& operator=(const SignalGuard&) = delete;
    ~SignalGuard() {
        ::sigaction(SIGPIPE, &pipe_before_, nullptr);
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    [[nodiscard]] int fd() const { return signals_.fd(); }
    [[nodiscard]] const sigset_t& before() const { return before_; }
    /// The one that came; 0: none.
    [[nodiscard]] int came() const {
        signalfd_siginfo info{};
        return ::read(signals_.fd(), &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo) : 0;
    }

  private:
    Descriptor signals_;
    sigset_t before_{};
    struct sigaction pipe_before_ {};
};

struct Pipe {
    Descriptor read, write;
    bool make() {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
        read = Descriptor(ends[0]);
        write = Descriptor(ends[1]);
        return true;
    }
};

std::vector<char*> pointers(std::vector<std::string>& words) {
    std::vector<char*> out;
    out.reserve(words.size() + 1);
    for (auto& word : words) out.push_back(word.data());
    out.push_back(nullptr);
    return out;
}

struct SpawnSettings {
    posix_spawn_file_actions_t files{};
    posix_spawnattr_t attributes{};
    SpawnSettings() {
        posix_spawn_file_actions_init(&files);
        posix_spawnattr_init(&attributes);
    }
    SpawnSettings(const SpawnSettings&) = delete;
    SpawnSettings& operator=(const SpawnSettings&) = delete;
    ~SpawnSettings() {
        posix_spawnattr_destroy(&attributes);
        posix_spawn_file_actions_destroy(&files);
    }
};

class Child {
  public:
    explicit Child(const ChildCommand& command) : command_(command) {}
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() {
        if (pid_ > 0) (void)stop();
    }

    /// 0 or an errno.
    int start();
    Outcome<ChildEnd> run();

  private:
    enum class Fate : std::uint8_t { running, ended, late, interrupted, too_much };

    Fate turn(TimePoint until);
    void feed();
    Fate take(Descriptor& from, bool is_output);
    int stop();
    int reap();

    const ChildCommand& command_;
    SignalGuard signals_;
    int signal_ = 0;  ///< that interrupted it
    Descriptor in_, out_, err_, process_;
    pid_t pid_ = -1;
    std::size_t fed_ = 0;
    bool exited_ = false;
    ChildEnd end_;
};

int Child::start() {
    Pipe in, out, err;
    if (!in.make() || !out.make() || !err.make()) return errno;
    SpawnSettings settings;
    posix_spawn_file_actions_adddup2(&settings.files, in.read.fd(), 0);
    posix_spawn_file_actions_adddup2(&settings.files, out.write.fd(), 1);
    posix_spawn_file_actions_adddup2(&settings.files, err.write.fd(), 2);
    posix_spawn_file_actions_addclosefrom_np(&settings.files, 3);
    posix_spawn_file_actions_addchdir_np(&settings.files, "/");
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigdefault(&settings.attributes, &defaults);
    posix_spawnattr_setsigmask(&settings.attributes, &signals_.before());
    posix_spawnattr_setflags(&settings.attributes,
                             static_cast<short>(POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK));
    std::vector<std::string> argv = command_.argv, environment = command_.environment;
    const int error = ::posix_spawn(&pid_, argv.front().c_str(), &settings.files, &settings.attributes,
                                    pointers(argv).data(), pointers(environment).data());
    if (error != 0) {
        pid_ = -1;
        return error;
    }
    process_ = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    if (!process_.open()) return errno;
    in_ = std::move(in.write);
    out_ = std::move(out.read);
    err_ = std::move(err.read);
    for (const int fd : {in_.fd(), out_.fd(), err_.fd()}) (void)::fcntl(fd, F_SETFL, O_NONBLOCK);
    if (command_.input.empty()) in_.close();
    return 0;
}

void Child::feed() {
    const std::string_view left = std::string_view(command_.input).substr(fed_);
    const ssize_t size = ::write(in_.fd(), left.data(), left.size());
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size > 0) fed_ += static_cast<std::size_t>(size);
    if (size <= 0 || fed_ == command_.input.size()) in_.close();  // a child that reads no more is no failure here
}

Child::Fate Child::take(Descriptor& from, bool is_output) {
    std::array<char, 16384> bytes;
    const ssize_t size = ::read(from.fd(), bytes.data(), bytes.size());
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return Fate::running;
    if (size <= 0) {
        from.close();
        return Fate::running;
    }
    std::string& to = is_output ? end_.output : end_.complaints;
    to.append(bytes.data(), static_cast<std::size_t>(size));
    if (is_output && to.size() > command_.output_limit) return Fate::too_much;
    if (!is_output && to.size() > kComplaintLimit) to.erase(0, to.size() - kComplaintLimit);
    return Fate::running;
}

/// Waits once, and does what there is to do.
Child::Fate Child::turn(TimePoint until) {
    // poll() skips negative descriptors: the closed ones, and the process once it has ended.
    std::array<pollfd, 5> waits{{{signals_.fd(), POLLIN, 0},
                                 {in_.fd(), POLLOUT, 0},
                                 {out_.fd(), POLLIN, 0},
                                 {err_.fd(), POLLIN, 0},
                                 {exited_ ? -1 : process_.fd(), POLLIN, 0}}};
    const auto left = std::clamp<std::int64_t>((until - now()).count(), 0, 3'600'000);
    if (::poll(waits.data(), waits.size(), static_cast<int>(left)) < 0) return Fate::running;
    if (waits[0].revents != 0 && (signal_ = signals_.came()) != 0) return Fate::interrupted;
    if (waits[1].revents != 0) feed();
    if (waits[2].revents != 0)
        if (const Fate fate = take(out_, true); fate != Fate::running) return fate;
    if (waits[3].revents != 0) (void)take(err_, false);
    if (waits[4].revents != 0) exited_ = true;
    if (exited_ && !out_.open() && !err_.open()) return Fate::ended;
    if (now() < until) return Fate::running;
    return exited_ ? Fate::ended : Fate::late;
}

int Child::reap() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// Ends the whole group. Until it is reaped its number cannot be anybody else's.
int Child::stop() {
    ::kill(-pid_, SIGTERM);
    pollfd wait{process_.fd(), POLLIN, 0};
    if (process_.open()) (void)::poll(&wait, 1, static_cast<int>(kStopGrace.count()));
    ::kill(-pid_, SIGKILL);
    return reap();
}

Outcome<ChildEnd> Child::run() {
    TimePoint until = now() + command_.limit;
    const std::string name = command_.argv.front().substr(command_.argv.front().rfind('/') + 1);
    for (;;) {
        const bool before = exited_;
        switch (turn(until)) {
            case Fate::running: break;
            case Fate::ended: end_.status = reap(); return std::move(end_);
            case Fate::late:
                (void)stop();
                return Problem{Exit::timed_out,
                               name + " did not end within " + duration_text(command_.limit) + " and was stopped"};
            case Fate::interrupted:
                (void)stop();
                return Problem{Exit::failed, "interrupted; " + name + " was stopped", signal_};
            case Fate::too_much:
                (void)stop();
                return Problem{Exit::failed, name + " wrote more than " + std::to_string(command_.output_limit / 1024) +
                                                 " KiB and was stopped"};
        }
        if (exited_ && !before) until = std::min(until, now() + kDrainGrace);
    }
}

}  // namespace

Outcome<ChildEnd> run_child(const ChildCommand& command) {
    Child child(command);
    if (const int error = child.start(); error != 0)
        return Problem{Exit::failed, system_failure("running " + command.argv.front(), error).message};
    return child.run();
}

void end_if_interrupted(const Problem& problem) {
    if (problem.signal == 0) return;
    (void)std::fflush(stdout);
    ::signal(problem.signal, SIG_DFL);
    ::raise(problem.signal);
}

std::string last_line(std::string_view text) {
    const auto end = text.find_last_not_of(" \t\r\n");
    if (end == std::string_view::npos) return {};
    text = text.substr(0, end + 1);
    const auto begin = text.find_last_of("\r\n");
    if (begin != std::string_view::npos) text.remove_prefix(begin + 1);
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    return clean(text.substr(0, 300), false);
}

std::string child_failure(std::string_view name, const ChildEnd& end) {
    std::string said = last_line(end.complaints);
    if (said.empty()) said = last_line(end.output);
    if (said.empty())
        said = end.status > 128 ? "killed by signal " + std::to_string(end.status - 128)
                                : "exit code " + std::to_string(end.status);
    return std::string(name) + ": " + said;
}

std::vector<std::string> own_environment() {
    std::vector<std::string> out;
    for (char** at = environ; at != nullptr && *at != nullptr; ++at) out.emplace_back(*at);
    return out;
}

std::string find_program(const std::string& name) {
    const char* path = std::getenv("PATH");
    std::string_view left = path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path;
    while (!left.empty()) {
        const auto end = std::min(left.find(':'), left.size());
        std::string candidate = std::string(left.substr(0, end)) + "/" + name;
        left.remove_prefix(std::min(end + 1, left.size()));
        struct stat about {};
        if (candidate.front() == '/' && candidate != "/" + name && ::stat(candidate.c_str(), &about) == 0 &&
            S_ISREG(about.st_mode) && ::access(candidate.c_str(), X_OK) == 0)
            return candidate;
    }
    return {};
}

}  // namespace memdb::client
