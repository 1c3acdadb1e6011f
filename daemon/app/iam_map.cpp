#include "app/iam_map.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace memdb::app {
namespace {

constexpr Duration kClockSkew = 15min;  // of the two machines; AWS itself takes no more

Failure bad(std::string message) { return {Errc::bad_input, std::move(message)}; }

template <class T>
void lower(std::optional<T>& least, const T& value) {
    least = std::min(least.value_or(value), value);
}

std::string end_text(const IamStanding& standing) {
    return standing.first_end ? reach::clock_text(*standing.first_end) : "12 h after they began";
}

/// Nobody can log in, and somebody would have to; or an end is in sight.
std::optional<health::Condition> condition_of(const IamStanding& standing, TimePoint now) {
    const bool lacks_token = !standing.no_token.empty();
    if (lacks_token && !standing.lacking.empty()) {
        if (standing.mint_trouble.empty())
            return health::Condition{"iam-token-failed",
                                     fmt::format("user {} cannot log in to {}: {}", standing.login.user,
                                                 standing.login.cluster, standing.no_token),
                                     standing.lacking};
        return health::Condition{"iam-token-failed", "the AWS keys that memdbd.toml names cannot be used",
                                 standing.mint_trouble};
    }
    const bool is_overdue = lacks_token && standing.first_reauth && now >= *standing.first_reauth;
    if (is_overdue)
        return health::Condition{"iam-token-failed",
                                 fmt::format("connections of user {}, authenticated by IAM, end at {}",
                                             standing.login.user, end_text(standing)),
                                 standing.mint_trouble.empty() ? standing.no_token : standing.mint_trouble,
                                 health::Severity::warning};
    if (!standing.refusal.empty())
        return health::Condition{"iam-token-failed",
                                 fmt::format("a fresh token of user {} is refused; connections end at {}",
                                             standing.login.user, end_text(standing)),
                                 standing.refusal, health::Severity::warning};
    return std::nullopt;
}

}  // namespace

std::optional<reach::IamLogin> login_of(const config::Cluster& cluster) {
    if (!cluster.iam) return std::nullopt;
    return reach::IamLogin{cluster.iam->cluster, cluster.user, cluster.iam->region};
}

Result<reach::IamToken> judge_token(std::string_view text, const config::Profile& profile, WallTime now) {
    auto token = reach::read_iam_token(text);
    if (!token) return token.error();
    std::string clusters;
    std::optional<reach::IamLogin> login;
    for (const config::Cluster& cluster : profile.clusters) {
        const auto known = login_of(cluster);
        if (!known) continue;
        clusters += (clusters.empty() ? "" : ", ") + known->cluster;
        const bool is_better = !login || known->region == token->login.region;
        if (known->cluster == token->login.cluster && is_better) login = known;
    }
    if (clusters.empty())
        return bad(fmt::format("{0} does not log in by IAM: memdbctl profile set {0} --user USER --iam", profile.name));
    if (!login)
        return bad(fmt::format("the token is for the cluster {}, the profile's is {}", token->login.cluster, clusters));
    if (login->user != token->login.user)
        return bad(fmt::format("the token is for the user {}, the profile's is {}", token->login.user, login->user));
    if (now >= token->expires_at)
        return bad(fmt::format("the token expired at {}: push a fresh one, and check this machine's clock",
                               reach::clock_text(token->expires_at)));
    if (token->signed_at > now + kClockSkew)
        return bad("the token was signed in the future: check the clocks of both machines");
    token->login = *login;
    return token;
}

void add_probes(IamStanding& standing, const std::vector<const reach::ProbeState*>& probes, const ClockOffset& clock) {
    for (const reach::ProbeState* probe : probes) {
        if (probe->blame && probe->blame->unsent) standing.lacking = probe->blame->evidence;
        if (probe->authenticated_at)
            lower(standing.first_end, clock.wall(*probe->authenticated_at) + reach::kIamConnectionLife);
        if (probe->reauth_at) lower(standing.first_reauth, *probe->reauth_at);
        if (!probe->reauth_refusal.empty()) standing.refusal = probe->reauth_refusal;
    }
}

std::vector<health::Condition> iam_conditions(const std::vector<IamStanding>& standings, TimePoint now) {
    std::vector<health::Condition> out;
    for (const IamStanding& standing : standings) {
        auto condition = condition_of(standing, now);
        if (!condition) continue;
        const bool is_worse = out.empty() || (out.front().severity && !condition->severity);
        if (is_worse) out.assign(1, *std::move(condition));
    }
    return out;
}

control::IamView iam_view(const IamStanding& standing) {
    return {standing.login.user, standing.login.cluster, standing.login.region, standing.signed_at,
            standing.expires_at, standing.first_end,     standing.mints};
}

}  // namespace memdb::app
