// Undoes what is left over of openvpns that did not end in order: at the daemon's start, and for `memdbd --cleanup`.
//
// Takes each record, asks cleanup_policy, does what it says, and removes the record when nothing is left. Decides
// nothing, logs nothing: what was done and what could not be done comes back as lines.
#pragma once

#include "host/footprint_store.hpp"
#include "host/route_link.hpp"

#include <functional>
#include <string>
#include <vector>

namespace memdb::host {

struct CleanupReport {
    std::vector<std::string> done;      ///< "demo: removed the route 192.0.2.1/32 via 10.0.0.1 dev eth0"
    std::vector<std::string> problems;  ///< what could not be done and why, with the next step; the record is kept

    bool operator==(const CleanupReport&) const = default;
};

/// Takes back what was told to the system's resolver of the device of that number. None: that is somebody else's work.
using RevertDnsOf = std::function<Result<void>(unsigned link)>;

/// Cleans up after every profile. Only before any openvpn is spawned and with the state directory locked: it would end
/// the openvpns that a running memdbd wants. When one was taken over from an earlier memdbd, clean up after the other
/// profiles only, with the function below.
///
/// Blocking: some ms; up to 4 s for each leftover openvpn that does not end when told.
CleanupReport clean_up(FootprintStore& store, RouteLink& link, const RevertDnsOf& revert_dns = {});

/// The same for one profile; nothing to do when it has no record.
CleanupReport clean_up(FootprintStore& store, RouteLink& link, const std::string& profile,
                       const RevertDnsOf& revert_dns = {});

}  // namespace memdb::host
