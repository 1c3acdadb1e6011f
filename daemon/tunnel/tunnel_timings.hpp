// Limits and waits of the tunnel machine. Filled by config/settings_parser, which also checks the ranges.
#pragma once

#include "base/time.hpp"

namespace memdb::tunnel {

struct TunnelTimings {
    Duration resolve_limit = 5s;     ///< for the endpoint's name
    Duration management_limit = 5s;  ///< from spawn until openvpn has dialled in and asked for the hold
    Duration silence_limit = 8s;     ///< an attempt without a packet from the server for so long is ended
    Duration attempt_limit = 60s;    ///< from hold release until CONNECTED, packets or not (openvpn's own hand-window)
    Duration stop_grace = 3s;        ///< from SIGTERM until SIGKILL
    Duration kill_limit = 1500ms;    ///< from SIGKILL until a process that will not go is given up; no setting
    Duration first_backoff = 500ms;  ///< second retry; the first one is made at once. Doubles, with full jitter
    Duration longest_backoff = 60s;
    Duration stable_after = 60s;       ///< so long in `up` forgets earlier failures
    Duration heartbeat_interval = 5s;  ///< between `pid` commands on the management socket
    Duration heartbeat_limit = 3s;     ///< no answer for so long: openvpn hangs and is replaced
    Duration urgent_limit = 1500ms;    ///< the same while the nodes are silent; no setting
    Duration session_limit = 24h;      ///< the endpoint's own, counted from CONNECTED (AWS: 8, 10, 12 or 24 h); 0: none
    Duration renew_before = 0s;        ///< so long before it the tunnel is renewed at a quiet moment; 0: not at all
    bool operator==(const TunnelTimings&) const = default;
};

}  // namespace memdb::tunnel
