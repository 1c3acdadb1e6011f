// What can happen to a rotation, and what can be done about it: the words between rotation_machine and rotation_agent.
#pragma once

#include "keys/rotation_state.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace memdb::keys {

struct KeyAsked {  ///< a person, or the calendar
    std::string reason;
    std::string common_name;
    unsigned generation = 0;  ///< the number it will have
    bool fresh = false;       ///< although one is pending
    bool operator==(const KeyAsked&) const = default;
};
struct KeyMade {  ///< key and request are on disk
    bool operator==(const KeyMade&) const = default;
};
struct KeyFailed {
    std::string why;
    bool operator==(const KeyFailed&) const = default;
};
struct CertificateAccepted {  ///< it is the pending key's, and nothing speaks against it
    std::string common_name;
    bool operator==(const CertificateAccepted&) const = default;
};
struct ProofAsked {  ///< the stored candidate once more
    bool operator==(const ProofAsked&) const = default;
};
struct RollbackAsked {
    std::string common_name;  ///< of the previous generation
    bool operator==(const RollbackAsked&) const = default;
};
struct TrialEnded {
    bool accepted = false;
    bool tried = true;  ///< false: no endpoint could be asked (no network, no name)
    std::string why;    ///< of a failure, one sentence
    bool operator==(const TrialEnded&) const = default;
};
struct Switched {  ///< the rename is done and durable: `generation` is in force
    unsigned generation = 0;
    bool operator==(const Switched&) const = default;
};
struct WriteFailed {  ///< an action on files failed; the actions behind it were not done
    std::string why;
    bool stored = true;    ///< false: it was StoreCandidate
    bool lasting = false;  ///< what was to be used is damaged or gone: another try makes no sense
    bool operator==(const WriteFailed&) const = default;
};
struct Seen {
    RotationSight sight;
    bool operator==(const Seen&) const = default;
};
struct LimitPassed {
    bool operator==(const LimitPassed&) const = default;
};

using RotationEvent = std::variant<KeyAsked, KeyMade, KeyFailed, CertificateAccepted, ProofAsked, RollbackAsked,
                                   TrialEnded, Switched, WriteFailed, Seen, LimitPassed>;

struct MakeKey {  ///< off the loop; answered by KeyMade or KeyFailed
    std::string common_name;
    bool operator==(const MakeKey&) const = default;
};
struct StoreCandidate {  ///< the accepted certificate with the pending key, as generation `generation`
    unsigned generation = 0;
    bool operator==(const StoreCandidate&) const = default;
};
struct SaveRecord {    ///< the state after this step
    bool must = true;  ///< else a failure is only logged
    bool operator==(const SaveRecord&) const = default;
};
struct DropRequest {
    bool operator==(const DropRequest&) const = default;
};
struct StartTrial {  ///< answered by TrialEnded
    unsigned generation = 0;
    bool operator==(const StartTrial&) const = default;
};
struct StopTrial {
    bool operator==(const StopTrial&) const = default;
};
struct UseGeneration {  ///< one rename; answered by Switched
    unsigned generation = 0;
    bool operator==(const UseGeneration&) const = default;
};
struct RestartTunnel {  ///< with what is in force now
    bool operator==(const RestartTunnel&) const = default;
};
struct KeepOnly {                       ///< removes every other generation
    std::vector<unsigned> generations;  ///< ascending, no 0
    bool operator==(const KeepOnly&) const = default;
};

using RotationAction = std::variant<MakeKey, StoreCandidate, SaveRecord, DropRequest, StartTrial, StopTrial,
                                    UseGeneration, RestartTunnel, KeepOnly>;

std::string_view to_string(const RotationEvent& event) noexcept;
std::string to_string(const RotationAction& action);

}  // namespace memdb::keys
