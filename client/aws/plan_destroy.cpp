// plan_destroy: the way back. Only what carries the tag; the PKI and the logs stay.
#include "client/aws/draft.hpp"

#include <algorithm>

namespace memdb::client::aws {
namespace {

StepState after(bool gone) { return gone ? StepState::todo : StepState::later; }

void leave_endpoint(Draft& draft, const Endpoint& endpoint) {
    for (const auto& one : endpoint.associations) {
        const bool going = one.state == "disassociating" || one.state == "associating";
        Step& step = draft.add(Action::disassociate, going ? StepState::waiting : StepState::todo,
                               "disassociate the target network " + one.subnet, "is " + one.state);
        step.target = one.id;
    }
    const bool deleting = endpoint.state == "deleting";
    draft
        .add(Action::delete_endpoint, deleting ? StepState::waiting : after(endpoint.associations.empty()),
             "delete the Client VPN endpoint " + endpoint.id + " with its rules, routes and connections",
             "is " + endpoint.state)
        .target = endpoint.id;
}

}  // namespace

Plan plan_destroy(const Wish& wish, const Inventory& inventory, const LocalState& local) {
    Draft draft{wish, inventory, local, {}};
    const auto& endpoint = inventory.endpoint;
    if (local.profile && endpoint && is_profile_of(*local.profile, *endpoint))
        draft.add(Action::remove_profile, StepState::todo,
                  "remove the profile " + wish.profile + " of memdbd, with its key", "it leads to this endpoint");
    if (endpoint) leave_endpoint(draft, *endpoint);
    for (const auto& one : inventory.more)
        draft.add(Action::delete_endpoint, StepState::later, "delete the Client VPN endpoint " + one.id + ", too",
                  "it carries the same tag");
    const bool gone = !endpoint && inventory.more.empty();
    bool rules_left = false;
    for (const auto& rule : inventory.rules) {
        if (!rule.ours) continue;
        rules_left = true;
        Step& step = draft.add(Action::revoke_group_rule, StepState::todo,
                               "revoke the inbound rule " + rule.id + " of " + rule.group,
                               rule.source_group.empty() ? "from " + (rule.network ? to_string(*rule.network) : "?")
                                                         : "from " + rule.source_group);
        step.target = rule.id;
        step.settings = {rule.group};
    }
    for (const auto& group : inventory.groups)
        if (group.ours)
            draft
                .add(Action::delete_group, after(gone && !rules_left), "delete the security group " + group.id,
                     group.name)
                .target = group.id;
    std::vector<ServerCertificate> certificates = inventory.more_certificates;
    if (inventory.certificate) certificates.push_back(*inventory.certificate);
    for (const auto& one : certificates)
        draft
            .add(Action::delete_certificate, after(gone), "delete the server certificate " + one.arn,
                 "the copy in ACM; the PKI keeps its own")
            .target = one.arn;
    if (endpoint && !endpoint->log_group.empty())
        draft.note("the log group " + endpoint->log_group + " is left: it is the record of who was connected",
                   "aws logs delete-log-group --log-group-name " + endpoint->log_group);
    if (!local.agent_runs && !draft.plan.steps.empty())
        draft.note("memdbd does not answer: a profile that leads to this endpoint is left",
                   "memdbctl profile remove, when it runs");
    for (const auto& sentence : inventory.unknown) draft.note(sentence);
    return std::move(draft.plan);
}

}  // namespace memdb::client::aws
