#include "client/watch_model.hpp"

#include <algorithm>
#include <set>

namespace memdb::client {
namespace {

constexpr std::size_t kPage = 10;  ///< nodes

std::string place_of(std::string_view profile, std::string_view node) {
    return std::string(profile) + " " + std::string(node);
}

/// The key of an escape sequence's last byte, behind "ESC [" or "ESC O".
Key arrow(char last) {
    switch (last) {
        case 'A': return Key::up;
        case 'B': return Key::down;
        case 'C': return Key::next;
        case 'D': return Key::previous;
        case '5': return Key::page_up;
        case '6': return Key::page_down;
        default: return Key::other;
    }
}

Key letter(char c) {
    switch (c) {
        case 'q':
        case 'Q': return Key::quit;
        case 'r': return Key::reconnect;
        case 'd': return Key::doctor;
        case '?':
        case 'h': return Key::help;
        case 'k': return Key::up;
        case 'j': return Key::down;
        case 'n':
        case '\t': return Key::next;
        case 'p': return Key::previous;
        default: return Key::other;
    }
}

}  // namespace

std::vector<Key> decode_keys(std::string_view bytes) {
    std::vector<Key> keys;
    while (!bytes.empty()) {
        if (bytes.size() >= 3 && bytes[0] == '\x1b' && (bytes[1] == '[' || bytes[1] == 'O')) {
            keys.push_back(arrow(bytes[2]));
            std::size_t end = 2;  // up to the byte that ends the sequence: "5~", "1;5A"
            while (end < bytes.size() && (bytes[end] < 0x40 || bytes[end] > 0x7e)) ++end;
            bytes.remove_prefix(std::min(end + 1, bytes.size()));
            continue;
        }
        keys.push_back(letter(bytes[0]));
        bytes.remove_prefix(1);
    }
    return keys;
}

void WatchModel::take(control::Snapshot snapshot) {
    snapshot_ = std::move(snapshot);
    lost_.reset();
    if (find_profile(snapshot_, selected_) == nullptr && !snapshot_.profiles.empty())
        selected_ = snapshot_.profiles.front().name;
    std::set<std::string> there;
    for (const auto& profile : snapshot_.profiles)
        for (const auto& cluster : profile.clusters)
            for (const auto& node : cluster.nodes) there.insert(place_of(profile.name, node.name));
    std::erase_if(samples_, [&](const auto& entry) { return !there.contains(entry.first); });
    scroll_ = std::min(scroll_, nodes() == 0 ? 0 : nodes() - 1);
}

void WatchModel::sample() {
    if (lost_) return;
    for (const auto& profile : snapshot_.profiles)
        for (const auto& cluster : profile.clusters)
            for (const auto& node : cluster.nodes) {
                auto& kept = samples_[place_of(profile.name, node.name)];
                if (node.state == control::NodeState::unknown) continue;  // nothing is known: no sample, not a bad one
                kept.push_back(node.state == control::NodeState::ok ? node.ping_us : std::nullopt);
                if (kept.size() > kSamplesKept) kept.pop_front();
            }
}

void WatchModel::note(std::string line) {
    log_.push_back(std::move(line));
    if (log_.size() > kLinesKept) log_.pop_front();
}

void WatchModel::lose(std::string why, WallTime at) {
    if (!lost_)
        lost_.emplace(std::move(why), at);
    else
        lost_->first = std::move(why);
}

void WatchModel::tell(std::string text, WallTime until) {
    told_ = std::move(text);
    told_until_ = until;
}

Asked WatchModel::press(Key key) {
    if (help_ && key != Key::quit) {
        help_ = false;
        return Asked::nothing;
    }
    const std::size_t last = nodes() == 0 ? 0 : nodes() - 1;
    switch (key) {
        case Key::quit: return Asked::quit;
        case Key::reconnect: return Asked::reconnect;
        case Key::doctor: return Asked::doctor;
        case Key::help: help_ = true; break;
        case Key::up: scroll_ -= std::min<std::size_t>(scroll_, 1); break;
        case Key::down: scroll_ = std::min(scroll_ + 1, last); break;
        case Key::page_up: scroll_ -= std::min(scroll_, kPage); break;
        case Key::page_down: scroll_ = std::min(scroll_ + kPage, last); break;
        case Key::next: select(1); break;
        case Key::previous: select(-1); break;
        case Key::other: break;
    }
    return Asked::nothing;
}

void WatchModel::select(int step) {
    const auto& profiles = snapshot_.profiles;
    if (profiles.empty()) return;
    const auto at = std::ranges::find(profiles, selected_, &control::ProfileView::name);
    const auto count = static_cast<std::ptrdiff_t>(profiles.size());
    const std::ptrdiff_t place = at == profiles.end() ? 0 : at - profiles.begin();
    selected_ = profiles[static_cast<std::size_t>((place + step + count) % count)].name;
    scroll_ = 0;
}

const control::ProfileView* WatchModel::profile() const { return find_profile(snapshot_, selected_); }

const std::deque<Sample>& WatchModel::samples(const std::string& node) const {
    static const std::deque<Sample> none;
    const auto found = samples_.find(place_of(selected_, node));
    return found == samples_.end() ? none : found->second;
}

std::size_t WatchModel::nodes() const {
    std::size_t count = 0;
    if (const auto* chosen = profile())
        for (const auto& cluster : chosen->clusters) count += cluster.nodes.size();
    return count;
}

}  // namespace memdb::client
