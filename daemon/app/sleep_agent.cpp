#include "app/sleep_agent.hpp"

#include "base/clock.hpp"
#include "base/log.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace memdb::app {
namespace {

std::string length(Duration duration) {
    if (duration < 2min) return fmt::format("{:.1f} s", static_cast<double>(duration.count()) / 1000);
    if (duration < 2h) return fmt::format("{} min", duration / 1min);
    return fmt::format("{} h {} min", duration / 1h, duration % 1h / 1min);
}

}  // namespace

SleepAgent::SleepAgent(boost::asio::io_context& io, host::BusLink& bus, Handlers handlers)
    : handlers_(std::move(handlers)),
      logind_(bus,
              [this](bool sleeping) { handle(sleeping ? host::SleepEvent::announced : host::SleepEvent::returned); }),
      timer_(io) {
    if (!handlers_.slept_so_far) handlers_.slept_so_far = slept_since_boot;
    state_.asleep = handlers_.slept_so_far();
    auto watch = host::ClockWatch::open(io, [this] {
        look();
        handlers_.clock_set();
    });
    if (watch.has_error())
        logger("host")->warn("steps of the clock are noticed late: {}", watch.error().message);
    else
        clock_ = std::move(*watch);
    logind_.take();
}

SleepAgent::~SleepAgent() = default;

void SleepAgent::look() {
    if (!handling_) handle(host::SleepEvent::looked);
}

void SleepAgent::handle(host::SleepEvent event) {
    handling_ = true;
    const host::SleepStep step = host::step(state_, event, now(), handlers_.slept_so_far());
    state_ = step.state;
    tell(step, event);
    for (const host::SleepAction action : step.actions) switch (action) {
            case host::SleepAction::park: handlers_.park(); break;
            case host::SleepAction::resume: handlers_.woke(step.slept); break;
            case host::SleepAction::release_inhibitor: logind_.release(); break;
            case host::SleepAction::take_inhibitor: logind_.take(); break;
        }
    handling_ = false;
    if (event != host::SleepEvent::looked || !step.actions.empty()) arm();
}

void SleepAgent::arm() {
    timer_.cancel();
    if (!state_.deadline) return;
    timer_.expires_at(*state_.deadline);
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) handle(host::SleepEvent::deadline_passed);
    });
}

void SleepAgent::tell(const host::SleepStep& step, host::SleepEvent event) const {
    const auto log = logger("host");
    for (const host::SleepAction action : step.actions) {
        if (action == host::SleepAction::park) log->info("the machine is about to sleep: probes and timers rest");
        if (action != host::SleepAction::resume) continue;
        if (step.slept > 0ms)
            log->info("awake: slept for {} found_by=\"{}\"", length(step.slept), step.why);
        else
            log->info("the machine did not sleep: probes and timers go on why=\"{}\"", step.why);
    }
    if (event != host::SleepEvent::looked) log->debug("sleep: {}: {}", to_string(event), step.why);
}

}  // namespace memdb::app
