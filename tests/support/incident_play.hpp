// Plays a story of silence: what happens in the world, what incident_machine and blame make of it, step by step, as
// app/profile_agent does.
#pragma once

#include "health/incident_machine.hpp"
#include "tests/support/health_facts.hpp"
#include "tests/support/incident_invariants.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace memdb::health::play {

/// Moments are counted from the story's begin.
struct World {
    std::optional<Duration> up = 0ms;           ///< since when the tunnel is
    std::optional<Duration> silent;             ///< since when no node answers
    std::optional<std::uint64_t> received = 9;  ///< bytes through the device
    std::optional<Duration> link_dead;          ///< since when nothing comes from the server
    std::optional<Duration> hung;               ///< since when openvpn owes an answer
    bool waiting = false;
    bool mute = false;  ///< the server answers no packet past the tunnel
    bool offline = false;
    std::size_t addresses = 2;
};

struct Change {
    Duration at;
    void (*what)(World&);
};

struct Story {
    const char* name;
    std::vector<Change> changes;
    Duration until;
    std::vector<std::string> log;  ///< "10.0 check openvpn, ask server": when, and what is done
};

class Play {
  public:
    explicit Play(const Story& story) : story_(story) {}

    std::vector<std::string> run() {
        for (now_ = 0ms; now_ <= story_.until; now_ = next()) {
            for (; at_ < story_.changes.size() && story_.changes[at_].at <= now_; ++at_)
                story_.changes[at_].what(world_);
            if (answer_ && answer_->first <= now_) {
                const bool answered = std::exchange(answer_, std::nullopt)->second;
                state_ = server_asked(state_, answered);
            }
            look();
        }
        return log_;
    }

  private:
    static TimePoint moment(Duration at) { return TimePoint(1h) + at; }

    [[nodiscard]] IncidentInput seen() const {
        IncidentInput input;
        input.waiting = world_.waiting;
        if (world_.up) input.up_since = moment(*world_.up);
        if (world_.silent) input.silent_since = moment(*world_.silent);
        input.any_ok = world_.up && !world_.silent;
        if (world_.silent) input.received = world_.received;
        input.addresses = world_.addresses;
        return input;
    }

    [[nodiscard]] Facts facts() const {
        Facts facts = good_day(1);
        if (world_.silent) silence_all(facts);
        TunnelFacts& tunnel = facts.tunnel;
        if (!world_.up) tunnel.stage = TunnelStage::waiting;
        tunnel.route_to_server = !world_.offline;
        if (world_.link_dead) tunnel.server_silent_for = now_ - *world_.link_dead;
        if (world_.hung) tunnel.openvpn_silent_for = now_ - *world_.hung;
        tunnel.server_answers = state_.server_answers;
        tunnel.is_suspected = is_undecided(state_, moment(now_));
        if (state_.quiet_since) tunnel.tun_silent_for = moment(now_) - *state_.quiet_since;
        return facts;
    }

    void look() {
        const TimePoint now = moment(now_);
        const IncidentStep observed = observe(state_, seen(), now);
        EXPECT_EQ(broken_in(state_, seen(), now, observed), "");
        std::vector<IncidentAction> actions = take(observed);
        const Remedy due = blame(facts()).remedy;
        const IncidentStep remedied = remedy_due(state_, seen(), due, now);
        EXPECT_EQ(broken_in(state_, seen(), due, now, remedied), "");
        const auto remedy = take(remedied);
        actions.insert(actions.end(), remedy.begin(), remedy.end());
        std::string line;
        for (const IncidentAction action : actions) {
            line += (line.empty() ? "" : ", ") + std::string(to_string(action));
            perform(action);
        }
        if (!line.empty()) log_.push_back(fmt::format("{} {}", static_cast<double>(now_.count()) / 1000.0, line));
    }

    std::vector<IncidentAction> take(IncidentStep step) {
        state_ = std::move(step.state);
        return std::move(step.actions);
    }

    void perform(IncidentAction action) {
        if (action == IncidentAction::forget_question) {
            EXPECT_TRUE(answer_) << "nothing was asked";
            answer_.reset();
        }
        const bool knocks = action == IncidentAction::knock;
        if (!knocks && action != IncidentAction::ask_server) return;
        EXPECT_FALSE(answer_) << "two questions at once";
        const Duration limit = knocks ? 500ms : 1000ms;  // one packet, or two
        answer_.emplace(now_ + (world_.mute ? limit : Duration(10ms)), !world_.mute);
    }

    /// When something happens next; far away when nothing does.
    [[nodiscard]] Duration next() const {
        Duration at = story_.until + 1ms;
        const auto consider = [&](Duration moment) {
            if (moment > now_) at = std::min(at, moment);
        };
        if (at_ < story_.changes.size()) consider(story_.changes[at_].at);
        if (answer_) consider(answer_->first);
        if (const auto look = next_look(state_, seen(), moment(now_))) {
            EXPECT_GT(*look, moment(now_)) << "a look in the past is a hot loop";
            consider(*look - moment(0ms));
        }
        if (world_.link_dead && state_.quiet_since)
            consider(std::max(*world_.link_dead + 3s, *state_.quiet_since + kLinkPatience - moment(0ms)));
        if (world_.hung) consider(*world_.hung + kOpenvpnSilence);
        return at;
    }

    const Story& story_;
    World world_;
    IncidentState state_;
    Duration now_{};
    std::size_t at_ = 0;
    std::optional<std::pair<Duration, bool>> answer_;  ///< of the question that is out: when, and whether it comes
    std::vector<std::string> log_;
};

}  // namespace memdb::health::play
