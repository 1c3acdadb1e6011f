// Carries a plan out, step by step: runs aws and easy-rsa, hands the profile to the agent, connects, waits. Blocking,
// for half an hour when AWS needs it; Ctrl-C at any moment is safe, the next run goes on.
#pragma once

#include "client/aws/inventory.hpp"
#include "client/aws/plan.hpp"
#include "client/aws/session.hpp"
#include "client/aws/wish.hpp"
#include "client/commands.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace memdb::client::aws {

/// What is, at AWS and here.
struct Situation {
    Inventory inventory;
    LocalState local;
};

class Executor {
  public:
    using Planner = std::function<Plan(const Inventory&, const LocalState&)>;
    using Survey = std::function<Outcome<Inventory>()>;

    /// @param plan    makes the plan anew after every step
    /// @param survey  asks AWS for everything again, when somebody else was at work there
    Executor(Context& context, Session& session, const Wish& wish, Situation situation, Planner plan, Survey survey);

    /// Until every step is done. The first failure ends it; what is done stays done.
    Outcome<void> run();

    /// Asks EC2 about every step that can be done now and has a dry run; nothing is changed.
    Outcome<void> dry_run();

    [[nodiscard]] const Inventory& inventory() const { return inventory_; }
    [[nodiscard]] const LocalState& local() const { return local_; }
    [[nodiscard]] unsigned changes() const { return changes_; }  ///< calls that changed something at AWS

  private:
    Outcome<void> do_step(const Step& step);
    Outcome<void> do_remote(const Step& step);
    Outcome<void> do_local(const Step& step);
    Outcome<void> recover(const Step& step, const CallFailure& failure);
    Outcome<void> wait(const Plan& plan);
    Outcome<void> pause(const std::string& what);

    Context& context_;
    Session& session_;
    const Wish& wish_;
    Inventory inventory_;
    LocalState local_;
    Planner plan_;
    Survey survey_;
    unsigned changes_ = 0;
    bool is_done_ = true;                    ///< false: the step that was tried has to be tried again
    std::map<std::string, unsigned> tries_;  ///< by what a step is
    std::optional<TimePoint> waiting_since_, said_at_;
    Duration pause_{};
};

}  // namespace memdb::client::aws
