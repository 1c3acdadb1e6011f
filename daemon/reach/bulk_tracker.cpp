#include "reach/bulk_tracker.hpp"

namespace memdb::reach {
namespace {

constexpr unsigned kLossesToFail = 2;

}  // namespace

void follow_sentinel(BulkCheck& check, std::string_view sentinel, TimePoint now) {
    if (sentinel.empty() || sentinel == check.node) return;
    check.node = sentinel;
    check.due = now;
    if (check.state != BulkState::failed) check.losses = 0;  // both must be of one node
}

bool bulk_is_due(BulkCheck& check, TimePoint now, const ProbeTimings& timings) {
    if (check.node.empty() || !check.due || now < *check.due) return false;
    check.due = now + (check.losses > 0 ? timings.node_interval : timings.bulk_interval);
    return true;
}

void note_result(BulkCheck& check, BulkResult result, std::string_view evidence, TimePoint now,
                 const ProbeTimings& timings) {
    if (result != BulkResult::missed) {
        check.state = result == BulkResult::passed ? BulkState::passed : BulkState::unknown;
        check.evidence = evidence;
        check.losses = 0;
        check.due = now + timings.bulk_interval;
    } else if (++check.losses < kLossesToFail) {
        check.due = now;  // only the second one shows that it is the way and not the moment
    } else {
        check.state = BulkState::failed;
        check.evidence = evidence;
        check.losses = kLossesToFail;
        check.due = now + timings.node_interval;
    }
}

void note_tls_silence(BulkCheck& check, std::string_view node, bool lost_large) {
    if (!lost_large && (node != check.node || check.losses == 0)) return;
    check.state = BulkState::failed;
    check.losses = kLossesToFail;
    check.evidence = "TCP connects, but neither a large answer nor a TLS handshake gets through";
}

void note_tls_passed(BulkCheck& check, TimePoint now) {
    if (check.state != BulkState::failed) return;
    check.state = BulkState::unknown;
    check.evidence.clear();
    check.losses = 0;
    check.due = now;
}

void forget_node(BulkCheck& check, std::string_view node) {
    if (node != check.node) return;
    check.node.clear();
    check.due.reset();
}

std::string_view to_string(BulkState state) noexcept {
    switch (state) {
        case BulkState::unknown: return "unknown";
        case BulkState::passed: return "passed";
        case BulkState::failed: return "failed";
    }
    return "?";
}

}  // namespace memdb::reach
