// Login by IAM: whose token was handed in, and how a cluster's token and connections stand, as conditions and as the
// Snapshot shows it. Pure translation.
#pragma once

#include "app/clock_offset.hpp"
#include "base/error.hpp"
#include "config/profile.hpp"
#include "control/snapshot.hpp"
#include "health/facts.hpp"
#include "reach/iam_token.hpp"
#include "reach/probe_state.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::app {

/// Who logs in to a cluster whose user does so by IAM; nothing for every other cluster.
std::optional<reach::IamLogin> login_of(const config::Cluster& cluster);

/// Judges a token that somebody hands in for `profile`.
///
/// The region is not judged: only AWS knows, and says so when the user logs in. It tells apart clusters of one name.
///
/// @return the token as one of the profile's clusters would have it; Errc::bad_input, malformed, too_large with one
///         sentence that does not repeat the token.
Result<reach::IamToken> judge_token(std::string_view text, const config::Profile& profile, WallTime now);

/// How one cluster by IAM stands at one moment.
struct IamStanding {
    reach::IamLogin login;
    std::optional<WallTime> signed_at, expires_at;  ///< of the last token
    std::string no_token;                           ///< why nobody can log in now; empty when there is a valid token
    bool mints = false;                             ///< the agent signs tokens itself
    std::string mint_trouble;                       ///< why it cannot at present
    std::string lacking;                ///< a node could not be proved for want of a token: its evidence; else empty
    std::optional<WallTime> first_end;  ///< of the kept connections
    std::optional<TimePoint> first_reauth;  ///< when the first of them is due
    std::string refusal;                    ///< what a node said to another AUTH on a kept connection; else empty
};

/// What the probes of the cluster's nodes add.
void add_probes(IamStanding& standing, const std::vector<const reach::ProbeState*>& probes, const ClockOffset& clock);

/// At most one condition: the worst.
std::vector<health::Condition> iam_conditions(const std::vector<IamStanding>& standings, TimePoint now);

control::IamView iam_view(const IamStanding& standing);

}  // namespace memdb::app
