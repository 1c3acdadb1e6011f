#include "keys/rotation_event.hpp"

#include "base/overloaded.hpp"

#include <fmt/format.h>

namespace memdb::keys {

std::string_view to_string(const RotationEvent& event) noexcept {
    return std::visit(Overloaded{
                          [](const KeyAsked&) -> std::string_view { return "key asked"; },
                          [](const KeyMade&) -> std::string_view { return "key made"; },
                          [](const KeyFailed&) -> std::string_view { return "key failed"; },
                          [](const CertificateAccepted&) -> std::string_view { return "certificate accepted"; },
                          [](const ProofAsked&) -> std::string_view { return "proof asked"; },
                          [](const RollbackAsked&) -> std::string_view { return "rollback asked"; },
                          [](const TrialEnded&) -> std::string_view { return "trial ended"; },
                          [](const Switched&) -> std::string_view { return "switched"; },
                          [](const WriteFailed&) -> std::string_view { return "write failed"; },
                          [](const Seen&) -> std::string_view { return "seen"; },
                          [](const LimitPassed&) -> std::string_view { return "limit passed"; },
                      },
                      event);
}

std::string to_string(const RotationAction& action) {
    return std::visit(
        Overloaded{
            [](const MakeKey&) -> std::string { return "make key"; },
            [](const StoreCandidate& a) { return fmt::format("store candidate {}", a.generation); },
            [](const SaveRecord& a) -> std::string { return a.must ? "save record" : "try to save record"; },
            [](const DropRequest&) -> std::string { return "drop request"; },
            [](const StartTrial& a) { return fmt::format("start trial {}", a.generation); },
            [](const StopTrial&) -> std::string { return "stop trial"; },
            [](const UseGeneration& a) { return fmt::format("use {}", a.generation); },
            [](const RestartTunnel&) -> std::string { return "restart tunnel"; },
            [](const KeepOnly& a) { return fmt::format("keep only {}", fmt::join(a.generations, " ")); },
        },
        action);
}

}  // namespace memdb::keys
