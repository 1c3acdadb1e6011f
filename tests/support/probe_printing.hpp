// How gtest shows the words of a probe when an expectation fails.
#pragma once

#include "reach/probe_state.hpp"

#include <array>
#include <ostream>
#include <variant>

namespace memdb::reach {
inline void PrintTo(ProbePhase phase, std::ostream* os) { *os << to_string(phase); }
inline void PrintTo(NodeHealth health, std::ostream* os) { *os << to_string(health); }
inline void PrintTo(const ProbeAction& action, std::ostream* os) {
    static constexpr std::array kNames = {"Resolve",         "Connect",           "Secure",         "SendAuth",
                                          "SendPing",        "SendBulk",          "SendTopology",   "CloseConnection",
                                          "PublishProof",    "PublishMiss",       "PublishFailure", "PublishUnknown",
                                          "PublishTopology", "PublishNoTopology", "PublishBulk"};
    static_assert(kNames.size() == std::variant_size_v<ProbeAction>);
    *os << kNames.at(action.index());
    if (const auto* connect = std::get_if<Connect>(&action)) *os << " " << connect->address;
}
}  // namespace memdb::reach
