// Brings systemd-resolved to what one profile wants of it, one step at a time; pure.
//
// In: what is wanted, whether the service runs, how a step ended. Out: the next step. At most one is under way, and
// nothing is done that is done already. A refusal is repeated only after something has changed; what may pass by itself
// is tried again, ever more slowly.
#pragma once

#include "base/time.hpp"
#include "host/link_dns.hpp"

#include <optional>
#include <string_view>
#include <variant>
#include <vector>

namespace memdb::app {

struct DnsTarget {
    unsigned link = 0;  ///< the device's number
    host::LinkDns dns;
    bool operator==(const DnsTarget&) const = default;
};

// Actions.
struct ApplyDns {
    DnsTarget target;
    bool operator==(const ApplyDns&) const = default;
};
struct RevertDns {
    unsigned link = 0;
    bool operator==(const RevertDns&) const = default;
};
using DnsAction = std::variant<ApplyDns, RevertDns>;

struct DnsState {
    std::optional<DnsTarget> wanted;
    std::optional<unsigned> touched;          ///< the device for which something of ours may be set
    std::optional<DnsTarget> applied;         ///< what was taken last, as far as is known
    std::optional<host::DnsFailure> failure;  ///< of the last try for `wanted`
    std::optional<bool> running;              ///< the service; nothing: not known yet
    std::optional<DnsAction> under_way;
    std::optional<TimePoint> retry_at;
    unsigned failed = 0;  ///< tries in a row
    bool operator==(const DnsState&) const = default;
};

// clang-format off
// Events.
struct DnsWanted { std::optional<DnsTarget> target; };  ///< nothing: none of ours is to be set
struct DnsServiceSeen { std::optional<bool> running; };  ///< also: it was started anew and may have forgotten
struct DnsStepDone { std::optional<host::DnsFailure> failure; };
struct DnsTryAgain {};  ///< what refused may have been put right
struct DnsDeadlinePassed {};
using DnsEvent = std::variant<DnsWanted, DnsServiceSeen, DnsStepDone, DnsTryAgain, DnsDeadlinePassed>;
// clang-format on

struct DnsStep {
    DnsState state;
    std::optional<DnsAction> action;
    std::string_view why;
};

[[nodiscard]] DnsStep step(const DnsState& state, const DnsEvent& event, TimePoint now);

inline constexpr Duration kFirstDnsRetry = 5s;
inline constexpr Duration kLongestDnsRetry = 5min;

}  // namespace memdb::app
