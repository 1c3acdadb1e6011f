// Limits and waits of the probes (design §5). Filled by config/settings_parser, which also checks the ranges.
#pragma once

#include "base/time.hpp"

namespace memdb::reach {

struct ProbeTimings {
    Duration sentinel_interval = 1s;   ///< between PINGs on the sentinel's kept connection
    Duration node_interval = 5s;       ///< the same for every other node, and between attempts on a failed node
    Duration kept_ping_limit = 700ms;  ///< for an answer on a kept connection
    Duration reprobe_limit = 300ms;    ///< for each of the two whole re-probes that follow a miss, before blame
    Duration dns_limit = 2s;           ///< stages of a first proof
    Duration tcp_limit = 2s;
    Duration tls_limit = 2s;
    Duration auth_limit = 2s;
    Duration ping_limit = 2s;
    Duration bulk_limit = 1500ms;      ///< for the echo of a large PING on a kept connection
    Duration topology_interval = 15s;  ///< between looks at the cluster's shards; at once after a change
    Duration bulk_interval = 30s;      ///< between large PINGs to the sentinel; one as well after each change of it
    Duration reauth_after = 11h;       ///< a kept connection of a user by IAM is authenticated again; 12 h are its end
    Duration sentinel_term = 60s;      ///< then the next shard provides the sentinel
    bool operator==(const ProbeTimings&) const = default;
};

}  // namespace memdb::reach
