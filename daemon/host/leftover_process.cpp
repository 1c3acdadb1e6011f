#include "host/leftover_process.hpp"

#include "base/atomic_files.hpp"
#include "base/clock.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <ctime>
#include <optional>
#include <string_view>

namespace memdb::host {
namespace {

constexpr std::string_view kDeleted = " (deleted)";
constexpr std::size_t kStatLimit = 4096;
constexpr int kStartTimeField = 22;  // proc(5), counted from 1; the name in field 2 may hold anything, ")" too

class Pidfd {
  public:
    explicit Pidfd(int pid) : descriptor_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}
    ~Pidfd() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    Pidfd(const Pidfd&) = delete;
    Pidfd& operator=(const Pidfd&) = delete;

    [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }

    /// 0, or an errno; ESRCH when it has ended.
    [[nodiscard]] int signal(int number) const {
        return ::syscall(SYS_pidfd_send_signal, descriptor_, number, nullptr, 0) == 0 ? 0 : errno;
    }

    [[nodiscard]] bool ends_within(Duration limit) const {
        const TimePoint until = now() + limit;
        for (;;) {
            pollfd waiting{descriptor_, POLLIN, 0};
            const Duration left = std::max(until - now(), Duration::zero());
            const int ready = ::poll(&waiting, 1, static_cast<int>(left.count()));
            if (ready > 0) return true;
            if (ready == 0 || errno != EINTR) return false;
        }
    }

  private:
    int descriptor_;
};

Failure no_process(int pid) { return {Errc::not_found, fmt::format("there is no process {}", pid)}; }

/// Field `number` from 3 on of /proc/PID/stat; empty when there are fewer.
std::string_view stat_field(std::string_view stat, int number) {
    const auto name_end = stat.rfind(')');
    if (name_end == std::string_view::npos) return {};
    stat.remove_prefix(name_end + 1);
    for (int field = 3;; ++field) {
        stat.remove_prefix(std::min(stat.find_first_not_of(' '), stat.size()));
        const std::string_view text = stat.substr(0, stat.find_first_of(" \n"));
        if (field == number || text.empty()) return text;
        stat.remove_prefix(text.size());
    }
}

Result<std::string> exe_of(int pid) {
    std::array<char, 4096> text{};
    const std::string path = fmt::format("/proc/{}/exe", pid);
    const ssize_t size = ::readlink(path.c_str(), text.data(), text.size());
    if (size < 0 && (errno == ENOENT || errno == ESRCH)) return no_process(pid);
    if (size < 0) return system_failure("cannot read " + path, errno);
    std::string exe(text.data(), static_cast<std::size_t>(size));
    if (exe.ends_with(kDeleted)) exe.resize(exe.size() - kDeleted.size());  // upgraded while it runs
    return exe;
}

}  // namespace

Result<std::uint64_t> process_start_time(int pid) {
    const std::string path = fmt::format("/proc/{}/stat", pid);
    auto stat = read_file(path, kStatLimit);
    if (!stat)
        stat = read_file(path, kStatLimit);  // of one that ended between open and read the first fails with ESRCH
    if (!stat && stat.error().code == Errc::not_found) return no_process(pid);
    if (!stat) return stat.error();
    const std::string_view state = stat_field(*stat, 3);
    if (state.empty() || state == "Z" || state == "X") return no_process(pid);
    const std::string_view digits = stat_field(*stat, kStartTimeField);
    std::uint64_t ticks = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), ticks);
    if (error != std::errc() || end != digits.data() + digits.size())
        return Failure{Errc::io, path + " has no start time"};
    return ticks;
}

Result<ProcessMark> mark_of(int pid) {
    const auto start_time = process_start_time(pid);
    if (!start_time) return start_time.error();
    auto exe = exe_of(pid);
    if (!exe) return exe.error();
    return ProcessMark{pid, *start_time, *std::move(exe)};
}

Result<bool> lives(const ProcessMark& mark) {
    const auto found = process_start_time(mark.pid);
    if (!found && found.error().code == Errc::not_found) return false;
    if (!found) return found.error();
    if (*found != mark.start_time) return false;  // before its program, which may be none of ours to read
    const auto exe = exe_of(mark.pid);
    if (!exe && exe.error().code == Errc::not_found) return false;
    if (!exe) return exe.error();
    return *exe == mark.exe;
}

Result<bool> end_process(const ProcessMark& mark, Duration grace) {
    const Pidfd process(mark.pid);
    if (!process.is_open() && errno == ESRCH) return false;
    if (!process.is_open()) return system_failure("pidfd_open", errno);
    // Looked at after opening: from here on the descriptor is this process, whatever becomes of the pid.
    const auto same = lives(mark);
    if (!same) return same.error();
    if (!*same) return false;

    const std::string doing = fmt::format("ending the process {}", mark.pid);
    for (const int number : {SIGTERM, SIGKILL}) {
        const int error = process.signal(number);
        if (error == ESRCH) return true;
        if (error != 0) {
            Failure failure = system_failure(doing, error);
            if (error == EPERM) failure.code = Errc::not_permitted;
            return failure;
        }
        (void)process.signal(SIGCONT);  // a stopped one would take SIGTERM only when it goes on
        if (process.ends_within(grace)) return true;
    }
    return Failure{Errc::deadline_passed, doing + ": it has not ended, not even by SIGKILL"};
}

std::string boot_id() {
    const auto text = read_file("/proc/sys/kernel/random/boot_id", 64);
    if (!text) return {};  // hidden: unknown, and treated so
    return text->substr(0, text->find('\n'));
}

std::uint64_t ticks_since_boot() {
    timespec ts{};
    (void)::clock_gettime(CLOCK_BOOTTIME, &ts);  // cannot fail on Linux
    const auto per_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
    return static_cast<std::uint64_t>(ts.tv_sec) * per_second +
           static_cast<std::uint64_t>(ts.tv_nsec) * per_second / 1'000'000'000;
}

}  // namespace memdb::host
