// The probes of one cluster at work: asks cluster_tracker and probe_machine, and does what they say. Decides nothing.
//
// In:   start, stop, path_changed, probe_now, ping; answers of resolver, links and timers. Out: state for
// the snapshot, on_change when it moved, log lines on edges. All calls and callbacks on the loop's thread; callbacks
// never come from inside a call.
#pragma once

#include "base/secret.hpp"
#include "host/name_resolver.hpp"
#include "reach/attempt_pace.hpp"
#include "reach/cluster_tracker.hpp"
#include "reach/node_exam_runner.hpp"
#include "reach/ping_tally.hpp"
#include "reach/probe_state.hpp"
#include "reach/probe_timings.hpp"
#include "reach/tls_context.hpp"
#include "reach/tls_session.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace memdb::reach {

/// What is probed, and as whom.
struct ClusterTarget {
    std::string host;  ///< the cluster endpoint
    std::uint16_t port = 6379;
    bool tls = true;
    std::string user;  ///< empty: the default user; with an empty password there is no AUTH
    Secret<> password;
    bool iam = false;    ///< the password is the last token of take_token(); until the first one nobody logs in
    std::string ca_pem;  ///< empty: the system's store
};

/// A password that ends.
struct LoginToken {
    Secret<> text;
    WallTime signed_at{};
    WallTime expires_at{};
};

struct PingResult {
    std::string node;
    bool ok = false;
    std::optional<Microseconds> duration;  ///< when ok
    std::string error;                     ///< one line, when not
};

class ClusterRunner {
  public:
    using OnChange = std::function<void()>;
    using OnPing = std::function<void(const std::string& label, std::optional<Microseconds> took)>;
    using OnPinged = std::function<void(std::vector<PingResult>)>;

    /// @param on_change  called after a node's health, its first miss or its end, the topology or a bulk check, not
    ///                   after every PONG; several changes may share one call.
    /// @param before_deadline  called before a deadline is acted on: a sleep that nobody noticed may be behind it, and
    ///                         then path_changed() or stop() is to be called, for nothing proved before it counts.
    /// `io` and `resolver` must outlive this object.
    ClusterRunner(boost::asio::io_context& io, host::NameResolver& resolver, ClusterTarget target,
                  const ProbeTimings& timings, OnChange on_change, std::function<void()> before_deadline = {});
    ~ClusterRunner();  ///< closes everything; open pings are not called back
    ClusterRunner(const ClusterRunner&) = delete;
    ClusterRunner& operator=(const ClusterRunner&) = delete;

    void start();  ///< Begins to probe. Idempotent.
    void stop();   ///< Closes all connections; every node becomes unknown, the topology is remembered. Idempotent.
    void path_changed();  ///< The way to the nodes is another: proves everything anew, at once.
    void probe_now();     ///< The network may have changed: PINGs the sentinel and its witnesses at once.

    /// A fresh PING on each kept connection (a whole proof where there is none).
    ///
    /// @param node  one label; none: all nodes.
    /// @param done  called once, in the order of the map; empty when stopped or when there is no such node. A node
    ///              that has no verdict within `limit` gets an error.
    void ping(const std::optional<std::string>& node, Duration limit, OnPinged done);

    /// Of a target by IAM: logs in with `token` from now on. Connections that are kept stay; who waits for one is tried
    /// at once.
    void take_token(LoginToken token);

    /// Where and as whom the doctor connects to a node; nothing for one without an address.
    [[nodiscard]] std::optional<NodeExamTarget> exam_target(const std::string& label) const;
    /// `sampled` is called for every PING of a node of the map: with its duration, or without one when it was missed or
    /// the node could not be asked. From inside the step: it may not call back.
    void on_ping(OnPing sampled) { on_ping_ = std::move(sampled); }

    void set_timings(const ProbeTimings& timings);  ///< In force from the next step on.

    /// Attempts of all runners that share paces begin one after the other. Before start(); without it a runner has
    /// its own.
    void share(std::shared_ptr<AttemptPaces> paces) { paces_ = std::move(paces); }

    [[nodiscard]] const TrackerState& tracker() const noexcept { return tracker_; }
    /// @return null for a label that is not probed now. Valid until control returns to the loop.
    [[nodiscard]] const ProbeState* probe_of(const std::string& label) const noexcept;
    /// The same of its PINGs since it is probed.
    [[nodiscard]] const PingTally* tally_of(const std::string& label) const noexcept;
    /// Of every node that is probed now, for silent_since(). Valid until control returns to the loop.
    [[nodiscard]] std::vector<const ProbeState*> probes() const;
    /// The earliest moment that one of its timers waits for.
    [[nodiscard]] std::optional<TimePoint> next_deadline() const;
    [[nodiscard]] const ProbeTimings& timings() const noexcept { return timings_; }

  private:
    struct Node;
    struct Pinging;
    using Queued = std::variant<TrackerEvent, std::pair<std::weak_ptr<Node>, ProbeEvent>>;

    void feed(TrackerEvent event);
    void feed(const std::weak_ptr<Node>& node, ProbeEvent event);
    void drain();
    void advance(const TrackerEvent& event);
    void advance(const std::shared_ptr<Node>& node, const ProbeEvent& event);
    void perform(const TrackerAction& action);
    void perform(const std::shared_ptr<Node>& node, const ProbeAction& action);
    void add(const AddNode& action);
    void remove(const std::string& label);
    void keep(const std::string& label, TlsSession session);
    void resolve(const std::shared_ptr<Node>& node, Duration limit);
    [[nodiscard]] std::string auth_command() const;
    void look_at_token(Node& node) const;
    void proved(const std::shared_ptr<Node>& node);
    void failed(const std::shared_ptr<Node>& node);
    void arm(const std::shared_ptr<Node>& node);
    void arm();
    [[nodiscard]] const TrackedNode* tracked(Node& node) const noexcept;
    void sample(Node& node, std::optional<Microseconds> took) const;
    void settle_pings(const Node& node);
    void note_change();
    void every_node(const ProbeEvent& event);

    boost::asio::io_context& io_;
    host::NameResolver& resolver_;
    ClusterTarget target_;
    ProbeTimings timings_;
    OnChange on_change_;
    OnPing on_ping_;
    std::function<void()> before_deadline_;
    ClusterSeed seed_;
    std::shared_ptr<TlsContext> tls_;
    std::optional<LoginToken> token_;
    std::uint64_t token_number_ = 0;
    std::string tls_problem_;  // why there is no context
    TrackerState tracker_;
    std::unordered_map<std::string, std::shared_ptr<Node>> nodes_;
    std::unordered_map<std::string, TlsSession> sessions_;  // of nodes that are not probed now, by label
    std::shared_ptr<AttemptPaces> paces_ = std::make_shared<AttemptPaces>();
    AttemptShare share_;
    std::vector<Queued> queue_;  // keeps its room: nothing is allocated for a PING
    std::size_t next_ = 0;       // of the queue
    bool is_draining_ = false;
    bool change_is_noted_ = false;
    boost::asio::steady_timer timer_;
    std::optional<TimePoint> armed_;
    std::vector<std::shared_ptr<Pinging>> pings_;
    std::shared_ptr<const int> life_ = std::make_shared<const int>(0);
};

}  // namespace memdb::reach
