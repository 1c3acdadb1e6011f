// Tells when the wall clock was set, or the machine came back from a sleep, without looking again and again: the kernel
// cancels a far timer on CLOCK_REALTIME then (timerfd_create(2), TFD_TIMER_CANCEL_ON_SET; on resume since Linux 5.11,
// timerfd_resume). It does not say which of the two it was: compare the clocks.
#pragma once

#include "base/error.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <functional>
#include <memory>

namespace memdb::host {

class ClockWatch {
  public:
    /// @param on_set  called from the loop; not after the watch is gone.
    /// `io` must outlive the watch. Errc::io when the kernel gives no such timer.
    static Result<std::unique_ptr<ClockWatch>> open(boost::asio::io_context& io, std::function<void()> on_set);
    ~ClockWatch();
    ClockWatch(const ClockWatch&) = delete;
    ClockWatch& operator=(const ClockWatch&) = delete;

  private:
    ClockWatch(boost::asio::io_context& io, int fd, std::function<void()> on_set);
    bool arm();
    void wait();

    boost::asio::posix::stream_descriptor timer_;
    std::function<void()> on_set_;
};

}  // namespace memdb::host
