// diff: which changes are worth a line. Their JSON is in event_json.cpp.
#include "control/event.hpp"

#include <algorithm>
#include <map>

namespace memdb::control {
namespace {

/// `since` may tremble by a rounding between two looks at the same moment; a new entry into a phase is further off.
constexpr Duration kSameMoment = 50ms;

class Diff {
  public:
    explicit Diff(WallTime at) : at_(at) {}

    void profile(const ProfileView& before, const ProfileView& after) {
        name_ = after.name;
        if (before.wanted != after.wanted) add(WantedChanged{after.wanted});
        phase(before.tunnel, after.tunnel);
        layers(before.layers, after.layers);
        clusters(before.clusters, after.clusters);
        if (before.rotation != after.rotation) add(RotationChanged{after.rotation});
        findings(before.findings, after.findings);
        if (before.verdict != after.verdict) add(VerdictChanged{before.verdict, after.verdict});
    }

    void appeared(const ProfileView& profile) {
        name_ = profile.name;
        add(ProfileAdded{});
        ProfileView empty;  // what is already true of it follows as changes from nothing
        empty.name = profile.name;
        this->profile(empty, profile);
    }

    void removed(const ProfileView& profile) {
        name_ = profile.name;
        add(ProfileRemoved{});
    }

    void findings(const std::vector<health::Finding>& before, const std::vector<health::Finding>& after) {
        for (const auto& finding : before)
            if (find(after, finding) == nullptr) add(FindingCleared{finding.code, finding.layer});
        for (const auto& finding : after) {
            if (find(before, finding) == nullptr)
                add(FindingRaised{finding});
            else if (!says_the_same(before, finding))
                add(FindingChanged{finding});
        }
    }

    void about_agent() { name_.clear(); }
    std::vector<Event> take() { return std::move(events_); }

  private:
    void add(Change change) { events_.push_back({at_, name_, std::move(change)}); }

    /// Code and layer make it the same finding; its sentence and evidence may change while it lasts.
    static const health::Finding* find(const std::vector<health::Finding>& findings, const health::Finding& wanted) {
        const auto at = std::find_if(findings.begin(), findings.end(), [&](const health::Finding& f) {
            return f.code == wanted.code && f.layer == wanted.layer;
        });
        return at == findings.end() ? nullptr : &*at;
    }

    static bool says_the_same(const std::vector<health::Finding>& findings, const health::Finding& wanted) {
        return std::any_of(findings.begin(), findings.end(), [&](const health::Finding& f) {
            return f.code == wanted.code && f.layer == wanted.layer && f.summary == wanted.summary &&
                   f.severity == wanted.severity;
        });
    }

    void phase(const std::optional<TunnelView>& before, const std::optional<TunnelView>& after) {
        if (!after) return;
        const bool moved = before && std::chrono::abs(after->since - before->since) > kSameMoment;
        if (before && before->phase == after->phase && !moved) return;
        add(PhaseChanged{before ? before->phase : "", after->phase, after->attempt,
                         after->blocked_cause ? after->blocked_cause : after->last_restart_cause, after->retry_at});
    }

    void layers(const std::vector<LayerView>& before, const std::vector<LayerView>& after) {
        for (const auto& layer : after) {
            const auto old =
                std::find_if(before.begin(), before.end(), [&](const LayerView& l) { return l.layer == layer.layer; });
            const LayerState from = old == before.end() ? LayerState::unknown : old->state;
            if (from != layer.state) add(LayerChanged{layer.layer, from, layer.state});
        }
    }

    void clusters(const std::vector<ClusterView>& before, const std::vector<ClusterView>& after) {
        using Key = std::pair<std::string_view, std::string_view>;
        std::map<Key, const NodeView*> old;
        for (const auto& cluster : before)
            for (const auto& node : cluster.nodes) old.try_emplace(Key{cluster.endpoint, node.name}, &node);
        for (const auto& cluster : after) {
            for (const auto& node : cluster.nodes) {
                const auto known = old.extract(Key{cluster.endpoint, node.name});
                if (known.empty())
                    add(NodeChanged{cluster.endpoint, node.name, std::nullopt, node.state, node.finding});
                else if (known.mapped()->state != node.state)
                    add(NodeChanged{cluster.endpoint, node.name, known.mapped()->state, node.state, node.finding});
            }
        }
        for (const auto& [key, node] : old)
            add(NodeChanged{std::string(key.first), std::string(key.second), node->state, std::nullopt, std::nullopt});
    }

    WallTime at_;
    std::string name_;
    std::vector<Event> events_;
};

}  // namespace

std::vector<Event> diff(const Snapshot& before, const Snapshot& after, WallTime at) {
    Diff result(at);
    for (const auto& profile : before.profiles)
        if (find_profile(after, profile.name) == nullptr) result.removed(profile);
    for (const auto& profile : after.profiles) {
        const ProfileView* old = find_profile(before, profile.name);
        if (old == nullptr)
            result.appeared(profile);
        else
            result.profile(*old, profile);
    }
    result.about_agent();
    result.findings(before.findings, after.findings);
    return result.take();
}

}  // namespace memdb::control
