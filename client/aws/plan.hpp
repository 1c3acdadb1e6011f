// The ordered steps from what is to what is wished, each with its reason. Values only.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::client::aws {

/// What a step does. The runner knows how; absorb() knows what comes of it.
enum class Action : std::uint8_t {
    create_group,
    allow_group,   ///< the inbound rule on the cluster's group
    allow_source,  ///< --direct: the same from a network or another group
    make_authority,
    make_server,  ///< a new server certificate in the PKI
    make_client,
    import_certificate,
    reimport_certificate,
    create_log_group,
    create_endpoint,
    import_crl,  ///< of the PKI, when it has revoked somebody
    modify_endpoint,
    associate,
    apply_groups,
    authorize,
    revoke_rule,
    create_route,
    delete_route,
    import_profile,
    write_bundle,  ///< --bundle
    connect,
    // destroy
    remove_profile,
    disassociate,
    delete_endpoint,
    delete_certificate,
    revoke_group_rule,
    delete_group,
};

enum class StepState : std::uint8_t {
    done,     ///< is already so
    todo,     ///< can be done now
    waiting,  ///< AWS is at it
    later,    ///< needs an earlier step first
};

struct Step {
    Action action{};
    StepState state = StepState::todo;
    std::string what;                     ///< "authorize 10.20.0.0/16 for every client"
    std::string why;                      ///< one phrase
    std::string target{};                 ///< a subnet's, rule's, association's id, a group's name
    std::string network{};                ///< CIDR, where the action is about one
    std::vector<std::string> settings{};  ///< modify_endpoint: the words
    bool operator==(const Step&) const = default;
};

enum class Level : std::uint8_t { note, warning };

struct Remark {
    Level level = Level::warning;
    std::string text;    ///< what is so
    std::string advice;  ///< what to do; may be empty
    bool operator==(const Remark&) const = default;
};

struct Plan {
    std::vector<Step> steps;
    std::vector<Remark> remarks;
    std::string refusal;  ///< not empty: it cannot be done so; one sentence with the next step
    bool operator==(const Plan&) const = default;
};

/// The first step that can be done now; null when there is none.
inline const Step* next_step(const Plan& plan) noexcept {
    for (const Step& step : plan.steps)
        if (step.state == StepState::todo) return &step;
    return nullptr;
}

inline bool has_state(const Plan& plan, StepState state) noexcept {
    for (const Step& step : plan.steps)
        if (step.state == state) return true;
    return false;
}

inline bool is_finished(const Plan& plan) noexcept {
    for (const Step& step : plan.steps)
        if (step.state != StepState::done) return false;
    return true;
}

/// Whether it is one of them.
constexpr bool is_one_of(Action action, std::initializer_list<Action> them) noexcept {
    for (const Action one : them)
        if (one == action) return true;
    return false;
}

/// Whether it takes something away.
bool is_removal(Action action) noexcept;

/// Whether a step is one call of aws and nothing else; the others need this laptop's PKI or agent (import_crl both).
bool is_remote(Action action) noexcept;
std::string_view to_string(Action action) noexcept;
std::string_view to_string(StepState state) noexcept;

}  // namespace memdb::client::aws
