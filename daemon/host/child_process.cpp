#include "host/child_process.hpp"

#include "base/line_splitter.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

namespace memdb::host {
namespace {

using boost::asio::posix::stream_descriptor;
using boost::system::error_code;

/// posix_spawn's two objects, freed at the end. It uses vfork: no copy of our memory, and exec's error comes back.
struct SpawnPlan {
    SpawnPlan() {
        posix_spawn_file_actions_init(&actions);
        posix_spawnattr_init(&attributes);
    }
    ~SpawnPlan() {
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
    }
    SpawnPlan(const SpawnPlan&) = delete;
    SpawnPlan& operator=(const SpawnPlan&) = delete;

    posix_spawn_file_actions_t actions{};
    posix_spawnattr_t attributes{};
};

/// A child inherits the ambient capabilities of the thread that starts it: they are put down meanwhile, and taken up
/// again (capabilities(7): what is permitted and inheritable may be raised).
class Unburdened {
  public:
    explicit Unburdened(bool wanted)
        : lowered_(wanted && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_NET_ADMIN, 0, 0) == 1) {
        if (lowered_) prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, CAP_NET_ADMIN, 0, 0);
    }
    ~Unburdened() {
        if (lowered_) prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_ADMIN, 0, 0);
    }
    Unburdened(const Unburdened&) = delete;
    Unburdened& operator=(const Unburdened&) = delete;

  private:
    bool lowered_;
};

int start(const std::vector<std::string>& argv, ChildProcess::Heritage heritage, int output, pid_t& pid) {
    const Unburdened unburdened(!heritage.keeps_capabilities);
    const int input = heritage.input;
    SpawnPlan plan;
    if (input < 0)
        posix_spawn_file_actions_addopen(&plan.actions, 0, "/dev/null", O_RDONLY, 0);
    else
        posix_spawn_file_actions_adddup2(&plan.actions, input, 0);
    posix_spawn_file_actions_adddup2(&plan.actions, output, 1);
    posix_spawn_file_actions_adddup2(&plan.actions, output, 2);
    posix_spawn_file_actions_addclosefrom_np(&plan.actions, 3);

    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&plan.attributes, &none);
    posix_spawnattr_setsigdefault(&plan.attributes, &all);
    posix_spawnattr_setpgroup(&plan.attributes, 0);
    posix_spawnattr_setflags(&plan.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);

    // Nothing of ours: NOTIFY_SOCKET and WATCHDOG_* would let a child speak for memdbd (facts B.4). Messages in
    // English.
    std::string locale = "LC_ALL=C";
    std::array<char*, 2> environment = {locale.data(), nullptr};
    std::vector<std::string> words = argv;
    std::vector<char*> pointers;
    pointers.reserve(words.size() + 1);
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    return posix_spawn(&pid, words.front().c_str(), &plan.actions, &plan.attributes, pointers.data(),
                       environment.data());
}

std::string status_text(const siginfo_t& info) {
    if (info.si_code == CLD_EXITED) return "status " + std::to_string(info.si_status);
    return "signal " + std::to_string(info.si_status);
}

}  // namespace

struct ChildProcess::Impl : std::enable_shared_from_this<Impl> {
    Impl(boost::asio::io_context& io, int pidfd_, Handlers h) : pidfd(io, pidfd_), output(io), handlers(std::move(h)) {}

    void watch() {
        auto self = shared_from_this();
        pidfd.async_wait(stream_descriptor::wait_read, [self](const error_code&) { self->reap(); });
    }

    void read() {
        auto self = shared_from_this();
        output.async_wait(stream_descriptor::wait_read, [self](const error_code& error) {
            if (error || self->ended) return;
            if (self->drain()) self->read();
        });
    }

    /// Takes what is there, at most 64 KiB a turn. False at the end of the output.
    bool drain() {
        for (int turn = 0; turn < 8; ++turn) {
            std::array<char, 8192> buffer;
            const ssize_t n = ::read(output.native_handle(), buffer.data(), buffer.size());
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return errno == EAGAIN;
            if (n == 0) return false;
            for (const SplitLine& line : lines.feed({buffer.data(), static_cast<std::size_t>(n)}))
                if (!line.too_long && handlers.printed) handlers.printed(line.text);
        }
        return true;
    }

    void reap() {
        siginfo_t info{};
        const int failed = waitid(P_PIDFD, static_cast<id_t>(pidfd.native_handle()), &info, WEXITED | WNOHANG);
        if (failed != 0 && errno == ECHILD && !is_readable()) return watch();  // not ours to wait for
        if (failed == 0 && info.si_pid == 0) return watch();                   // woken too early
        ended = true;
        if (output.is_open()) (void)drain();  // its last words come before its end
        error_code ignored;
        output.close(ignored);
        pidfd.close(ignored);
        if (handlers.exited) handlers.exited(failed == 0 ? status_text(info) : "unknown status");
        handlers = {};
    }

    [[nodiscard]] bool is_readable() {
        pollfd ended_already{pidfd.native_handle(), POLLIN, 0};
        return ::poll(&ended_already, 1, 0) > 0;
    }

    stream_descriptor pidfd, output;
    Handlers handlers;
    LineSplitter lines{kLineLimit};
    bool ended = false;
};

ChildProcess::ChildProcess(boost::asio::io_context& io) : io_(io) {}

ChildProcess::~ChildProcess() { abandon(); }

Result<int> ChildProcess::spawn(const std::vector<std::string>& argv, Handlers handlers, Heritage heritage) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return system_failure("pipe for the output of " + argv.front(), errno);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    pid_t pid = 0;
    const int error = start(argv, heritage, ends[1], pid);
    ::close(ends[1]);
    if (error != 0) {
        ::close(ends[0]);
        Failure failure = system_failure("starting " + argv.front(), error);
        if (error == ENOENT || error == ENOTDIR) failure.code = Errc::not_found;
        if (error == EACCES || error == ENOEXEC) failure.code = Errc::not_permitted;
        return failure;
    }
    // It stays a zombie until reap() has waited for it, so the pid is still its own.
    const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    if (pidfd < 0) {
        const int reason = errno;
        kill(pid, SIGKILL);
        waitpid(pid, nullptr, 0);
        ::close(ends[0]);
        return system_failure("watching " + argv.front() + " (pidfd_open)", reason);
    }
    impl_ = std::make_shared<Impl>(io_, pidfd, std::move(handlers));
    impl_->output.assign(ends[0]);
    impl_->watch();
    impl_->read();
    return static_cast<int>(pid);
}

Result<void> ChildProcess::adopt(const ProcessMark& mark, Handlers handlers) {
    const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, mark.pid, 0));
    if (pidfd < 0 && errno != ESRCH) return system_failure("pidfd_open", errno);
    // Looked at after opening: from here on the descriptor is this process, whatever becomes of the pid.
    const Result<bool> same = pidfd < 0 ? Result<bool>(false) : lives(mark);
    if (same.has_error() || !*same) {
        if (pidfd >= 0) ::close(pidfd);
        if (same.has_error()) return same.error();
        return Failure{Errc::not_found, "the process " + std::to_string(mark.pid) + " is not the one that was left"};
    }
    impl_ = std::make_shared<Impl>(io_, pidfd, std::move(handlers));
    impl_->watch();
    return {};
}

void ChildProcess::terminate(bool force) noexcept {
    if (!impl_ || impl_->ended) return;
    // By pidfd: never somebody else's process. ESRCH means that its end is on its way to us.
    (void)syscall(SYS_pidfd_send_signal, impl_->pidfd.native_handle(), force ? SIGKILL : SIGTERM, nullptr, 0);
}

void ChildProcess::abandon() noexcept {
    if (impl_) impl_->handlers = {};
    impl_.reset();
}

}  // namespace memdb::host
