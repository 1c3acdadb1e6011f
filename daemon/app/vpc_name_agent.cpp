#include "app/vpc_name_agent.hpp"

#include "base/log.hpp"

#include <utility>

namespace memdb::app {
namespace {

constexpr Duration kLimit = 3s;
constexpr Duration kWitnessLimit = 1500ms;
constexpr Duration kWitnessAgain = 5s;
constexpr std::size_t kShown = 4;  // addresses of one name

}  // namespace

VpcNameAgent::VpcNameAgent(host::NameResolver& resolver, std::vector<config::Cluster> clusters,
                           std::function<void()> changed)
    : resolver_(resolver), clusters_(std::move(clusters)), changed_(std::move(changed)) {}

VpcNameAgent::~VpcNameAgent() { forget(); }

void VpcNameAgent::forget() {
    for (const auto& [host, query] : open_) resolver_.cancel(query);
    open_.clear();
    witness({}, {});
    answers_.clear();
    server_.clear();
    asked_for_.reset();
}

void VpcNameAgent::follow(const tunnel::TunnelState& tunnel) {
    if (tunnel.phase != tunnel::Phase::up || !tunnel.pushed || tunnel.pushed->dns.empty()) {
        if (asked_for_) forget();
        return;
    }
    if (asked_for_ == tunnel.connected_at) return;
    forget();
    asked_for_ = tunnel.connected_at;
    server_ = to_string(tunnel.pushed->dns.front());
    ask();
}

void VpcNameAgent::witness(std::optional<TimePoint> silent_since, TimePoint now) {
    if (!silent_since || server_.empty() || clusters_.empty()) {
        if (witness_) resolver_.cancel(*witness_);
        witness_.reset();
        witness_at_.reset();
        voice_ = health::VpcVoice::unknown;
        return;
    }
    if (voice_ == health::VpcVoice::answers || witness_ || (witness_at_ && now < *witness_at_)) return;
    if (!witness_at_) voice_ = health::VpcVoice::asked;
    witness_at_ = now + kWitnessAgain;
    const std::string& name = clusters_.front().host;  // whatever it says of it, it lives
    witness_ =
        resolver_.resolve_at(server_, name, kWitnessLimit, [this](const Result<host::NameResolver::Addresses>& result) {
            witness_.reset();
            const bool is_silent = result.has_error() && result.error().code == Errc::deadline_passed;
            heard(is_silent ? health::VpcVoice::silent : health::VpcVoice::answers);
        });
}

void VpcNameAgent::heard(health::VpcVoice voice) {
    if (std::exchange(voice_, voice) == voice) return;
    logger("host")->debug("{}, asked through the tunnel, {}", server_,
                          voice == health::VpcVoice::silent ? "is silent" : "answers");
    changed_();
}

void VpcNameAgent::ask() {
    for (const config::Cluster& cluster : clusters_) {
        if (parse_address(cluster.host)) continue;
        open_[cluster.host] = resolver_.resolve_at(
            server_, cluster.host, kLimit, [this, host = cluster.host](Result<host::NameResolver::Addresses> result) {
                open_.erase(host);
                std::string text;
                if (result.has_value())
                    for (std::size_t i = 0; i < std::min(result->size(), kShown); ++i)
                        text += (i > 0 ? ", " : "") + (*result)[i].to_string();
                else
                    logger("host")->debug("{} asked for {}: {}", server_, host, result.error().message);
                if (std::exchange(answers_[host], text) != text) changed_();
            });
    }
}

std::string VpcNameAgent::answer(const std::string& host) const {
    const auto found = answers_.find(host);
    return found == answers_.end() ? std::string() : found->second;
}

}  // namespace memdb::app
