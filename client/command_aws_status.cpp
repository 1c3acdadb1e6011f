// aws status, crl, destroy.
#include "base/clock.hpp"
#include "client/aws/local_state.hpp"
#include "client/aws/planner.hpp"
#include "client/aws/render_plan.hpp"
#include "client/aws/replies.hpp"
#include "client/aws_words.hpp"
#include "client/command_aws.hpp"
#include "client/confirm.hpp"
#include "client/progress_line.hpp"
#include "client/text.hpp"

namespace memdb::client {
namespace {

constexpr std::size_t kLogLines = 5;
constexpr auto kLogWindow = std::chrono::hours(24);

/// The newest of the log of connections: the day's failures tell more than its successes.
std::vector<std::string> log_of(aws::Session& session, const std::string& group) {
    if (group.empty()) return {};
    auto records = session.ask(aws::log_events_words(group, wall_now() - kLogWindow), aws::parse_log_messages);
    if (records.has_error()) return {"cannot be read: " + records.error().problem.message};
    std::vector<std::string> lines;
    for (const auto& record : *records) {
        const auto line = aws::log_line(record);
        if (!line.empty()) lines.push_back(line);
    }
    if (lines.size() > kLogLines) lines.erase(lines.begin(), lines.end() - kLogLines);
    return lines;
}

std::string region_text(const Arguments& arguments) {
    return arguments.pki.region.empty() ? "the region that aws is set to" : clean(arguments.pki.region, true);
}

Outcome<aws::Inventory> ask_tagged(const Context& context, aws::Session& session, const std::string& cluster) {
    ProgressLine line(context);
    auto inventory = aws::survey_tagged(session, cluster, [&](const std::string& what) { line.show(what); });
    if (session.interruption()) return *session.interruption();
    return inventory;
}

}  // namespace

int run_aws_status(Context& context) {
    const Arguments& arguments = context.arguments;
    aws::Session session(aws_choice(arguments));
    auto inventory = ask_tagged(context, session, arguments.aws.cluster);
    if (inventory.has_error()) return complain(context, inventory.error());
    inventory->cluster.name = arguments.aws.cluster;
    inventory->region = inventory->certificate ? arn_part(inventory->certificate->arn, 3) : arguments.pki.region;
    if (inventory->certificate) inventory->account = arn_part(inventory->certificate->arn, 4);
    std::vector<aws::Connection> connections;
    std::vector<std::string> log;
    if (inventory->endpoint) {
        auto answer = session.ask(aws::describe_endpoint_part_words("connections", inventory->endpoint->id),
                                  aws::parse_connections);
        if (answer.has_error()) return complain(context, answer.error().problem);
        connections = std::move(*answer);
        log = log_of(session, inventory->endpoint->log_group);
        if (session.interruption()) return complain(context, *session.interruption());
    }
    const aws::Prices prices{arguments.aws.price_association, arguments.aws.price_connection};
    const aws::StatusReport report{*inventory, connections, log, prices, wall_now()};
    print(arguments.json ? aws::aws_status_json(report) : aws::render_aws_status(report, context.terminal.out));
    return 0;
}

int run_aws_destroy(Context& context) {
    const Arguments& arguments = context.arguments;
    aws::Wish wish;
    wish.cluster = arguments.aws.cluster;
    wish.profile = arguments.profile.value_or(wish.cluster);
    aws::Session session(aws_choice(arguments));
    const auto survey = [&] { return ask_tagged(context, session, wish.cluster); };
    auto inventory = survey();
    if (inventory.has_error()) return complain(context, inventory.error());
    aws::Situation found{std::move(*inventory), {}};
    aws::look_at_agent(context, wish, found.local);
    const auto planner = [&](const aws::Inventory& now, const aws::LocalState& local) {
        return aws::plan_destroy(wish, now, local);
    };
    const aws::Plan plan = planner(found.inventory, found.local);
    if (plan.steps.empty()) {
        print("nothing in " + region_text(arguments) + " carries the tag " + std::string(aws::kTag) + "=" +
              wish.cluster + ": there is nothing to remove there\n");
        return 0;
    }
    print("this would be removed in " + region_text(arguments) + ", for good:\n" +
          aws::render_plan(plan, context.terminal.out));
    if (!arguments.yes) {
        if (!context.terminal.in_is_one)
            return complain(context, {Exit::usage, "this cannot be undone: say --yes; nothing was removed"});
        if (!confirmed("Remove all of it?")) return complain(context, {Exit::failed, "nothing was removed"});
    }
    aws::Executor executor(context, session, wish, std::move(found), planner, survey);
    const auto done = executor.run();
    if (done.has_error()) return complain(context, done.error());
    print("nothing of it is left at AWS; the PKI is as it was\n");
    return 0;
}

}  // namespace memdb::client
