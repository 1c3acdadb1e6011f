// The doctor at work on one profile: looks at everything that takes a moment, all at the same time where it can, and
// tells each check as soon as it is sure. Decides nothing: doctor/check_policy judges.
#pragma once

#include "control/api.hpp"
#include "doctor/scene.hpp"
#include "health/check.hpp"
#include "host/child_process.hpp"
#include "host/name_resolver.hpp"
#include "reach/node_exam_runner.hpp"
#include "tunnel/endpoint_resolver.hpp"
#include "tunnel/hard_reset_link.hpp"
#include "tunnel/trial_runner.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace memdb::app {

/// What only the profile's own agent can say or do.
struct DoctorTools {
    std::function<doctor::Scene()> look;       ///< as it is now, without what the doctor looks at itself
    std::string openvpn;                       ///< the program; empty: the profile has no tunnel
    std::optional<tunnel::TunnelSetup> setup;  ///< to try the certificate in force; none: there is none, or no tunnel
    std::optional<tunnel::TunnelSetup> earlier_setup;  ///< and the one before, which its own list does not refuse
    unsigned generation = 0, earlier_generation = 0;
    tunnel::TunnelTimings timings;
    std::vector<std::string> cluster_hosts;     ///< names, not addresses
    std::function<std::string()> vpc_resolver;  ///< as pushed; empty: none
    /// A fresh PING to every node; one without an answer within the limit has none.
    std::function<void(Duration, std::function<void(Result<control::PingReport>)>)> ping;
    /// Answers with the median PING of the last day, or nothing; at once or later.
    std::function<void(std::function<void(std::optional<Microseconds>)>)> usual_ping{};
    /// A node that answers, for a connection of the doctor's own.
    std::function<std::optional<std::pair<std::string, reach::NodeExamTarget>>()> node;
};

class DoctorAgent {
  public:
    /// All it does ends within this.
    static constexpr Duration kLimit = 15s;

    /// `io` and `resolver` must outlive it.
    DoctorAgent(boost::asio::io_context& io, host::NameResolver& resolver, DoctorTools tools);
    ~DoctorAgent();  ///< calls nothing back any more
    DoctorAgent(const DoctorAgent&) = delete;
    DoctorAgent& operator=(const DoctorAgent&) = delete;

    /// @param told  each check, in order. @param done  once, last; it may destroy this object. Both from the loop.
    void start(std::function<void(const health::Check&)> told, std::function<void(health::DoctorReport)> done);

  private:
    void ask_program();
    void ask_history();
    void program_told(std::string_view line);
    void program_ended(const std::string& trouble);
    void resolve_endpoint();
    void endpoint_resolved(const tunnel::TunnelEvent& event);
    void servers_asked(const std::vector<tunnel::HardResetLink::Answer>& answers);
    void try_certificates();
    void begin_trials();
    void follow_attempt();
    void end_trials();
    void tried(tunnel::TrialResult result, unsigned generation, bool earlier);
    void ask_names();
    void name_told(doctor::NameSeen seen, const Result<host::NameResolver::Addresses>& result);
    void wait_until_settled();
    void wait_for_word();
    void ping();
    void pinged(const Result<control::PingReport>& report);
    void examine_node();
    void finish_part(doctor::Part part);
    void advance();

    boost::asio::io_context& io_;
    host::NameResolver& resolver_;
    DoctorTools tools_;
    doctor::Scene seen_;  ///< the doctor's own looks; the rest is taken anew each time
    std::set<doctor::Part> done_parts_;
    std::size_t told_count_ = 0;
    std::function<void(const health::Check&)> told_;
    std::function<void(health::DoctorReport)> done_;
    TimePoint began_{};
    WallTime started_at_{};
    host::ChildProcess program_;
    boost::asio::steady_timer program_timer_;
    boost::asio::steady_timer settle_timer_;
    boost::asio::steady_timer attempt_timer_;
    boost::asio::steady_timer ping_timer_;
    boost::asio::steady_timer history_timer_;
    tunnel::EndpointResolver endpoint_;
    tunnel::HardResetLink servers_;
    tunnel::TrialRunner trial_;
    tunnel::TrialRunner earlier_trial_;
    TimePoint trial_began_{};
    std::size_t open_trials_ = 0;
    bool attempted_ = false;  ///< the agent itself has tried meanwhile
    std::size_t open_names_ = 0;
    std::vector<host::NameResolver::Query> queries_;
    std::optional<tunnel::ServerAddress> answered_by_;
    reach::NodeExamRunner node_;
    std::shared_ptr<const int> life_ = std::make_shared<const int>(0);
};

}  // namespace memdb::app
