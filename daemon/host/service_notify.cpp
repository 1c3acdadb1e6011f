#include "host/service_notify.hpp"

#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace memdb::host {
namespace {

constexpr std::string_view kControl = "control";  ///< FileDescriptorName= in memdbd.socket

std::string usec(Duration span) {
    return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(span).count());
}

/// What was passed, after sd_listen_fds_with_names(3); its list is ours to free.
PassedDescriptors sort_by_name(int count, char** names) {
    PassedDescriptors passed;
    for (int i = 0; i < count; ++i) {
        const int descriptor = SD_LISTEN_FDS_START + i;
        const std::string name = names != nullptr && names[i] != nullptr ? names[i] : "";
        if (name == kControl && !passed.listening)
            passed.listening = descriptor;
        else if (name == kControl || !passed.stored.emplace(name, descriptor).second)
            ::close(descriptor);
        if (names != nullptr) std::free(names[i]);
    }
    std::free(names);
    return passed;
}

}  // namespace

// No listener is no error: we also run in the foreground.
void notify_ready() { (void)sd_notify(0, "READY=1"); }

void notify_reloading() {
    timespec at{};
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    const auto now =
        static_cast<std::uint64_t>(at.tv_sec) * 1'000'000U + static_cast<std::uint64_t>(at.tv_nsec) / 1'000U;
    (void)sd_notify(0, ("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now)).c_str());
}

void notify_stopping(Duration limit) {
    std::string text = "STOPPING=1";
    if (limit > Duration::zero()) text += "\nEXTEND_TIMEOUT_USEC=" + usec(limit);
    (void)sd_notify(0, text.c_str());
}

void notify_status(const std::string& line) { (void)sd_notify(0, ("STATUS=" + line).c_str()); }

std::optional<Duration> watchdog_limit() {
    std::uint64_t limit = 0;
    if (sd_watchdog_enabled(0, &limit) <= 0) return std::nullopt;
    return std::chrono::duration_cast<Duration>(std::chrono::microseconds(limit));
}

void notify_alive() { (void)sd_notify(0, "WATCHDOG=1"); }

bool is_managed() { return std::getenv("NOTIFY_SOCKET") != nullptr; }

void store_descriptor(const std::string& name, int descriptor) {
    (void)sd_pid_notify_with_fds(0, 0, ("FDSTORE=1\nFDNAME=" + name).c_str(), &descriptor, 1);
}

void forget_descriptor(const std::string& name) { (void)sd_notify(0, ("FDSTOREREMOVE=1\nFDNAME=" + name).c_str()); }

Result<PassedDescriptors> take_passed_descriptors() {
    char** names = nullptr;
    const int count = sd_listen_fds_with_names(1, &names);
    if (count < 0) return system_failure("reading the descriptors that systemd passed", -count);
    PassedDescriptors passed = sort_by_name(count, names);
    if (!passed.listening || sd_is_socket_unix(*passed.listening, SOCK_STREAM, 1, nullptr, 0) > 0) return passed;
    return Failure{Errc::bad_input, "systemd passed something else than a listening unix socket: see memdbd.socket"};
}

}  // namespace memdb::host
