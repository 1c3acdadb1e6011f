// One step of a node's probe under way: the moves that the rules of probe_machine are made of.
//
// A move changes the state, collects actions and arms the deadline of the phase that it enters. Which move an event
// leads to is probe_machine's matter; nobody else uses this.
#pragma once

#include "reach/probe_machine.hpp"
#include "reach/probe_policy.hpp"

#include <string_view>
#include <utility>

namespace memdb::reach {

/// In an attempt that has not had its PONG.
[[nodiscard]] bool is_proving(ProbePhase phase) noexcept;

/// Whether the peer may say something in this phase.
[[nodiscard]] bool is_talking(ProbePhase phase) noexcept;

class ProbeTurn {
  public:
    /// All references must outlive the turn.
    ProbeTurn(ProbeState state, TimePoint now, const ProbeTarget& target, const ProbeTimings& timings)
        : s_(std::move(state)), now_(now), target_(target), timings_(timings) {}

  protected:
    /// Only before the first move.
    [[nodiscard]] ProbeStep ignored() { return {std::move(s_), {}, "ignored"}; }
    [[nodiscard]] ProbeStep done(std::string_view why) { return {std::move(s_), std::move(actions_), why}; }

    template <class Action>
    void act(Action action) {
        actions_.emplace_back(std::move(action));
    }

    void close();  ///< what is open, if anything is

    // Beginnings. Both wait for their turn where the runner says that too many have just begun.
    void begin_attempt();
    void begin_reprobe();
    void take_turn();     ///< of what was queued
    void connect_next();  ///< to the first of the candidates
    void secure();
    void authenticate_or_further();  ///< not without a token where one is needed: see lacks_token()
    void first_ping();
    void check();
    void ask(TopologyCommand command);
    void check_bulk();
    void reauthenticate();
    void rest();  ///< between PINGs, or on to what was wanted meanwhile

    // Ends.
    void note_answer();
    [[nodiscard]] ProbeStep prove(Microseconds took);
    [[nodiscard]] ProbeStep fail(ProbeVerdict verdict);
    [[nodiscard]] ProbeStep miss_bulk();  ///< not a failure of the node: it is proved anew

    /// By IAM, and there is no valid token: AUTH would be refused.
    [[nodiscard]] bool lacks_token() const { return target_.auth && target_.iam && target_.token == 0; }
    void note_authenticated();

    [[nodiscard]] ProbeScene scene() const;
    [[nodiscard]] TimePoint next_tick() const;  ///< the first one of the rhythm after now

    ProbeState s_;  ///< as it was; from the first move on, as it will be
    TimePoint now_;
    const ProbeTarget& target_;
    const ProbeTimings& timings_;

  private:
    void enter(ProbePhase phase, Duration limit);
    [[nodiscard]] bool must_queue(bool is_reprobe);
    [[nodiscard]] TimePoint earliest_reprobe() const;
    void reprobe();
    void resolve(Duration limit);
    void connect();
    [[nodiscard]] bool is_reauth_due() const;

    ProbeActions actions_;
};

}  // namespace memdb::reach
