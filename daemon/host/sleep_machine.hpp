// When the agent parks for a sleep of the machine, and when it is awake again. Pure: (state, event, now, asleep) ->
// (state, actions).
//
// Two detectors tell of a sleep: logind's PrepareForSleep, and the clocks (CLOCK_BOOTTIME goes on, CLOCK_MONOTONIC does
// not). Each may be missing, late or alone; one sleep is one wake. What a wake means for a tunnel is
// health/wake_machine.
#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace memdb::host {

enum class SleepEvent : std::uint8_t {
    announced,        ///< PrepareForSleep(true)
    returned,         ///< PrepareForSleep(false)
    looked,           ///< at the clocks: whoever is awake may look
    deadline_passed,  ///< of the state
};
inline constexpr SleepEvent kSleepEvents[] = {SleepEvent::announced, SleepEvent::returned, SleepEvent::looked,
                                              SleepEvent::deadline_passed};

enum class SleepAction : std::uint8_t {
    park,               ///< nothing of ours runs by itself any more
    resume,             ///< awake: SleepStep::slept says after how long
    release_inhibitor,  ///< after park
    take_inhibitor,     ///< for the next sleep; does nothing when it is held
};

struct SleepState {
    bool parked = false;
    Duration asleep{};                  ///< what this machine has slept since it started, as far as it was acted on
    std::optional<TimePoint> deadline;  ///< of parking: an announced sleep that does not come
    std::optional<TimePoint> woke_at;   ///< the last resume after a sleep
    bool operator==(const SleepState&) const = default;
};

struct SleepStep {
    SleepState state;
    std::vector<SleepAction> actions;  ///< in order
    Duration slept{};                  ///< with `resume`; 0: not at all, or for less than kMoment
    std::string_view why;              ///< the rule that fired, a literal
};

/// Less is no sleep.
inline constexpr Duration kMoment = 500ms;
/// An announced sleep comes within logind's InhibitDelayMaxSec (5 s) and the time of its hooks; after so long awake it
/// has failed, and nobody said so.
inline constexpr Duration kParkLimit = 30s;
/// An announcement so soon after a wake is the one of that very sleep, delivered late.
inline constexpr Duration kLateAnnouncement = 1s;

/// @param now     monotonic
/// @param asleep  CLOCK_BOOTTIME less CLOCK_MONOTONIC at this moment, exact to some ms
[[nodiscard]] SleepStep step(const SleepState& state, SleepEvent event, TimePoint now, Duration asleep);

std::string_view to_string(SleepEvent event) noexcept;
std::string_view to_string(SleepAction action) noexcept;

}  // namespace memdb::host
