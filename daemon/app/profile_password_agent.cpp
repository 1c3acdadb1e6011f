// The password of the clusters' user put in force while the profile works: see name_password().
#include "app/password_map.hpp"
#include "app/profile_agent.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <utility>

namespace memdb::app {

void ProfileAgent::name_password(const std::optional<NamedPassword>& named) {
    note_named(named);
    const Secret<>& next = password_to_use(named, stored_password_, password_);
    if (next.reveal() != password_.reveal()) {
        password_ = next;
        logger("keys")->info("{}: takes the password {}", profile_.profile.name,
                             named ? "of " + to_string(named->source) : "that is stored with it");
        renew_clusters(Renewed::of_users);
    }
    around_.changed();
}

void ProfileAgent::note_named(const std::optional<NamedPassword>& named) {
    named_.reset();
    if (!named) return;
    named_.emplace(named->source, std::nullopt);
    if (!named->password) named_->second = named->password.error();
}

std::vector<health::Condition> ProfileAgent::password_trouble() const {
    const auto has_user = [](const config::Cluster& cluster) { return !cluster.user.empty() && !cluster.iam; };
    if (!named_ || !named_->second || std::ranges::none_of(profile_.profile.clusters, has_user)) return {};
    return password_conditions(named_->first, *named_->second, !password_.empty());
}

}  // namespace memdb::app
