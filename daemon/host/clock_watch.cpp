#include "host/clock_watch.hpp"

#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <limits>
#include <utility>

namespace memdb::host {

ClockWatch::ClockWatch(boost::asio::io_context& io, int fd, std::function<void()> on_set)
    : timer_(io, fd), on_set_(std::move(on_set)) {}

ClockWatch::~ClockWatch() = default;  // closes the descriptor: its wait ends with an error and touches nothing

Result<std::unique_ptr<ClockWatch>> ClockWatch::open(boost::asio::io_context& io, std::function<void()> on_set) {
    const int fd = ::timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (fd < 0) return system_failure("a timer on the wall clock", errno);
    std::unique_ptr<ClockWatch> watch(new ClockWatch(io, fd, std::move(on_set)));
    if (!watch->arm()) return system_failure("a timer that is cancelled when the clock is set", errno);
    watch->wait();
    return watch;
}

bool ClockWatch::arm() {
    itimerspec far{};
    far.it_value.tv_sec = std::numeric_limits<std::time_t>::max();  // as systemd does; the kernel takes it for never
    return ::timerfd_settime(timer_.native_handle(), TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &far, nullptr) == 0;
}

void ClockWatch::wait() {
    timer_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code& error) {
        if (error) return;
        std::uint64_t expired = 0;
        // ECANCELED is the news; EAGAIN would be a wake-up for nothing.
        if (::read(timer_.native_handle(), &expired, sizeof expired) < 0 && errno == EAGAIN) return wait();
        if (!arm()) return;
        wait();
        on_set_();
    });
}

}  // namespace memdb::host
