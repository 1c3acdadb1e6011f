#include "client/notify_tracker.hpp"

#include "client/text.hpp"

#include <algorithm>

namespace memdb::client {
namespace {

using control::ProfileView;
using health::Verdict;

constexpr Duration kLook = 1h;  ///< days pass without an event

bool is_lost(const ProfileView& profile) {
    if (profile.wanted != control::Wanted::connected) return false;
    return profile.verdict != Verdict::reachable && profile.verdict != Verdict::degraded;
}

std::string reason_of(const ProfileView& profile) {
    if (profile.findings.empty()) return "No node answers yet: memdbctl status";
    const auto& finding = profile.findings.front();
    return finding.summary + (finding.advice.empty() ? "" : "\n" + finding.advice);
}

}  // namespace

bool NotifyTracker::lasts(Trouble& trouble, TimePoint now) {
    trouble.since = trouble.since.value_or(now);
    if (trouble.told || now - *trouble.since < kHold) return false;
    trouble.told = true;
    return true;
}

std::vector<Notice> NotifyTracker::see(const control::Snapshot& snapshot, TimePoint now) {
    std::vector<Notice> out;
    if (agent_.told) out.push_back({"agent", "memdbd answers again", "", false});
    agent_ = {};
    const auto gone = [&](const auto& entry) { return find_profile(snapshot, entry.first) == nullptr; };
    std::erase_if(profiles_, gone);
    std::erase_if(certificates_, gone);
    for (const ProfileView& profile : snapshot.profiles) {
        see_profile(profile, now, out);
        see_certificate(profile, now, out);
    }
    return out;
}

std::vector<Notice> NotifyTracker::miss(TimePoint now) {
    if (!lasts(agent_, now)) return {};
    return {{"agent", "memdbd does not answer", "Nobody watches the way to MemoryDB: systemctl status memdbd", true}};
}

void NotifyTracker::see_profile(const ProfileView& profile, TimePoint now, std::vector<Notice>& out) {
    Trouble& trouble = profiles_[profile.name];
    if (is_lost(profile)) {
        if (lasts(trouble, now))
            out.push_back({profile.name, profile.name + " is not reachable", reason_of(profile), true});
        return;
    }
    // A person who disconnects knows it.
    if (trouble.told && profile.wanted == control::Wanted::connected)
        out.push_back({profile.name, profile.name + " is reachable again",
                       "After " + duration_text(now - *trouble.since), false});
    trouble = {};
}

void NotifyTracker::see_certificate(const ProfileView& profile, TimePoint now, std::vector<Notice>& out) {
    if (!profile.credential || profile.credential->days_left > kCertificateDays ||
        profile.credential->state == "not-yet-valid") {
        certificates_.erase(profile.name);
        return;
    }
    const auto told = certificates_.find(profile.name);
    if (told != certificates_.end() && now - told->second < kAgain) return;
    certificates_[profile.name] = now;
    const std::int64_t days = profile.credential->days_left;
    const bool over = profile.credential->state == "expired" || days < 0;
    const std::string when = over        ? "has expired"
                             : days == 0 ? "expires today"
                                         : "expires in " + count_text(static_cast<std::size_t>(days), "day");
    out.push_back({profile.name + " certificate", "The certificate of " + profile.name + " " + when,
                   "A new one: memdbctl rotate " + profile.name, over || days <= 1});
}

TimePoint NotifyTracker::next(TimePoint now) const {
    TimePoint at = now + kLook;
    const auto consider = [&](const Trouble& trouble) {
        if (trouble.since && !trouble.told) at = std::min(at, *trouble.since + kHold);
    };
    consider(agent_);
    for (const auto& [name, trouble] : profiles_) consider(trouble);
    return std::max(at, now);
}

}  // namespace memdb::client
