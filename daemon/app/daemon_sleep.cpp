// A sleep of this machine, and a step of its clock, for all profiles.
#include "app/daemon.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "control/api_time.hpp"

#include <fmt/format.h>

namespace memdb::app {
namespace {

constexpr Duration kWorthTelling = 1min;  ///< less is what a clock is corrected by after a while without a network
constexpr Duration kToldFor = 10min;

}  // namespace

void Daemon::watch_sleep() {
    around_.notice_sleep = [this] { sleep_->look(); };
    sleep_ = std::make_unique<SleepAgent>(
        io_, bus_,
        SleepAgent::Handlers{[this] { park(); }, [this](Duration slept) { woke(slept); }, [this] { changed(); }, {}});
}

void Daemon::park() {
    parked_ = true;
    end_visits("this machine goes to sleep");
    for (auto& [name, agent] : agents_) agent->sleep();
    answered_ = true;  // the monotonic clock stands still meanwhile: what was fresh would be so afterwards
    changed();
}

void Daemon::woke(Duration slept) {
    parked_ = false;
    follow_clock(now(), wall_now());  // before anything is proved: what was, is as old as it is
    for (auto& [name, agent] : agents_) agent->woke(slept);
    answered_ = true;  // nobody is shown what was so before
    changed();
}

/// Certificates, tokens and sessions are judged by the wall clock at every look; where it was set, that is all.
void Daemon::follow_clock(TimePoint at, WallTime wall) {
    const Duration step = clock_.adjust(at, wall, slept_since_boot());
    if (step == 0ms) return;
    const std::string by = fmt::format("{} by {} s", step > 0ms ? "forward" : "back", std::chrono::abs(step) / 1s);
    logger("host")->info("the clock was set {}", by);
    if (std::chrono::abs(step) >= kWorthTelling)
        clock_jump_.emplace(at + kToldFor, health::Condition{"clock-jumped", "this machine's clock was set " + by,
                                                             "now " + control::time_text(wall)});
    for (auto& [name, agent] : agents_) agent->clock_stepped(step);
}

}  // namespace memdb::app
