// What the tests of a node's probe speak with: a target, replies, answers of the resolver.
#pragma once

#include "reach/probe_state.hpp"

#include <string>
#include <utility>

namespace memdb::reach::words {

inline constexpr TimePoint t0{1000000s};  // a multiple of every interval in use: ticks fall on whole seconds of a story
inline const ProbeTarget kTarget{6379, true, true};
inline const ProbeTarget kPlain{6379, false, false};
inline const ProbeTarget kByIam{6379, true, true, true, 1};
inline const ProbeTarget kNoToken{6379, true, true, true, 0, "no IAM token was pushed yet"};
inline const ProbeTarget kLate{6379, true, true, false, 0, "", t0 + 40ms, t0 + 40ms};  // its turn comes
inline const ProbeTimings kTimings{};

inline ReplyReceived status(std::string text, Microseconds took = 300us) {
    return {{.kind = Reply::Kind::status, .text = std::move(text)}, took};
}
inline ReplyReceived refusal(std::string text) {
    return {{.kind = Reply::Kind::error, .text = std::move(text)}, 300us};
}
inline const ReplyReceived kOk = status("OK"), kPong = status("PONG");
inline const ReplyReceived kEcho{{.kind = Reply::Kind::text, .text = std::string(bulk_payload())}, 2ms};
inline const Resolved kResolved{{"10.0.0.1"}, 2ms};
inline const Reply kTopology{.kind = Reply::Kind::array, .items = {{.kind = Reply::Kind::array}}};
inline const ConnectFailed kRefused{ConnectProblem::refused, "Connection refused"};

}  // namespace memdb::reach::words
