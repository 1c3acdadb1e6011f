#include "app/doctor_agent.hpp"

#include "base/clock.hpp"
#include "doctor/check_policy.hpp"
#include "doctor/trial_policy.hpp"
#include "reach/resp_codec.hpp"
#include "tunnel/failure_cause.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace memdb::app {
namespace {

using doctor::Part;

// Together they stay within kLimit: names, then the servers, then a trial; and beside it settling, ping and node.
constexpr Duration kProgramLimit = 3s;
constexpr Duration kHistoryLimit = 5s;  // a month of it on a slow disk
constexpr Duration kNameLimit = 3s;
constexpr unsigned kServerTries = 2;
constexpr Duration kServerLimit = 600ms;
constexpr Duration kTrialLimit = 9500ms;  // longer than one silent attempt, which openvpn gets 8 s for
constexpr Duration kTrialMargin = 300ms;  // its own end comes first
constexpr Duration kSettleLimit = 8s;     // until the agent has made up its mind
constexpr Duration kSettleLook = 200ms;
constexpr Duration kPingLimit = 4s;  // a node that has not answered by then has not; the others' answers count
constexpr Duration kNodeLimit = 2s;
constexpr Duration kWordLimit = 12s;  // since the beginning

}  // namespace

DoctorAgent::DoctorAgent(boost::asio::io_context& io, host::NameResolver& resolver, DoctorTools tools)
    : io_(io),
      resolver_(resolver),
      tools_(std::move(tools)),
      program_(io),
      program_timer_(io),
      settle_timer_(io),
      attempt_timer_(io),
      ping_timer_(io),
      history_timer_(io),
      endpoint_(resolver, [this](const tunnel::TunnelEvent& event) { endpoint_resolved(event); }),
      servers_(io),
      trial_(io, resolver),
      earlier_trial_(io, resolver),
      node_(io) {}

DoctorAgent::~DoctorAgent() {
    for (const auto query : queries_) resolver_.cancel(query);
    program_.terminate(true);
}

void DoctorAgent::start(std::function<void(const health::Check&)> told,
                        std::function<void(health::DoctorReport)> done) {
    told_ = std::move(told);
    done_ = std::move(done);
    began_ = now();
    started_at_ = wall_now();
    // Not from inside the call: the first checks may be sure at once.
    boost::asio::post(io_, [this, life = std::weak_ptr(life_)] {
        if (life.expired()) return;
        ask_program();
        ask_history();
        resolve_endpoint();
        wait_until_settled();
    });
}

// --- openvpn itself -------------------------------------------------------------------------------------------------

void DoctorAgent::ask_program() {
    if (tools_.openvpn.empty()) return finish_part(Part::openvpn);
    seen_.openvpn.emplace().path = tools_.openvpn;
    const auto spawned =
        program_.spawn({tools_.openvpn, "--version"},
                       {[this](std::string_view line) { program_told(line); },
                        [this](const std::string& status) {
                            // It ends with 1 after telling its version.
                            program_ended(seen_.openvpn->version.empty() ? "tells no version (" + status + ")" : "");
                        }},
                       {});
    if (spawned.has_error()) return program_ended(spawned.error().message);
    program_timer_.expires_after(kProgramLimit);
    program_timer_.async_wait([this, life = std::weak_ptr(life_)](const boost::system::error_code& error) {
        if (error || life.expired()) return;
        program_.terminate(true);
        program_ended("gives no answer to --version");
    });
}

/// "OpenVPN 2.6.14 x86_64-pc-linux-gnu [SSL …"
void DoctorAgent::program_told(std::string_view line) {
    constexpr std::string_view name = "OpenVPN ";
    if (!seen_.openvpn->version.empty() || !line.starts_with(name)) return;
    line.remove_prefix(name.size());
    seen_.openvpn->version = reach::one_line(line.substr(0, line.find(' ')), 32);
}

void DoctorAgent::program_ended(const std::string& trouble) {
    if (done_parts_.contains(Part::openvpn)) return;
    program_timer_.cancel();
    seen_.openvpn->trouble = trouble;
    finish_part(Part::openvpn);
}

// --- the history ----------------------------------------------------------------------------------------------------

void DoctorAgent::ask_history() {
    if (!tools_.usual_ping) return finish_part(Part::history);
    history_timer_.expires_after(kHistoryLimit);
    history_timer_.async_wait([this, life = std::weak_ptr(life_)](const boost::system::error_code& error) {
        if (!error && !life.expired()) finish_part(Part::history);
    });
    tools_.usual_ping([this, life = std::weak_ptr(life_)](std::optional<Microseconds> usual) {
        if (life.expired() || done_parts_.contains(Part::history)) return;
        history_timer_.cancel();
        seen_.usual_ping = usual;
        finish_part(Part::history);
    });
}

// --- the endpoint ---------------------------------------------------------------------------------------------------

void DoctorAgent::resolve_endpoint() {
    if (tools_.setup) return endpoint_.start(*tools_.setup, kNameLimit);
    for (const Part part : {Part::endpoint_name, Part::servers, Part::trial}) finish_part(part);
}

void DoctorAgent::endpoint_resolved(const tunnel::TunnelEvent& event) {
    doctor::NameSeen& name = seen_.endpoint_name.emplace();
    for (const config::Remote& remote : tools_.setup->remotes)
        if (name.name.find(remote.host) == std::string::npos)
            name.name +=
                (name.name.empty() ? "" : ", ") + std::string(tools_.setup->random_hostname ? "*." : "") + remote.host;
    name.took = now() - began_;
    if (const auto* failed = std::get_if<tunnel::EndpointUnresolved>(&event)) {
        name.trouble = failed->why;
        for (const Part part : {Part::endpoint_name, Part::servers, Part::trial}) finish_part(part);
        return;
    }
    const auto* found = std::get_if<tunnel::EndpointResolved>(&event);
    if (found == nullptr) return;
    for (const tunnel::ServerAddress& server : found->addresses)
        if (std::ranges::find(name.addresses, server.address) == name.addresses.end())
            name.addresses.push_back(server.address);
    finish_part(Part::endpoint_name);
    servers_.probe(found->addresses, kServerTries, kServerLimit,
                   [this](const std::vector<tunnel::HardResetLink::Answer>& answers) { servers_asked(answers); });
}

void DoctorAgent::servers_asked(const std::vector<tunnel::HardResetLink::Answer>& answers) {
    auto& servers = seen_.servers.emplace();
    for (const auto& answer : answers) {
        servers.push_back({to_string(answer.server), answer.answered, answer.took, answer.evidence, answer.asked});
        if (answer.answered && !answered_by_) answered_by_ = answer.server;
    }
    finish_part(Part::servers);
    try_certificates();
}

/// A tunnel that is up has had its certificate accepted; without an endpoint there is nobody to ask.
void DoctorAgent::try_certificates() {
    if (!answered_by_ || tools_.setup->cert_file.empty()) return finish_part(Part::trial);
    trial_began_ = now();
    follow_attempt();
}

void DoctorAgent::end_trials() {
    trial_.stop();
    earlier_trial_.stop();
    open_trials_ = 0;
}

/// Tries the certificate when the agent itself does not.
void DoctorAgent::follow_attempt() {
    if (done_parts_.contains(Part::trial)) return;
    const doctor::Scene scene = tools_.look();
    const std::string phase = scene.view.tunnel ? scene.view.tunnel->phase : "";
    attempted_ = attempted_ || doctor::is_attempting(phase);
    switch (doctor::next_trial_step(
        {phase, !scene.view.findings.empty(), open_trials_ > 0, attempted_, now() - trial_began_, kTrialLimit})) {
        case doctor::TrialStep::give_up: end_trials(); return finish_part(Part::trial);
        case doctor::TrialStep::call_off: end_trials(); break;
        case doctor::TrialStep::begin: begin_trials(); break;
        case doctor::TrialStep::wait: break;
    }
    attempt_timer_.expires_after(kSettleLook);
    attempt_timer_.async_wait([this, life = std::weak_ptr(life_)](const boost::system::error_code& error) {
        if (!error && !life.expired()) follow_attempt();
    });
}

void DoctorAgent::begin_trials() {
    const auto begin = [this](tunnel::TrialRunner& runner, tunnel::TunnelSetup setup, unsigned generation,
                              bool earlier) {
        setup.remotes = {{answered_by_->address, answered_by_->port, answered_by_->transport, {}}};
        setup.random_hostname = false;
        ++open_trials_;
        const Duration left = kTrialLimit - kTrialMargin - (now() - trial_began_);
        runner.start(std::move(setup), tools_.timings, left, [this, generation, earlier](tunnel::TrialResult result) {
            tried(std::move(result), generation, earlier);
        });
    };
    begin(trial_, *tools_.setup, tools_.generation, false);
    if (tools_.earlier_setup) begin(earlier_trial_, *tools_.earlier_setup, tools_.earlier_generation, true);
}

void DoctorAgent::tried(tunnel::TrialResult result, unsigned generation, bool earlier) {
    doctor::TrialSeen seen{generation, result.accepted, std::string(to_string(result.cause)),
                           std::move(result.evidence), now() - trial_began_};
    (earlier ? seen_.earlier_trial : seen_.trial) = std::move(seen);
    // An accepted one needs no second opinion.
    if (--open_trials_ > 0 && (earlier || !result.accepted)) return;
    earlier_trial_.stop();
    attempt_timer_.cancel();
    finish_part(Part::trial);
}

// --- names ----------------------------------------------------------------------------------------------------------

void DoctorAgent::ask_names() {
    const std::string vpc = tools_.vpc_resolver();
    for (const std::string& host : tools_.cluster_hosts) {
        const auto told = [this](const std::string& server, const std::string& name) {
            ++open_names_;
            return [this, server, name](const Result<host::NameResolver::Addresses>& result) {
                name_told({name, server, {}, {}, {}}, result);
            };
        };
        queries_.push_back(resolver_.resolve(host, kNameLimit, told({}, host)));
        if (!vpc.empty()) queries_.push_back(resolver_.resolve_at(vpc, host, kNameLimit, told(vpc, host)));
    }
    if (tools_.cluster_hosts.empty()) finish_part(Part::cluster_names);
}

void DoctorAgent::name_told(doctor::NameSeen seen, const Result<host::NameResolver::Addresses>& result) {
    if (result.has_error()) seen.trouble = result.error().message;
    seen.answered = result.has_value() || result.error().code == Errc::not_found;
    if (result.has_value())
        for (const auto& address : *result) seen.addresses.push_back(address.to_string());
    seen_.cluster_names.push_back(std::move(seen));
    if (--open_names_ == 0) finish_part(Part::cluster_names);
}

// --- the nodes ------------------------------------------------------------------------------------------------------

/// While the agent is on its way its answer would be "not yet".
void DoctorAgent::wait_until_settled() {
    const doctor::Scene scene = tools_.look();
    const bool settled = scene.view.verdict != health::Verdict::connecting || now() - began_ >= kSettleLimit;
    if (settled) {
        ask_names();
        return ping();
    }
    settle_timer_.expires_after(kSettleLook);
    settle_timer_.async_wait([this, life = std::weak_ptr(life_)](const boost::system::error_code& error) {
        if (!error && !life.expired()) wait_until_settled();
    });
}

void DoctorAgent::ping() {
    ping_timer_.expires_after(kPingLimit + 200ms);  // its probes may end before it is done
    ping_timer_.async_wait([this, life = std::weak_ptr(life_)](const boost::system::error_code& error) {
        if (!error && !life.expired()) pinged(Failure{Errc::deadline_passed, "no answer in time"});
    });
    tools_.ping(kPingLimit, [this, life = std::weak_ptr(life_)](const Result<control::PingReport>& report) {
        if (!life.expired()) pinged(report);
    });
}

void DoctorAgent::pinged(const Result<control::PingReport>& report) {
    if (done_parts_.contains(Part::ping)) return;
    ping_timer_.cancel();
    if (report.has_value()) {
        auto& nodes = seen_.ping.emplace();
        for (const control::PingResult& node : report->nodes) {
            doctor::PingSeen seen{node.name, {}, node.error.value_or("")};
            if (node.ping_us) seen.took = Microseconds(*node.ping_us);
            nodes.push_back(std::move(seen));
        }
    }
    wait_for_word();
}

/// Where nobody answered, the agent needs a moment until it can say why.
void DoctorAgent::wait_for_word() {
    const bool silent = seen_.ping && !seen_.ping->empty() &&
                        std::ranges::none_of(*seen_.ping, [](const auto& node) { return node.took.has_value(); });
    const bool told = !silent || tools_.look().view.verdict == health::Verdict::unreachable;
    if (told || now() - began_ >= kWordLimit) {
        finish_part(Part::ping);
        return examine_node();
    }
    settle_timer_.expires_after(kSettleLook);
    settle_timer_.async_wait([this, life = std::weak_ptr(life_)](const boost::system::error_code& error) {
        if (!error && !life.expired()) wait_for_word();
    });
}

void DoctorAgent::examine_node() {
    if (done_parts_.contains(Part::node)) return;
    auto target = tools_.node();
    if (!target) return finish_part(Part::node);
    node_.start(std::move(target->second), kNodeLimit, [this, name = target->first](const reach::NodeExam& exam) {
        seen_.node = doctor::NodeSeen{name, exam.large_ping, exam.trouble, exam.lost, exam.clock_ahead};
        finish_part(Part::node);
    });
}

// --- what it comes to -----------------------------------------------------------------------------------------------

void DoctorAgent::finish_part(Part part) {
    if (!done_parts_.insert(part).second) return;
    advance();
}

void DoctorAgent::advance() {
    if (!done_) return;
    doctor::Scene scene = tools_.look();
    scene.openvpn = seen_.openvpn;
    scene.endpoint_name = seen_.endpoint_name;
    scene.servers = seen_.servers;
    if (answered_by_) scene.over_tcp = answered_by_->transport == config::Transport::tcp;
    scene.trial = seen_.trial;
    scene.earlier_trial = seen_.earlier_trial;
    scene.cluster_names = seen_.cluster_names;
    scene.ping = seen_.ping;
    scene.usual_ping = seen_.usual_ping;
    scene.node = seen_.node;
    std::vector<health::Check> checks = doctor::examine(scene, done_parts_);
    for (; told_count_ < checks.size(); ++told_count_) told_(checks[told_count_]);
    if (done_parts_.size() < std::size(doctor::kParts)) return;
    health::DoctorReport report;
    report.profile = scene.view.name;
    report.started_at = started_at_;
    report.took_ms = (now() - began_).count();
    report.diagnosis = doctor::diagnose(scene, checks);
    report.checks = std::move(checks);
    const auto done = std::exchange(done_, nullptr);
    done(std::move(report));
}

}  // namespace memdb::app
