// What a failed stage of a probe means: layer, finding code, one line of evidence, and whether asking again could help.
//
// In:   the stage, the place, what was seen. Out: ProbeVerdict. Used by probe_machine alone. Source: facts D.4.
#pragma once

#include "reach/probe_state.hpp"

#include <string>
#include <string_view>

namespace memdb::reach {

struct ProbeVerdict {
    Blame blame;
    bool is_final = false;  ///< no re-probe can change it: blamed at once
};

/// Where and when something went wrong.
struct ProbeScene {
    ProbePhase phase{};
    std::string where;  ///< "10.20.1.11:6379"
    Duration waited{};  ///< since the stage began
    bool iam = false;   ///< the password is a token
};

/// "10.20.1.11:6379", "[2001:db8::1]:6379".
[[nodiscard]] std::string format_place(std::string_view address, std::uint16_t port);

/// The deadline passed and nothing had come: the only verdict whose blame is silent.
[[nodiscard]] ProbeVerdict judge_silence(const ProbeScene& scene);

[[nodiscard]] ProbeVerdict judge_resolve(std::string_view text);
[[nodiscard]] ProbeVerdict judge_connect(const ProbeScene& scene, const ConnectFailed& failure);
[[nodiscard]] ProbeVerdict judge_security(const ProbeScene& scene, const SecureFailed& failure);

/// An error reply to AUTH or PING.
[[nodiscard]] ProbeVerdict judge_error(const ProbeScene& scene, const Reply& error);

/// There is no valid token to log in with. @param why  one phrase.
[[nodiscard]] ProbeVerdict judge_no_token(std::string_view why);

/// Bytes or replies that are no answer to what was asked.
[[nodiscard]] ProbeVerdict judge_malformed(const ProbeScene& scene, std::string_view text);

[[nodiscard]] ProbeVerdict judge_close(const ProbeScene& scene, std::string_view text);

}  // namespace memdb::reach
