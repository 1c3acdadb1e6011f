// When the doctor may try a profile's certificate with an openvpn of its own.
//
// An endpoint may drop the older of two sessions of one certificate: the agent's own attempt goes first, a trial that
// it would meet is called off, and what it comes to is as good as a trial's result.
#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <string_view>

namespace memdb::doctor {

/// As the doctor sees it at one moment.
struct TrialMoment {
    std::string_view phase;        ///< of the agent's tunnel, as the Snapshot has it
    bool has_findings = false;     ///< the agent has something to say of the profile
    bool is_running = false;       ///< a trial is on its way
    bool agent_attempted = false;  ///< the agent has been seen to try since the doctor began
    Duration elapsed{};            ///< since then
    Duration limit{};              ///< for all of it
};

enum class TrialStep : std::uint8_t {
    wait,      ///< look again soon
    begin,     ///< start the trial
    call_off,  ///< end the trial that runs, and look again soon
    give_up,   ///< end what runs: no trial is needed any more, or there is no time for one
};

/// Whether the agent's own openvpn may be in a handshake.
[[nodiscard]] bool is_attempting(std::string_view phase) noexcept;

[[nodiscard]] TrialStep next_trial_step(const TrialMoment& moment) noexcept;

}  // namespace memdb::doctor
