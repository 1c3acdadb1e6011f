// Login of the clusters' users by IAM while the profile works: tokens that are pushed, and those that memdbd signs.
#include "app/iam_map.hpp"
#include "app/profile_agent.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <utility>

namespace memdb::app {
namespace {

constexpr Duration kMintedFor =
    10min;  // then another one: of the 15 min that a token lives, enough are left for retries
constexpr Duration kMintRetry = 1min;

}  // namespace

const reach::LoginToken* ProfileAgent::token_of(const reach::IamLogin& login) const {
    const auto known = std::ranges::find(tokens_, login, &KnownToken::login);
    return known == tokens_.end() ? nullptr : &known->token;
}

Result<control::TokenReport> ProfileAgent::take_token(const Secret<>& text) {
    const auto judged = judge_token(text.reveal(), profile_.profile, wall_now());
    if (!judged) return judged.error();
    keep_token(judged->login, {text, judged->signed_at, judged->expires_at});
    around_.changed();
    return control::TokenReport{profile_.profile.name, judged->login.cluster, judged->login.user, judged->expires_at};
}

/// The first one is worth a line; that another follows every few minutes is not.
void ProfileAgent::keep_token(const reach::IamLogin& login, const reach::LoginToken& token) {
    const reach::LoginToken* const before = token_of(login);
    if (before == nullptr || before->expires_at <= wall_now())
        logger("keys")->info("{}: user {} can log in to {}, token until {}", profile_.profile.name, login.user,
                             login.cluster, reach::clock_text(token.expires_at));
    std::erase_if(tokens_, [&](const KnownToken& known) { return known.login == login; });
    tokens_.push_back({login, token});
    for (ClusterAtWork& each : clusters_)
        if (login_of(each.cluster) == login) each.runner->take_token(token);
}

void ProfileAgent::follow_tokens(TimePoint now, WallTime wall) {
    mint_look_.reset();
    if (!around_.settings.iam.credentials || !around_.aws_keys || wanted_ == control::Wanted::disconnected) {
        mint_trouble_.clear();
        return;
    }
    for (const config::Cluster& cluster : profile_.profile.clusters)
        if (const auto login = login_of(cluster)) follow_token(*login, now, wall);
}

/// Signs a token when the last one is old, or nobody can use it any more.
void ProfileAgent::follow_token(const reach::IamLogin& login, TimePoint now, WallTime wall) {
    const auto look_at = [this](TimePoint at) { mint_look_ = std::min(mint_look_.value_or(at), at); };
    const reach::LoginToken* const last = token_of(login);
    const Duration age = last != nullptr ? wall - last->signed_at : kMintedFor;
    if (age >= 0ms && age < kMintedFor) return look_at(now + (kMintedFor - age));
    if (mint_failed_at_ && now - *mint_failed_at_ < kMintRetry) return look_at(*mint_failed_at_ + kMintRetry);
    const auto keys = around_.aws_keys();
    if (!keys) {
        if (mint_trouble_ != keys.error().message)
            logger("keys")->warn("{}: no IAM token: {}", profile_.profile.name, keys.error().message);
        mint_trouble_ = keys.error().message;
        mint_failed_at_ = now;
        return look_at(now + kMintRetry);
    }
    mint_trouble_.clear();
    mint_failed_at_.reset();
    keep_token(login, {reach::mint_iam_token(*keys, login, wall), wall, wall + reach::kIamTokenLife});
    look_at(now + kMintedFor);
}

std::vector<IamStanding> ProfileAgent::iam_standings(WallTime wall, const ClockOffset& clock) const {
    std::vector<IamStanding> standings;
    for (const ClusterAtWork& each : clusters_) {
        const auto login = login_of(each.cluster);
        if (!login) continue;
        IamStanding& standing = standings.emplace_back();
        standing.login = *login;
        if (const reach::LoginToken* token = token_of(*login)) {
            standing.signed_at = token->signed_at;
            standing.expires_at = token->expires_at;
        }
        standing.no_token = reach::why_no_token(standing.expires_at, wall);
        standing.mints = around_.settings.iam.credentials.has_value();
        standing.mint_trouble = mint_trouble_;
        add_probes(standing, each.runner->probes(), clock);
    }
    return standings;
}

}  // namespace memdb::app
