#include "reach/cluster_tracker.hpp"

#include "reach/roster_map.hpp"
#include "reach/sentinel_policy.hpp"

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <utility>

namespace memdb::reach {
namespace {

constexpr Duration kAgain = 500ms;  // between retries, and between questions for the topology, as nodes come and go
constexpr Duration kSuspicionSpread = 100ms;  // all nodes are probed within it once the sentinel has failed

/// One step under way. Members are the parameters that every rule needs.
class Turn {
  public:
    Turn(TrackerState state, TimePoint now, const ClusterSeed& seed, const ProbeTimings& timings)
        : s_(std::move(state)), now_(now), seed_(seed), timings_(timings) {}

    TrackerStep take(const TrackerEvent& event) {
        if (!s_.is_running && !std::holds_alternative<TrackingRequested>(event)) return ignored();
        return std::visit([this](const auto& e) { return on(e); }, event);
    }

  private:
    /// Only before the first change.
    TrackerStep ignored() { return {std::move(s_), {}, "ignored"}; }

    /// What every step ends with: a sentinel, its rhythm and everybody's, the questions that are due.
    TrackerStep done(std::string_view why) {
        if (s_.retry_due && now_ >= *s_.retry_due) retry_failed();
        choose_sentinel();
        set_rhythms();
        ask_if_due();
        s_.deadline = s_.sentinel_until;
        if (s_.topology_due && (s_.asked.empty() ? find_ok() != nullptr : true))
            s_.deadline = std::min(*s_.deadline, *s_.topology_due);
        if (s_.retry_due) s_.deadline = std::min(*s_.deadline, *s_.retry_due);
        ask_bulk_if_due();
        return {std::move(s_), std::move(actions_), why};
    }

    TrackedNode* find(std::string_view label) {
        const auto found =
            std::find_if(s_.nodes.begin(), s_.nodes.end(), [&](const TrackedNode& n) { return n.label == label; });
        return found == s_.nodes.end() ? nullptr : &*found;
    }

    /// The sentinel when it is ok, else the first node that is; none when none is. `except` is asked last.
    const TrackedNode* find_ok(std::string_view except = {}) {
        const TrackedNode* sentinel = find(s_.sentinel);
        if (sentinel != nullptr && sentinel->health == NodeHealth::ok && sentinel->label != except) return sentinel;
        const TrackedNode* last = nullptr;
        for (const TrackedNode& node : s_.nodes) {
            if (node.health != NodeHealth::ok) continue;
            if (node.label != except) return &node;
            last = &node;
        }
        return last;
    }

    // --- sentinel and rhythm ----------------------------------------------------------------------------------------

    void choose_sentinel() {
        const TrackedNode* current = find(s_.sentinel);
        const bool term_is_over = now_ >= s_.sentinel_until;
        if (current != nullptr && current->health == NodeHealth::ok && !term_is_over) return;
        if (term_is_over) s_.sentinel_until = now_ + timings_.sentinel_term;
        const TrackedNode& next = next_sentinel(s_.nodes, current);
        if (next.label == s_.sentinel) return;
        s_.sentinel = next.label;
        s_.sentinel_until = now_ + timings_.sentinel_term;
    }

    void set_rhythms() {
        std::unordered_map<std::string_view, AddNode*> added;
        for (TrackerAction& action : actions_)
            if (auto* add = std::get_if<AddNode>(&action)) added.emplace(add->label, add);
        std::vector<TrackerAction> changed;
        for (TrackedNode& node : s_.nodes) {
            const Rhythm rhythm = rhythm_of(node, node.label == s_.sentinel, s_.nodes.size(), timings_);
            if (rhythm == node.rhythm) continue;
            node.rhythm = rhythm;
            if (const auto found = added.find(node.label); found != added.end())
                found->second->rhythm = rhythm;
            else
                changed.emplace_back(SetRhythm{node.label, rhythm});
        }
        std::ranges::move(changed, std::back_inserter(actions_));
    }

    void probe_witnesses() {
        for (const std::string& label : witnesses_of(s_.nodes, s_.sentinel))
            actions_.emplace_back(ProbeNode{label, 0ms});
    }

    /// Not before the members are known or known to be unreadable: until then the sentinel is a seed about to leave.
    void ask_bulk_if_due() {
        const TrackedNode* sentinel = find(s_.sentinel);
        const bool topology_was_seen = s_.coverage || s_.topology_was_missed || !s_.topology_problem.empty();
        if (!topology_was_seen || sentinel == nullptr || sentinel->health != NodeHealth::ok) return;
        if (spares_connections()) return;
        follow_sentinel(s_.bulk, s_.sentinel, now_);
        if (bulk_is_due(s_.bulk, now_, timings_)) actions_.emplace_back(AskBulk{s_.sentinel});
        s_.deadline = std::min(*s_.deadline, *s_.bulk.due);
    }

    // --- nodes ------------------------------------------------------------------------------------------------------

    void track(const TrackedNode& node) {
        actions_.emplace_back(AddNode{node.label, node.name, node.port, node.rhythm});
    }

    void untrack(const std::string& label) {
        actions_.emplace_back(RemoveNode{label});
        if (s_.asked == label) s_.asked.clear();
    }

    void add_seed() {
        s_.nodes.push_back({.label = seed_.name,
                            .name = seed_.name,
                            .port = seed_.port,
                            .is_seed = true,
                            .share = share_of(seed_.name)});
        track(s_.nodes.back());
    }

    /// The seed goes once a member is proved, and comes back when all members have failed.
    void weigh_seed() {
        const auto is_ok = [](const TrackedNode& node) { return !node.is_seed && node.health == NodeHealth::ok; };
        const auto is_failed = [](const TrackedNode& node) {
            return node.is_seed || node.health == NodeHealth::failed;
        };
        const auto seed =
            std::find_if(s_.nodes.begin(), s_.nodes.end(), [](const TrackedNode& node) { return node.is_seed; });
        if (seed != s_.nodes.end() && std::any_of(s_.nodes.begin(), s_.nodes.end(), is_ok)) {
            untrack(seed->label);
            s_.nodes.erase(seed);
        } else if (seed == s_.nodes.end() && find(seed_.name) == nullptr &&
                   std::all_of(s_.nodes.begin(), s_.nodes.end(), is_failed)) {
            add_seed();
        }
    }

    // --- topology ---------------------------------------------------------------------------------------------------

    [[nodiscard]] bool is_troubled() const {
        const bool some_failed = std::any_of(s_.nodes.begin(), s_.nodes.end(),
                                             [](const TrackedNode& node) { return node.health == NodeHealth::failed; });
        return some_failed || !s_.topology_problem.empty() || !s_.coverage ||
               (s_.coverage->is_cluster &&
                (s_.coverage->slots_covered < kSlots || !s_.coverage->shards_without_primary.empty()));
    }

    /// While something is wrong, a failover may be on its way: look again as often as nodes are probed.
    void plan_topology() {
        s_.asked.clear();
        s_.topology_due = now_ + (is_troubled() ? timings_.node_interval : timings_.topology_interval);
    }

    void ask_soon() { s_.topology_due = std::max(now_, s_.asked_at + kAgain); }

    void ask_if_due() {
        if (!s_.topology_due || now_ < *s_.topology_due) return;
        if (spares_connections()) {
            s_.topology_due = now_ + timings_.node_interval;
            return;
        }
        const TrackedNode* node = find_ok(s_.asked);  // one that owes an answer since the last time is asked last
        s_.asked = node != nullptr ? node->label : "";
        if (node == nullptr) return;  // the first proof will ask
        s_.topology_due = now_ + timings_.node_interval;
        s_.asked_at = now_;
        actions_.emplace_back(AskTopology{node->label});
    }

    void apply(const ClusterMap& map) {
        Roster roster = follow_map(s_.nodes, map, seed_);
        s_.nodes = std::move(roster.nodes);
        for (const std::size_t place : roster.joined) track(s_.nodes[place]);
        for (const std::string& label : roster.left) untrack(label);
        s_.coverage = Coverage{map.is_cluster, map.slots_covered, map.uncovered, map.shards_without_primary};
        weigh_seed();
        if (!roster.announcement.empty()) actions_.emplace_back(AnnounceTopology{std::move(roster.announcement)});
    }

    // --- events -----------------------------------------------------------------------------------------------------

    TrackerStep on(const TrackingRequested&) {
        if (s_.is_running) return ignored();
        s_.is_running = true;
        s_.topology_due = now_;
        s_.sentinel_until = now_ + timings_.sentinel_term;
        if (s_.nodes.empty())
            add_seed();
        else  // known from before the pause: no need to ask the seed first
            for (const TrackedNode& node : s_.nodes) track(node);
        return done("start");
    }

    /// Forgets what was proved, but not who the members are.
    TrackerStep on(const TrackingEndRequested&) {
        for (const TrackedNode& node : s_.nodes) actions_.emplace_back(RemoveNode{node.label});
        if (s_.coverage) std::erase_if(s_.nodes, [](const TrackedNode& node) { return node.is_seed; });
        forget_proofs();
        TrackerState paused;
        paused.nodes = std::move(s_.nodes);
        paused.coverage = std::move(s_.coverage);
        paused.sentinel = std::move(s_.sentinel);
        return {std::move(paused), std::move(actions_), "stop"};
    }

    void forget_proofs() {
        for (TrackedNode& node : s_.nodes) {
            node.health = NodeHealth::unknown;
            node.code.clear();
            node.silent_in_tls = false;
        }
    }

    /// While large packets are known to get lost, whoever is asked for one loses its connection for it: the handshakes
    /// of those that have lost theirs tell when the way is good again.
    [[nodiscard]] bool spares_connections() const {
        return s_.bulk.state == BulkState::failed &&
               std::any_of(s_.nodes.begin(), s_.nodes.end(), [](const TrackedNode& n) { return n.silent_in_tls; });
    }

    TrackerStep on(const NodeProved& e) {
        TrackedNode* node = find(e.label);
        if (node == nullptr) return ignored();
        if (node->health == NodeHealth::ok) return ignored();
        if (s_.large_lost_by == e.label) s_.large_lost_by.clear();
        const bool was_failed = node->health == NodeHealth::failed;
        node->health = NodeHealth::ok;
        node->code.clear();
        if (std::exchange(node->silent_in_tls, false)) note_tls_passed(s_.bulk, now_);
        if (was_failed && s_.asked.empty()) ask_soon();  // it may have come back as a replica
        if (was_failed) s_.retry_due = std::max(now_, s_.retried_at + kAgain);
        weigh_seed();
        return done("node ok");
    }

    /// The sentinel's miss may be the tunnel's: its witnesses know at once, the re-probes only later.
    TrackerStep on(const NodeMissed& e) {
        const TrackedNode* node = find(e.label);
        if (node == nullptr || node->health != NodeHealth::ok) return ignored();
        if (e.label == s_.sentinel) probe_witnesses();
        return done("node missed");
    }

    TrackerStep on(const NodeBlamed& e) {
        TrackedNode* node = find(e.label);
        if (node == nullptr ||
            (node->health == NodeHealth::failed && node->code == e.code && node->silent_in_tls == e.silent_in_tls))
            return ignored();
        const bool was_ok = node->health == NodeHealth::ok;
        node->health = NodeHealth::failed;
        node->code = e.code;
        node->silent_in_tls = e.silent_in_tls;
        if (s_.asked == e.label) s_.asked.clear();
        if (e.silent_in_tls) note_tls_silence(s_.bulk, e.label, e.label == s_.large_lost_by);
        forget_node(s_.bulk, e.label);
        if (was_ok) ask_soon();
        if (was_ok && e.label == s_.sentinel) suspect_all();
        weigh_seed();
        return done("node failed");
    }

    /// What kept this node away may have kept the others away too: no need to wait for their turns. Of a thousand that
    /// come back, not each makes all the others begin anew.
    void retry_failed() {
        s_.retried_at = now_;
        s_.retry_due.reset();
        Duration::rep i = 0;
        const auto of = static_cast<Duration::rep>(s_.nodes.size());
        for (const TrackedNode& node : s_.nodes)
            if (node.health == NodeHealth::failed)
                actions_.emplace_back(ProbeNode{node.label, kSuspicionSpread * i++ / of});
    }

    void suspect_all() {
        const auto others = static_cast<Duration::rep>(s_.nodes.size()) - 1;
        Duration::rep i = 0;
        for (const TrackedNode& node : s_.nodes)
            if (node.label != s_.sentinel)
                actions_.emplace_back(ProbeNode{node.label, kSuspicionSpread * i++ / others});
    }

    TrackerStep on(const NodeForgotten& e) {
        TrackedNode* node = find(e.label);
        if (node == nullptr || node->health == NodeHealth::unknown) return ignored();
        node->health = NodeHealth::unknown;
        node->code.clear();
        node->silent_in_tls = false;
        if (s_.asked == e.label) s_.asked.clear();
        forget_node(s_.bulk, e.label);
        return done("node unknown");
    }

    /// All at once: told one by one, each node would become the sentinel for a moment.
    TrackerStep on(const PathChanged&) {
        forget_proofs();
        s_.asked.clear();
        s_.bulk = {};
        return done("path changed");
    }

    TrackerStep on(const TopologyReceived& e) {
        const TrackedNode* node = find(e.label);
        if (node == nullptr) return ignored();
        const auto map = parse_topology(e.reply, AskedNode{node->name, node->port, seed_.tls});
        s_.topology_problem = map ? "" : map.error().message;
        s_.topology_was_missed = false;
        s_.large_lost_by.clear();
        if (map) apply(*map);
        plan_topology();
        return done(map ? "topology" : "topology unreadable");
    }

    TrackerStep on(const TopologyMissed& e) {
        if (find(e.label) == nullptr) return ignored();
        s_.asked = e.label;  // so that another one is asked next
        s_.large_lost_by = e.label;
        if (!std::exchange(s_.topology_was_missed, true)) {
            s_.topology_due = now_;
            return done("topology missed");
        }
        s_.topology_problem = e.evidence;
        s_.topology_due = now_ + timings_.node_interval;
        return done("topology missed again");
    }

    TrackerStep on(const BulkChecked& e) {
        if (e.label != s_.bulk.node) return ignored();
        note_result(s_.bulk, e.result, e.evidence, now_, timings_);
        return done("bulk checked");
    }

    TrackerStep on(const ProbeNowRequested&) {
        const TrackedNode* sentinel = find(s_.sentinel);
        if (sentinel == nullptr || sentinel->health != NodeHealth::failed)
            actions_.emplace_back(ProbeNode{s_.sentinel, 0ms});
        probe_witnesses();
        retry_failed();  // what kept them away may be gone
        return done("probe now");
    }

    TrackerStep on(const TrackerDeadlinePassed&) {
        if (!s_.deadline || now_ < *s_.deadline) return ignored();
        return done("deadline");
    }

    TrackerState s_;
    TimePoint now_;
    const ClusterSeed& seed_;
    const ProbeTimings& timings_;
    std::vector<TrackerAction> actions_;
};

}  // namespace

TrackerStep step(TrackerState state, const TrackerEvent& event, TimePoint now, const ClusterSeed& seed,
                 const ProbeTimings& timings) {
    return Turn(std::move(state), now, seed, timings).take(event);
}

}  // namespace memdb::reach
