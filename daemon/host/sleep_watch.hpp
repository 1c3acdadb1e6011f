// logind's word on sleep: the signal PrepareForSleep, and the delay inhibitor that gives us time before it.
//
// Decides nothing: when to release and take the inhibitor is sleep_machine's. Without logind, or without a bus, it is
// silent; with one that comes (back) it takes the inhibitor again. Source: org.freedesktop.login1(5), facts G.3.
#pragma once

#include "host/bus_link.hpp"

#include <functional>
#include <memory>

namespace memdb::host {

class SleepWatch {
  public:
    /// @param prepare  PrepareForSleep: true before a sleep, false after it. From the loop, never from inside a member
    ///                 function, not after the watch is gone. `bus` must outlive the watch.
    SleepWatch(BusLink& bus, std::function<void(bool sleeping)> prepare);
    ~SleepWatch();  ///< releases
    SleepWatch(const SleepWatch&) = delete;
    SleepWatch& operator=(const SleepWatch&) = delete;

    void take();     ///< Wants the inhibitor from now on. Idempotent.
    void release();  ///< Lets the machine sleep: closes the only descriptor of it (it is CLOEXEC). Idempotent.

    [[nodiscard]] bool holds() const noexcept;

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace memdb::host
