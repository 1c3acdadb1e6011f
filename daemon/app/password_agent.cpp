#include "app/password_agent.hpp"

#include "base/log.hpp"
#include "keys/password_file_store.hpp"

#include <utility>
#include <vector>

namespace memdb::app {
namespace {

void warn_blind(const std::string& why) {
    logger("keys")->warn("changes of password files are seen by `systemctl reload memdbd` only: {}", why);
}

}  // namespace

PasswordAgent::PasswordAgent(boost::asio::io_context& io, std::string credentials, std::function<void()> changed)
    : io_(io), credentials_(std::move(credentials)), changed_(std::move(changed)) {}

void PasswordAgent::follow(const Sources& sources) {
    sources_ = sources;
    std::vector<std::string> paths;
    for (const auto& [profile, source] : sources_)
        if (auto path = path_of(source, credentials_)) paths.push_back(*std::move(path));
    if (paths.empty()) {
        watch_.reset();
        return;
    }
    if (!watch_) {
        auto watch = host::FileWatch::open(io_, changed_);
        if (watch.has_error()) return warn_blind(watch.error().message);
        watch_ = std::move(*watch);
    }
    watch_->follow(std::move(paths));
    for (const std::string& why : watch_->blind_spots()) warn_blind(why);
}

std::optional<NamedPassword> PasswordAgent::read(const std::string& profile) const {
    const auto found = sources_.find(profile);
    if (found == sources_.end()) return std::nullopt;
    const auto path = path_of(found->second, credentials_);
    if (!path)
        return NamedPassword{found->second, Failure{Errc::not_found,
                                                    "systemd gave memdbd no credentials: name it with LoadCredential= "
                                                    "in memdbd.service"}};
    return NamedPassword{found->second, keys::read_password_file(*path)};
}

}  // namespace memdb::app
