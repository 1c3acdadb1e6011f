// What rotate and the key commands share: asking for a key, and following a rotation to its end.
#pragma once

#include "client/commands.hpp"
#include "client/signers/csr.hpp"

#include <string>

namespace memdb::client {

/// The events, and the snapshot that they begin with.
struct Watch {
    EventReader reader;
    control::Snapshot snapshot;
};

/// To be opened before anything is asked, so that nothing is missed.
Outcome<Watch> open_watch(const Context& context);

/// POST …/key/request: the request that is pending in the agent, or a new one with --reason and --fresh. It is checked,
/// because the agent may be somebody else's.
Outcome<signers::Csr> ask_for_request(const Context& context, const std::string& profile);

/// POST …/key/ACTION, then every step as it comes, until the rotation has ended or `deadline`. Says how it ended; a
/// restart of the agent meanwhile is waited for.
///
/// @return nothing for confirmed and awaiting (`*awaiting` is set), else a problem: Exit::timed_out when the agent goes
///         on alone.
Outcome<void> follow_rotation(const Context& context, Watch watch, const std::string& profile,
                              const std::string& action, const std::string& body, TimePoint deadline, bool* awaiting);

}  // namespace memdb::client
