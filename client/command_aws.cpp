// aws plan and apply.
#include "client/command_aws.hpp"

#include "base/clock.hpp"
#include "client/aws/local_state.hpp"
#include "client/aws/planner.hpp"
#include "client/aws/render_plan.hpp"
#include "client/command_pki.hpp"
#include "client/confirm.hpp"
#include "client/local_files.hpp"
#include "client/pki/name_policy.hpp"
#include "client/progress_line.hpp"
#include "client/text.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>

namespace memdb::client {
namespace {

using aws::Plan;
using aws::Situation;
using aws::Wish;

/// The machine's name, as far as a certificate can have it: "laptop" of "laptop.example.com".
std::string machine_name() {
    std::array<char, 256> host{};
    if (::gethostname(host.data(), host.size() - 1) != 0) return {};
    std::string name(host.data());
    name.resize(std::min({name.find('.'), name.size(), std::size_t{64}}));
    return pki::is_name(name) ? name : std::string();
}

Outcome<void> read_allow(const AwsArguments& asked, Wish& wish) {
    for (const auto& word : asked.allow) {
        if (word != "nodes") wish.networks.push_back(*parse_network(word));
    }
    const bool nodes = std::find(asked.allow.begin(), asked.allow.end(), "nodes") != asked.allow.end();
    if (nodes && !wish.networks.empty())
        return Problem{Exit::usage, "--allow nodes and --allow CIDR do not go together: say the one that is meant"};
    if (!asked.allow.empty()) wish.allow = nodes ? aws::Allow::nodes : aws::Allow::networks;
    return boost::system::in_place_value;
}

Plan plan_of(const Arguments& arguments, const Wish& wish, const aws::Inventory& inventory,
             const aws::LocalState& local) {
    if (arguments.direct) return aws::plan_direct(wish, arguments.aws.source, inventory);
    Plan plan = aws::plan_apply(wish, inventory, local, wall_now());
    const bool has_login = !arguments.user.empty() || !arguments.password_file.empty() || !arguments.ca.empty();
    if (local.profile && has_login && wish.bundle.empty())
        plan.remarks.push_back({aws::Level::note,
                                "the profile " + wish.profile + " is there: its user, password and CA stay",
                                "memdbctl profile set " + wish.profile + " changes them"});
    if (!local.profile && wish.bundle.empty() && arguments.user.empty() && inventory.cluster.acl != "open-access")
        plan.remarks.push_back({aws::Level::note,
                                "the cluster's ACL is " + inventory.cluster.acl + ": its nodes want a login",
                                "memdbctl aws apply with --user, and --password-file or --iam"});
    if (!local.agent_runs && wish.bundle.empty())
        plan.remarks.push_back({aws::Level::warning,
                                "memdbd does not answer: the profile can be imported only when it runs",
                                "start it (see the README), or say --bundle FILE to get a file instead"});
    return plan;
}

/// What would fail at the end is said at the beginning: AWS's part alone takes up to half an hour.
Outcome<void> check_before(const Context& context, const Wish& wish, const aws::LocalState& local) {
    const Arguments& arguments = context.arguments;
    if (arguments.direct) return boost::system::in_place_value;
    if (!wish.bundle.empty() && !local.bundle) {
        const std::string probe = wish.bundle + ".making-" + std::to_string(::getpid());
        const auto made = write_new(probe, {}, 0600);
        if (made.has_error())
            return Problem{Exit::failed,
                           made.error().message + ": choose another file for --bundle; nothing was changed"};
        (void)::unlink(probe.c_str());
    }
    if (wish.bundle.empty() && !local.agent_runs)
        return Problem{Exit::no_agent, "memdbd does not answer on " + context.client.socket() +
                                           ": start it first, or say --bundle FILE to get a file instead of a profile"};
    for (const std::string& file : {arguments.password_file, arguments.ca})
        if (!file.empty())
            if (const auto readable = read_whole(file, 1024 * 1024); readable.has_error()) return readable.error();
    if (!arguments.password_file.empty() && arguments.user.empty())
        return Problem{Exit::usage, "--password-file needs --user: the user whose password it is"};
    if (arguments.iam && arguments.user.empty())
        return Problem{Exit::usage, "--iam needs --user: the user who logs in"};
    return boost::system::in_place_value;
}

int report_end(const Context& context, const aws::Executor& executor, const aws::Session& session, const Wish& wish) {
    const std::string calls = std::to_string(session.calls()) + " calls of aws, " + std::to_string(executor.changes()) +
                              " of them changed something";
    if (context.arguments.direct)
        print("the rule is there (" + calls + "); next, on an instance: memdbctl profile add --direct --name " +
              wish.profile + " --cluster " + executor.inventory().cluster.host + "\n");
    else if (!wish.bundle.empty())
        print(clean(wish.bundle, true) + " is ready (" + calls + ")\n");
    else if (executor.local().profile && executor.local().profile->degraded)
        print("all of it is so, but " + wish.profile + " is degraded (" + calls + "): see memdbctl status\n");
    else
        print("all of it is so (" + calls + ")\n");
    return 0;
}

bool only_connecting(const Plan& plan) {
    return std::all_of(plan.steps.begin(), plan.steps.end(), [](const aws::Step& step) {
        return step.state == aws::StepState::done || step.action == aws::Action::connect;
    });
}

}  // namespace

AwsChoice aws_choice(const Arguments& arguments) { return {arguments.pki.region, arguments.pki.aws_profile}; }

Outcome<Wish> wish_of(const Arguments& arguments) {
    const AwsArguments& asked = arguments.aws;
    Wish wish;
    wish.cluster = asked.cluster;
    wish.profile = arguments.profile.value_or(asked.cluster);
    if (const auto done = read_allow(asked, wish); done.has_error()) return done.error();
    if (arguments.direct && asked.source.empty())
        return Problem{Exit::usage, "--direct needs --source: the security group or network to let in"};
    wish.internet = asked.internet;
    if (!asked.client_cidr.empty()) wish.client_network = parse_network(asked.client_cidr);
    wish.session_hours = asked.session_hours;
    wish.log_group = asked.log_group;
    // A name with a dot: ACM lists certificates by domain. No one resolves it, clients only compare it.
    wish.server_name = asked.server_name.empty() ? asked.cluster + ".vpn.internal" : asked.server_name;
    wish.client_name = asked.client_name.empty() ? machine_name() : asked.client_name;
    if (wish.client_name.empty())
        return Problem{Exit::usage, "this machine's name can be no certificate's: say --client-name NAME"};
    if (wish.client_name == wish.server_name)
        return Problem{Exit::usage, "server and client need names of their own: say --client-name NAME"};
    if (!asked.bundle.empty()) wish.bundle = absolute_path(asked.bundle);
    const auto folder = pki_path(arguments);
    if (folder.has_error()) return folder.error();
    wish.pki_folder = *folder;
    return wish;
}

Outcome<Situation> find_out(const Context& context, aws::Session& session, const Wish& wish) {
    ProgressLine line(context);
    auto local = aws::look_around(context, wish);
    if (local.has_error()) return local.error();
    auto inventory = aws::survey(session, wish, [&](const std::string& what) { line.show(what); });
    if (session.interruption()) return *session.interruption();  // what is only missing is none of its errors
    if (inventory.has_error()) return inventory.error();
    if (wish.allow == aws::Allow::nodes) {
        line.show("looking up the nodes' names");
        inventory->node_addresses = aws::resolve_nodes(inventory->cluster.nodes);
    }
    return Situation{std::move(*inventory), std::move(*local)};
}

int run_aws_plan(Context& context) {
    const Arguments& arguments = context.arguments;
    const auto wish = wish_of(arguments);
    if (wish.has_error()) return complain(context, wish.error());
    aws::Session session(aws_choice(arguments));
    const auto found = find_out(context, session, *wish);
    if (found.has_error()) return complain(context, found.error());
    const Plan plan = plan_of(arguments, *wish, found->inventory, found->local);
    if (arguments.json) {
        print(aws::plan_json(plan, *wish, found->inventory));
        return plan.refusal.empty() ? 0 : 1;
    }
    print(aws::render_place(found->inventory, context.terminal.out) + aws::render_plan(plan, context.terminal.out));
    if (!plan.refusal.empty()) return complain(context, {Exit::failed, plan.refusal});
    if (!aws::is_finished(plan)) print("next: memdbctl aws apply, with the same options\n");
    return 0;
}

int run_aws_apply(Context& context) {
    const Arguments& arguments = context.arguments;
    const auto wish = wish_of(arguments);
    if (wish.has_error()) return complain(context, wish.error());
    aws::Session session(aws_choice(arguments));
    auto found = find_out(context, session, *wish);
    if (found.has_error()) return complain(context, found.error());
    if (const auto good = check_before(context, *wish, found->local); good.has_error())
        return complain(context, good.error());
    const auto planner = [&](const aws::Inventory& inventory, const aws::LocalState& local) {
        return plan_of(arguments, *wish, inventory, local);
    };
    const Plan plan = planner(found->inventory, found->local);
    print(aws::render_place(found->inventory, context.terminal.out) + aws::render_plan(plan, context.terminal.out));
    if (!plan.refusal.empty()) return complain(context, {Exit::failed, plan.refusal + "; nothing was changed"});
    const auto survey = [&]() -> Outcome<aws::Inventory> {
        auto again = find_out(context, session, *wish);
        if (again.has_error()) return again.error();
        return std::move(again->inventory);
    };
    aws::Executor executor(context, session, *wish, std::move(*found), planner, survey);
    if (arguments.aws.dry_run) {
        const auto tried = executor.dry_run();
        return tried.has_error() ? complain(context, tried.error()) : 0;
    }
    if (!aws::is_finished(plan) && !arguments.yes && !only_connecting(plan)) {
        if (!context.terminal.in_is_one)
            return complain(context, {Exit::usage, "this changes your AWS account: say --yes; nothing was changed"});
        if (!confirmed("Do this?")) return complain(context, {Exit::failed, "nothing was changed"});
    }
    const auto done = executor.run();
    if (done.has_error()) return complain(context, done.error());
    return report_end(context, executor, session, *wish);
}

}  // namespace memdb::client
