#include "host/machine_files.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/timex.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string_view>

namespace memdb::host {

std::string tun_trouble() {
    const int tun = ::open("/dev/net/tun", O_RDWR | O_CLOEXEC);  // alone it makes no device
    if (tun < 0) return std::strerror(errno);
    unsigned features = 0;
    const int failed = ::ioctl(tun, TUNGETFEATURES, &features) == 0 ? 0 : errno;
    ::close(tun);
    return failed == 0 ? std::string() : "it is no tun device (" + std::string(std::strerror(failed)) + ")";
}

std::optional<bool> has_net_admin() {
    constexpr std::string_view key = "CapEff:\t";
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (!line.starts_with(key)) continue;
        std::uint64_t mask = 0;
        const auto read = std::from_chars(line.data() + key.size(), line.data() + line.size(), mask, 16);
        if (read.ec != std::errc{}) return std::nullopt;
        return (mask >> CAP_NET_ADMIN & 1) != 0;
    }
    return std::nullopt;
}

std::optional<bool> clock_is_synchronised() {
    timex kernel{};
    const int state = ::adjtimex(&kernel);
    if (state < 0) return std::nullopt;
    return state != TIME_ERROR;
}

}  // namespace memdb::host
