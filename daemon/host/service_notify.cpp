#include "host/service_notify.hpp"

#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include <cstdint>

namespace memdb::host {

void notify_ready() { (void)sd_notify(0, "READY=1"); }  // no listener is no error: we also run in the foreground

void notify_reloading() {
    timespec at{};
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    const auto usec =
        static_cast<std::uint64_t>(at.tv_sec) * 1'000'000U + static_cast<std::uint64_t>(at.tv_nsec) / 1'000U;
    (void)sd_notify(0, ("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(usec)).c_str());
}

void notify_stopping() { (void)sd_notify(0, "STOPPING=1"); }

void notify_status(const std::string& line) { (void)sd_notify(0, ("STATUS=" + line).c_str()); }

Result<std::optional<int>> take_listen_socket() {
    const int count = sd_listen_fds(1);
    if (count < 0) return system_failure("reading the sockets that systemd passed", -count);
    if (count == 0) return std::optional<int>{};
    const int fd = SD_LISTEN_FDS_START;
    if (count > 1 || sd_is_socket_unix(fd, SOCK_STREAM, 1, nullptr, 0) <= 0)
        return Failure{Errc::bad_input,
                       "systemd passed something else than one listening unix socket: see memdbd.socket"};
    return std::optional<int>{fd};
}

}  // namespace memdb::host
