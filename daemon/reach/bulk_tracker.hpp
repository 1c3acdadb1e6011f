// Whether large packets pass on the way to a cluster: who is asked, when, and what the answers amount to.
//
// In: the sentinel and results of bulk checks, handed on by cluster_tracker. Out: a BulkCheck, and whom to ask.
// Two losses in a row, each behind a small PING that was answered, make it failed; one echo makes it passed. The next
// sentinel takes over what was found: it is the way that is checked, not the node.
#pragma once

#include "reach/probe_state.hpp"
#include "reach/probe_timings.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace memdb::reach {

enum class BulkState : std::uint8_t { unknown, passed, failed };

struct BulkCheck {
    BulkState state = BulkState::unknown;
    std::string evidence;            ///< one line: of the last loss while failed, why not while it cannot be checked
    unsigned losses = 0;             ///< in a row
    std::string node;                ///< asked last; empty: nobody yet, or it failed since
    std::optional<TimePoint> due{};  ///< of the next question; none before the first
    bool operator==(const BulkCheck&) const = default;
};

/// Notes who is the sentinel: a new one is due at once.
/// @param sentinel  empty: none that is ok.
void follow_sentinel(BulkCheck& check, std::string_view sentinel, TimePoint now);

/// @return whether `node` is to be asked now; then the next question is planned.
[[nodiscard]] bool bulk_is_due(BulkCheck& check, TimePoint now, const ProbeTimings& timings);

/// Notes the answer of the node that was asked last.
void note_result(BulkCheck& check, BulkResult result, std::string_view evidence, TimePoint now,
                 const ProbeTimings& timings);

/// `node` has failed, silent in the TLS handshake: after a loss of its own that is the second one.
/// @param lost_large  another large answer of it has just been lost (the topology).
void note_tls_silence(BulkCheck& check, std::string_view node, bool lost_large);

/// A node that was silent in the handshake has finished one: asked again at once.
void note_tls_passed(BulkCheck& check, TimePoint now);

/// The asked node has failed and will not answer.
void forget_node(BulkCheck& check, std::string_view node);

std::string_view to_string(BulkState state) noexcept;

}  // namespace memdb::reach
