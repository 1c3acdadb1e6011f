// Sleep of this machine at work: asks sleep_machine, and does what it says with logind and with whoever sleeps along.
#pragma once

#include "host/bus_link.hpp"
#include "host/clock_watch.hpp"
#include "host/sleep_machine.hpp"
#include "host/sleep_watch.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <optional>

namespace memdb::app {

class SleepAgent {
  public:
    /// Called from the loop, or from inside look(). May not call the agent.
    struct Handlers {
        std::function<void()> park;                ///< the machine is about to sleep: rest
        std::function<void(Duration slept)> woke;  ///< it is awake; 0: it did not sleep after all
        std::function<void()> clock_set;           ///< look at the wall clock: it may have been set
        std::function<Duration()> slept_so_far{};  ///< since the machine started; empty: the kernel's clocks
    };

    /// `io` and `bus` must outlive the agent. Watches from here on, and takes logind's inhibitor when there is one.
    SleepAgent(boost::asio::io_context& io, host::BusLink& bus, Handlers handlers);
    ~SleepAgent();
    SleepAgent(const SleepAgent&) = delete;
    SleepAgent& operator=(const SleepAgent&) = delete;

    /// Compares the clocks, some 100 ns: call it before anything is concluded from silence. Calls woke() when the
    /// machine has slept.
    void look();

    [[nodiscard]] bool is_parked() const noexcept { return state_.parked; }

  private:
    void handle(host::SleepEvent event);
    void arm();
    void tell(const host::SleepStep& step, host::SleepEvent event) const;

    Handlers handlers_;
    host::SleepState state_;
    host::SleepWatch logind_;
    std::unique_ptr<host::ClockWatch> clock_;
    boost::asio::steady_timer timer_;
    bool handling_ = false;
};

}  // namespace memdb::app
