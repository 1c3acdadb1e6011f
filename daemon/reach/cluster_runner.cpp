#include "reach/cluster_runner_parts.hpp"

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/overloaded.hpp"
#include "reach/iam_token.hpp"
#include "reach/probe_machine.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>

namespace memdb::reach {
namespace asio = boost::asio;

namespace {}  // namespace

ClusterRunner::ClusterRunner(asio::io_context& io, host::NameResolver& resolver, ClusterTarget target,
                             const ProbeTimings& timings, OnChange on_change, std::function<void()> before_deadline)
    : io_(io),
      resolver_(resolver),
      target_(std::move(target)),
      timings_(timings),
      on_change_(std::move(on_change)),
      before_deadline_(std::move(before_deadline)),
      seed_{target_.host, target_.port, target_.tls},
      timer_(io) {
    if (!target_.tls) return;
    auto context = TlsContext::make(target_.ca_pem);
    if (context)
        tls_ = *context;
    else
        tls_problem_ = context.error().message;
}

ClusterRunner::~ClusterRunner() {
    life_.reset();
    for (const auto& [label, node] : nodes_) {
        resolver_.cancel(node->query);
        node->link.close();
    }
}

// --- calls ----------------------------------------------------------------------------------------------------------

void ClusterRunner::start() { feed(TrackingRequested{}); }
void ClusterRunner::stop() { feed(TrackingEndRequested{}); }
void ClusterRunner::path_changed() {
    queue_.emplace_back(TrackerEvent(PathChanged{}));
    every_node(PathChanged{});
}
void ClusterRunner::probe_now() { feed(ProbeNowRequested{}); }
void ClusterRunner::take_token(LoginToken token) {
    token_ = std::move(token);
    ++token_number_;
    every_node(TokenChanged{});
}

void ClusterRunner::set_timings(const ProbeTimings& timings) { timings_ = timings; }

const ProbeState* ClusterRunner::probe_of(const std::string& label) const noexcept {
    const auto found = nodes_.find(label);
    return found == nodes_.end() ? nullptr : &found->second->state;
}

const PingTally* ClusterRunner::tally_of(const std::string& label) const noexcept {
    const auto found = nodes_.find(label);
    return found == nodes_.end() ? nullptr : &found->second->tally;
}

std::vector<const ProbeState*> ClusterRunner::probes() const {
    std::vector<const ProbeState*> states;
    for (const auto& [label, node] : nodes_) states.push_back(&node->state);
    return states;
}

std::optional<TimePoint> ClusterRunner::next_deadline() const {
    std::optional<TimePoint> earliest = armed_;
    for (const auto& [label, node] : nodes_)
        if (node->armed) earliest = std::min(earliest.value_or(*node->armed), *node->armed);
    return earliest;
}

void ClusterRunner::every_node(const ProbeEvent& event) {
    for (const TrackedNode& node : tracker_.nodes)
        if (const auto found = nodes_.find(node.label); found != nodes_.end())
            queue_.emplace_back(std::pair(std::weak_ptr(found->second), event));
    drain();
}

void ClusterRunner::ping(const std::optional<std::string>& node, Duration limit, OnPinged done) {
    auto pinging = std::make_shared<Pinging>(io_, std::move(done));
    for (const TrackedNode& known : tracker_.nodes) {
        if (!nodes_.contains(known.label) || (node ? known.label != *node : !is_counted(tracker_, known))) continue;
        pinging->waiting.push_back(known.label);
        pinging->results.push_back({known.label, false, std::nullopt, "no verdict in time"});
    }
    pings_.push_back(pinging);
    const auto finish = [this, life = std::weak_ptr(life_), pinging] {
        if (life.expired() || std::erase(pings_, pinging) == 0) return;
        pinging->done(std::move(pinging->results));
    };
    if (pinging->waiting.empty()) return asio::post(io_, finish);
    pinging->timer.expires_after(limit);
    // Ends early, by cancel(), once every node has its result: the callback always comes from the loop.
    pinging->timer.async_wait([finish](const boost::system::error_code&) { finish(); });
    for (const std::string& label : pinging->waiting)
        queue_.emplace_back(std::pair(std::weak_ptr(nodes_.at(label)), ProbeEvent(ProbeRequested{})));
    drain();
}

// --- events ---------------------------------------------------------------------------------------------------------

void ClusterRunner::feed(TrackerEvent event) {
    queue_.emplace_back(std::move(event));
    drain();
}

void ClusterRunner::feed(const std::weak_ptr<Node>& node, ProbeEvent event) {
    queue_.emplace_back(std::pair(node, std::move(event)));
    drain();
}

void ClusterRunner::drain() {
    if (is_draining_) return;
    is_draining_ = true;
    while (!queue_.empty()) {
        const Queued next = std::move(queue_.front());
        queue_.pop_front();
        std::visit(Overloaded{[this](const TrackerEvent& event) { advance(event); },
                              [this](const std::pair<std::weak_ptr<Node>, ProbeEvent>& entry) {
                                  if (const auto node = entry.first.lock()) advance(node, entry.second);
                              }},
                   next);
    }
    is_draining_ = false;
}

void ClusterRunner::advance(const TrackerEvent& event) {
    TrackerStep done = step(tracker_, event, now(), seed_, timings_);
    logger("reach")->debug("{}: {}", seed_.name, done.why);
    if (done.why == "ignored") return;
    tracker_ = std::move(done.state);
    for (const TrackerAction& action : done.actions) perform(action);
    arm();
    note_change();
}

void ClusterRunner::advance(const std::shared_ptr<Node>& node, const ProbeEvent& event) {
    if (!nodes_.contains(node->id.label)) return;  // removed while the event was on its way
    look_at_token(*node);
    ProbeStep done = step(node->state, event, now(), node->target, timings_);
    if (const auto log = logger("reach"); log->should_log(spdlog::level::debug))
        log->debug("{}: {} -> {} why=\"{}\"", node->id.label, to_string(node->state.phase), to_string(done.state.phase),
                   done.why);
    const bool is_news = done.state.health != node->state.health ||
                         done.state.failing_since.has_value() != node->state.failing_since.has_value();
    node->state = std::move(done.state);
    for (const ProbeAction& action : done.actions) perform(node, action);
    if (is_news) note_change();
    arm(node);
}

// --- the tracker's actions ------------------------------------------------------------------------------------------

void ClusterRunner::perform(const TrackerAction& action) {
    const auto tell = [this](const std::string& label, ProbeEvent event) {
        if (const auto found = nodes_.find(label); found != nodes_.end())
            queue_.emplace_back(std::pair(std::weak_ptr(found->second), std::move(event)));
    };
    std::visit(Overloaded{
                   [&](const AddNode& a) { add(a); },
                   [&](const RemoveNode& a) { remove(a.label); },
                   [&](const SetRhythm& a) { tell(a.label, RhythmChanged{a.rhythm}); },
                   [&](const AskTopology& a) { tell(a.label, TopologyRequested{}); },
                   [&](const AskBulk& a) { tell(a.label, BulkRequested{}); },
                   [&](const ProbeNode& a) { tell(a.label, ProbeRequested{a.delay}); },
                   [&](const AnnounceTopology& a) { logger("reach")->info("{}: topology: {}", seed_.name, a.text); },
               },
               action);
}

void ClusterRunner::add(const AddNode& action) {
    const ProbeTarget how{action.port, target_.tls, !target_.user.empty() || !target_.password.empty(), target_.iam};
    // The link needs the node for its callback and the node owns the link: the pointer is filled in below.
    const auto self = std::make_shared<std::weak_ptr<Node>>();
    const auto node =
        std::make_shared<Node>(io_, action, how, [this, self](ProbeEvent event) { feed(*self, std::move(event)); });
    *self = node;
    nodes_[action.label] = node;
    queue_.emplace_back(std::pair(std::weak_ptr(node), ProbeEvent(StartRequested{action.rhythm})));
}

void ClusterRunner::remove(const std::string& label) {
    const auto found = nodes_.find(label);
    if (found == nodes_.end()) return;
    const std::shared_ptr<Node> node = found->second;
    nodes_.erase(found);
    resolver_.cancel(node->query);
    node->link.close();
    node->timer.cancel();
    node->state.health = NodeHealth::unknown;
    node->state.blame.reset();
    settle_pings(*node);
    asio::post(io_, [node] {});  // its link may be what called us: let it return first
}

// --- a probe's actions ----------------------------------------------------------------------------------------------

void ClusterRunner::perform(const std::shared_ptr<Node>& node, const ProbeAction& action) {
    const auto ask = [&](const ReplyLimits& limits, auto... words) {
        node->link.send(format_command(std::array{std::string_view(words)...}), limits);
    };
    const std::string& label = node->id.label;
    std::visit(Overloaded{
                   [&](const Resolve& a) { resolve(node, a.limit); },
                   [&](const Connect& a) { node->link.connect(a.address, node->id.port); },
                   [&](const Secure&) {
                       if (tls_) return node->link.secure(tls_, node->id.name);
                       queue_.emplace_back(std::pair(std::weak_ptr(node),
                                                     ProbeEvent(SecureFailed{SecureProblem::untrusted, tls_problem_})));
                   },
                   [&](const SendAuth&) { node->link.send(auth_command(), kShortReply); },
                   [&](const SendPing&) { ask(kShortReply, "PING"); },
                   [&](const SendBulk&) { ask(kEchoReply, "PING", bulk_payload()); },
                   [&](const SendTopology& a) {
                       ask(kTopologyReply, "CLUSTER", a.command == TopologyCommand::shards ? "SHARDS" : "SLOTS");
                   },
                   [&](const CloseConnection&) {
                       resolver_.cancel(std::exchange(node->query, 0));
                       node->link.close();
                   },
                   [&](const PublishProof&) { proved(node); },
                   [&](const PublishMiss&) {
                       sample(*node, std::nullopt);
                       queue_.emplace_back(TrackerEvent(NodeMissed{label}));
                   },
                   [&](const PublishFailure&) { failed(node); },
                   [&](const PublishUnknown&) { queue_.emplace_back(TrackerEvent(NodeForgotten{label})); },
                   [&](const PublishTopology& a) {
                       queue_.emplace_back(TrackerEvent(TopologyReceived{label, a.reply}));
                   },
                   [&](const PublishNoTopology& a) {
                       queue_.emplace_back(TrackerEvent(TopologyMissed{label, a.evidence}));
                   },
                   [&](const PublishBulk& a) {
                       queue_.emplace_back(TrackerEvent(BulkChecked{label, a.result, a.evidence}));
                   },
               },
               action);
}

void ClusterRunner::resolve(const std::shared_ptr<Node>& node, Duration limit) {
    node->query = resolver_.resolve(
        node->id.name, limit,
        [this, weak = std::weak_ptr(node), since = Stopwatch()](Result<host::NameResolver::Addresses> result) {
            if (!result) return feed(weak, ResolveFailed{result.error().message});
            Resolved resolved{{}, since.elapsed()};
            for (const auto& address : *result) resolved.addresses.push_back(address.to_string());
            feed(weak, std::move(resolved));
        });
}

void ClusterRunner::look_at_token(Node& node) const {
    if (!target_.iam) return;
    node.target.no_token = why_no_token(token_ ? std::optional(token_->expires_at) : std::nullopt, wall_now());
    node.target.token = node.target.no_token.empty() ? token_number_ : 0;
}

/// Holds the password.
std::string ClusterRunner::auth_command() const {
    const std::string& password = target_.iam && token_ ? token_->text.reveal() : target_.password.reveal();
    if (target_.user.empty()) return format_command(std::array<std::string_view, 2>{"AUTH", password});
    return format_command(std::array<std::string_view, 3>{"AUTH", target_.user, password});
}

std::optional<NodeExamTarget> ClusterRunner::exam_target(const std::string& label) const {
    const auto found = nodes_.find(label);
    if (found == nodes_.end() || found->second->state.address.empty() || (target_.tls && !tls_)) return std::nullopt;
    const Node& node = *found->second;
    if (target_.iam && !why_no_token(token_ ? std::optional(token_->expires_at) : std::nullopt, wall_now()).empty())
        return std::nullopt;  // the connections that are kept outlive their token
    return NodeExamTarget{node.id.name, node.state.address, node.id.port, tls_,
                          node.target.auth ? auth_command() : std::string()};
}

/// A cluster endpoint is a node of its own only where the cluster names no others.
void ClusterRunner::sample(Node& node, std::optional<Microseconds> took) const {
    if (took)
        node.tally.add(*took);
    else
        ++node.tally.lost;
    const auto known = std::ranges::find(tracker_.nodes, node.id.label, &TrackedNode::label);
    if (!on_ping_ || known == tracker_.nodes.end()) return;
    const bool is_alone = tracker_.nodes.size() == 1 && (tracker_.coverage || !tracker_.topology_problem.empty());
    if (!known->is_seed || is_alone) on_ping_(node.id.label, took);
}

void ClusterRunner::proved(const std::shared_ptr<Node>& node) {
    sample(*node, node->state.ping);
    const auto known = std::find_if(tracker_.nodes.begin(), tracker_.nodes.end(),
                                    [&](const TrackedNode& tracked) { return tracked.label == node->id.label; });
    if (known == tracker_.nodes.end() || known->health == NodeHealth::ok) return settle_pings(*node);
    if (known->health == NodeHealth::failed) logger("reach")->debug("node {} answers again", node->id.label);
    queue_.emplace_back(TrackerEvent(NodeProved{node->id.label}));
    settle_pings(*node);
}

void ClusterRunner::failed(const std::shared_ptr<Node>& node) {
    const auto known = std::find_if(tracker_.nodes.begin(), tracker_.nodes.end(),
                                    [&](const TrackedNode& tracked) { return tracked.label == node->id.label; });
    const Blame blame = node->state.blame.value_or(Blame{});
    if (!blame.unsent) sample(*node, std::nullopt);
    if (known != tracker_.nodes.end() && known->health != NodeHealth::failed)
        logger("reach")->debug("node {} failed: {} layer={} evidence=\"{}\"", node->id.label, blame.code,
                               health::to_string(blame.layer), blame.evidence);
    if (known == tracker_.nodes.end() || known->code != blame.code || known->health != NodeHealth::failed)
        note_change();
    const bool in_tls = blame.silent && blame.layer == health::Layer::tls;
    queue_.emplace_back(TrackerEvent(NodeBlamed{node->id.label, blame.code, in_tls}));
    settle_pings(*node);
}

void ClusterRunner::settle_pings(const Node& node) {
    for (const auto& pinging : pings_) {
        if (std::erase(pinging->waiting, node.id.label) == 0) continue;
        const auto result = std::find_if(pinging->results.begin(), pinging->results.end(),
                                         [&](const PingResult& r) { return r.node == node.id.label; });
        result->ok = node.state.health == NodeHealth::ok;
        if (result->ok) result->duration = node.state.ping;
        result->error = result->ok         ? ""
                        : node.state.blame ? node.state.blame->evidence
                                           : "the node is no longer probed";
        if (pinging->waiting.empty()) pinging->timer.cancel();
    }
}

// --- timers ---------------------------------------------------------------------------------------------------------

void ClusterRunner::arm(const std::shared_ptr<Node>& node) {
    if (node->armed == node->state.deadline) return;
    node->armed = node->state.deadline;
    if (!node->armed) {
        node->timer.cancel();
        return;
    }
    node->timer.expires_at(*node->armed);
    node->timer.async_wait(
        [this, weak = std::weak_ptr(node), life = std::weak_ptr(life_)](const boost::system::error_code& error) {
            const auto alive = weak.lock();
            if (error || !alive || life.expired()) return;
            alive->armed.reset();
            if (before_deadline_) before_deadline_();
            feed(weak, DeadlinePassed{});
            arm(alive);
        });
}

void ClusterRunner::arm() {
    if (armed_ == tracker_.deadline) return;
    armed_ = tracker_.deadline;
    if (!armed_) {
        timer_.cancel();
        return;
    }
    timer_.expires_at(*armed_);
    timer_.async_wait([this, life = std::weak_ptr(life_)](const boost::system::error_code& error) {
        if (error || life.expired()) return;
        armed_.reset();
        if (before_deadline_) before_deadline_();
        feed(TrackerDeadlinePassed{});
        arm();
    });
}

void ClusterRunner::note_change() {
    if (std::exchange(change_is_noted_, true)) return;
    asio::post(io_, [this, life = std::weak_ptr(life_)] {
        if (life.expired()) return;
        change_is_noted_ = false;
        if (on_change_) on_change_();
    });
}

}  // namespace memdb::reach
