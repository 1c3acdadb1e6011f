#include "reach/cluster_runner_parts.hpp"

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/overloaded.hpp"
#include "reach/attempt_places.hpp"
#include "reach/iam_token.hpp"
#include "reach/probe_machine.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace memdb::reach {
namespace asio = boost::asio;

namespace {

constexpr std::size_t kQueueKept = 64;                 // of a storm's thousands
constexpr const char* kPing = "*1\r\n$4\r\nPING\r\n";  // format_command() of it, hundreds of times a second

}  // namespace

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
        leave_places(places_of(node->state), *paces_);
    }
}

// --- calls ----------------------------------------------------------------------------------------------------------

void ClusterRunner::start() {
    share_.restart();
    feed(TrackingRequested{});
}
void ClusterRunner::stop() { feed(TrackingEndRequested{}); }
void ClusterRunner::path_changed() {
    share_.restart();
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
    states.reserve(nodes_.size());
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
    while (next_ < queue_.size()) {
        const Queued next = std::move(queue_[next_++]);
        std::visit(Overloaded{[this](const TrackerEvent& event) { advance(event); },
                              [this](const std::pair<std::weak_ptr<Node>, ProbeEvent>& entry) {
                                  if (const auto node = entry.first.lock()) advance(node, entry.second);
                              }},
                   next);
    }
    queue_.clear();
    if (queue_.capacity() > kQueueKept) queue_.shrink_to_fit();
    next_ = 0;
    is_draining_ = false;
}

void ClusterRunner::advance(const TrackerEvent& event) {
    TrackerStep done = step(std::move(tracker_), event, now(), seed_, timings_);
    tracker_ = std::move(done.state);
    logger("reach")->debug("{}: {}", seed_.name, done.why);
    if (done.why == "ignored") return;
    for (const TrackerAction& action : done.actions) perform(action);
    arm();
    note_change();
}

void ClusterRunner::advance(const std::shared_ptr<Node>& node, const ProbeEvent& event) {
    if (!nodes_.contains(node->id.label)) return;  // removed while the event was on its way
    look_at_token(*node);
    const TimePoint at = now();
    const auto [phase, health] = std::pair(node->state.phase, node->state.health);
    const AttemptPlaces places = places_of(node->state);
    const bool was_failing = node->state.failing_since.has_value();
    node->target.turn_at = share_.next(paces_->whole, at);
    node->target.reprobe_at = paces_->reprobe.next(at);
    ProbeStep done = step(std::move(node->state), event, at, node->target, timings_);
    node->state = std::move(done.state);
    move_places(places, places_of(node->state), *paces_, share_, at);
    if (const auto log = logger("reach"); log->should_log(spdlog::level::debug))
        log->debug("{}: {} -> {} why=\"{}\"", node->id.label, to_string(phase), to_string(node->state.phase), done.why);
    const bool is_news = node->state.health != health || node->state.failing_since.has_value() != was_failing;
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
    if (auto left = sessions_.extract(action.label)) node->link.give_session(std::move(left.mapped()));
    queue_.emplace_back(std::pair(std::weak_ptr(node), ProbeEvent(StartRequested{action.rhythm})));
}

void ClusterRunner::remove(const std::string& label) {
    const auto found = nodes_.find(label);
    if (found == nodes_.end()) return;
    const std::shared_ptr<Node> node = found->second;
    nodes_.erase(found);
    resolver_.cancel(node->query);
    // The tunnel is lost, mostly, and it is probed again in a moment.
    if (TlsSession session = node->link.take_session()) keep(label, std::move(session));
    leave_places(places_of(node->state), *paces_);
    node->timer.cancel();
    node->state.health = NodeHealth::unknown;
    node->state.blame.reset();
    settle_pings(*node);
    asio::post(io_, [node] {});  // its link may be what called us: let it return first
}

void ClusterRunner::keep(const std::string& label, TlsSession session) {
    if (sessions_.size() >= kMostNodes)
        std::erase_if(sessions_, [at = wall_now()](const auto& kept) { return !is_still_verified(kept.second, at); });
    if (sessions_.size() < kMostNodes) sessions_[label] = std::move(session);
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
                       if (tls_) return node->link.secure(tls_, node->id.name, may_resume(node->state));
                       queue_.emplace_back(std::pair(std::weak_ptr(node),
                                                     ProbeEvent(SecureFailed{SecureProblem::untrusted, tls_problem_})));
                   },
                   [&](const SendAuth&) { node->link.send(auth_command(), kShortReply); },
                   [&](const SendPing&) { node->link.send(kPing, kShortReply); },
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

/// It mostly stands where it stood: the list changes with the cluster, and is asked for at every PING.
const TrackedNode* ClusterRunner::tracked(Node& node) const noexcept {
    const auto& all = tracker_.nodes;
    if (node.place >= all.size() || all[node.place].label != node.id.label)
        node.place = static_cast<std::size_t>(std::ranges::find(all, node.id.label, &TrackedNode::label) - all.begin());
    return node.place < all.size() ? &all[node.place] : nullptr;
}

/// A cluster endpoint is a node of its own only where the cluster names no others.
void ClusterRunner::sample(Node& node, std::optional<Microseconds> took) const {
    if (took)
        node.tally.add(*took);
    else
        ++node.tally.lost;
    const TrackedNode* const known = tracked(node);
    if (!on_ping_ || known == nullptr) return;
    const bool is_alone = tracker_.nodes.size() == 1 && (tracker_.coverage || !tracker_.topology_problem.empty());
    if (!known->is_seed || is_alone) on_ping_(node.id.label, took);
}

void ClusterRunner::proved(const std::shared_ptr<Node>& node) {
    sample(*node, node->state.ping);
    const TrackedNode* const known = tracked(*node);
    if (known == nullptr || known->health == NodeHealth::ok) return settle_pings(*node);
    if (known->health == NodeHealth::failed) logger("reach")->debug("node {} answers again", node->id.label);
    queue_.emplace_back(TrackerEvent(NodeProved{node->id.label}));
    settle_pings(*node);
}

void ClusterRunner::failed(const std::shared_ptr<Node>& node) {
    const TrackedNode* const known = tracked(*node);
    const Blame blame = node->state.blame.value_or(Blame{});
    if (!blame.unsent) sample(*node, std::nullopt);
    if (known != nullptr && known->health != NodeHealth::failed)
        logger("reach")->debug("node {} failed: {} layer={} evidence=\"{}\"", node->id.label, blame.code,
                               health::to_string(blame.layer), blame.evidence);
    if (known == nullptr || known->code != blame.code || known->health != NodeHealth::failed) note_change();
    const bool in_tls = blame.silent && blame.layer == health::Layer::tls;
    queue_.emplace_back(TrackerEvent(NodeBlamed{node->id.label, blame.code, in_tls}));
    settle_pings(*node);
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
