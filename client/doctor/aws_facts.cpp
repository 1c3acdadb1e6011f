#include "client/doctor/aws_facts.hpp"

#include "base/clock.hpp"
#include "client/aws/calls.hpp"
#include "client/aws/replies.hpp"

#include <algorithm>

namespace memdb::client {
namespace {

constexpr std::size_t kLogLines = 5;
constexpr auto kLogWindow = std::chrono::hours(24);

/// Whether every further call would fail the same way.
bool is_final(const aws::CallFailure& failure) {
    switch (failure.error.kind) {
        case aws::AwsErrorKind::no_credentials:
        case aws::AwsErrorKind::expired:
        case aws::AwsErrorKind::no_region:
        case aws::AwsErrorKind::no_profile:
        case aws::AwsErrorKind::unreachable: return true;
        case aws::AwsErrorKind::other: return failure.error.code.empty();  // the program itself did not run
        case aws::AwsErrorKind::denied:
        case aws::AwsErrorKind::throttled:
        case aws::AwsErrorKind::quota:
        case aws::AwsErrorKind::not_found:
        case aws::AwsErrorKind::duplicate:
        case aws::AwsErrorKind::in_use:
        case aws::AwsErrorKind::would_work: return false;
    }
    return false;
}

/// One round of questions; after the first final failure the others are not asked.
class Inquiry {
  public:
    Inquiry(aws::Session& session, const doctor::AwsNames& names, const aws::Progress& progress)
        : session_(session), names_(names), progress_(progress) {}

    Outcome<AwsFacts> run() {
        if (!names_.endpoint_id.empty()) ask_endpoint();
        if (!names_.cluster.empty()) ask_cluster();
        if (!final_) return std::move(facts_);
        if (!facts_.endpoint_known) return std::move(*final_);
        facts_.trouble.push_back(std::move(final_->message));  // what was told before counts
        return std::move(facts_);
    }

  private:
    /// Nothing when it failed; `missing`: the answer that AWS has no such thing is no trouble.
    template <class Parse>
    auto ask(const aws::Words& words, Parse parse, bool* missing = nullptr)
        -> std::optional<typename decltype(parse(std::string_view{}))::value_type> {
        if (final_) return std::nullopt;
        progress_("aws " + words[0] + " " + words[1]);
        auto answer = session_.ask(words, parse);
        if (answer.has_value()) return std::move(*answer);
        const aws::CallFailure& failure = answer.error();
        if (is_final(failure)) {
            final_ = failure.problem;
        } else if (missing != nullptr && failure.error.kind == aws::AwsErrorKind::not_found) {
            *missing = true;
        } else {
            facts_.trouble.push_back(failure.problem.message);
        }
        return std::nullopt;
    }

    void ask_endpoint() {
        bool missing = false;
        auto found = ask(
            aws::describe_endpoint_words(names_.endpoint_id),
            [this](std::string_view json) { return aws::parse_endpoints(json, names_.cluster); }, &missing);
        facts_.endpoint_known = missing || found.has_value();
        if (!found || found->empty()) return;
        aws::Endpoint& endpoint = facts_.account.endpoint.emplace(std::move(found->front()));
        facts_.associations_known = part("target-networks", aws::parse_associations, endpoint.associations);
        facts_.authorizations_known = part("authorization-rules", aws::parse_authorization_rules, endpoint.rules);
        facts_.routes_known = part("routes", aws::parse_routes, endpoint.routes);
        ask_crl(endpoint);
        ask_certificate(endpoint);
        ask_log(endpoint);
    }

    template <class T>
    bool part(const std::string& what, Result<std::vector<T>> (*parse)(std::string_view), std::vector<T>& out) {
        auto answer = ask(aws::describe_endpoint_part_words(what, names_.endpoint_id), parse);
        if (answer) out = std::move(*answer);
        return answer.has_value();
    }

    void ask_crl(aws::Endpoint& endpoint) {
        std::vector<std::string> serials;
        auto crl = ask(aws::export_crl_words(endpoint.id), [&](std::string_view json) {
            auto list = aws::parse_endpoint_crl(json);
            if (list.has_value() && *list) {
                auto revoked = aws::parse_revoked_serials(json);
                if (revoked.has_error()) return Result<std::optional<aws::EndpointCrl>>(revoked.error());
                serials = std::move(*revoked);
            }
            return list;
        });
        endpoint.crl_is_unknown = !crl.has_value();
        if (!crl) return;
        endpoint.crl = std::move(*crl);
        facts_.revoked = std::move(serials);
    }

    void ask_certificate(const aws::Endpoint& endpoint) {
        if (endpoint.server_certificate.empty()) return;
        auto found = ask(aws::get_certificate_words(endpoint.server_certificate), [&](std::string_view json) {
            return aws::parse_certificate(json, endpoint.server_certificate);
        });
        if (found) facts_.account.certificate = std::move(*found);
    }

    void ask_log(const aws::Endpoint& endpoint) {
        if (endpoint.log_group.empty()) return;
        const auto records =
            ask(aws::log_events_words(endpoint.log_group, wall_now() - kLogWindow), aws::parse_log_messages);
        if (!records) return;
        for (const std::string& record : *records)
            if (auto line = aws::log_line(record); !line.empty()) facts_.log.push_back(std::move(line));
        if (facts_.log.size() > kLogLines) facts_.log.erase(facts_.log.begin(), facts_.log.end() - kLogLines);
    }

    void ask_cluster() {
        auto cluster = ask(aws::describe_cluster_words(names_.cluster), aws::parse_cluster);
        if (!cluster) return;
        facts_.account.cluster = std::move(*cluster);
        ask_subnets();
        const auto& groups = facts_.account.cluster.groups;
        if (groups.empty()) return;
        auto rules = ask(aws::describe_rules_words(groups),
                         [this](std::string_view json) { return aws::parse_group_rules(json, names_.cluster); });
        facts_.rules_known = rules.has_value();
        if (rules) facts_.account.rules = std::move(*rules);
    }

    /// Those of the cluster and those of the endpoint in one question.
    void ask_subnets() {
        if (facts_.account.cluster.subnet_group.empty()) return;
        const auto own =
            ask(aws::describe_subnet_group_words(facts_.account.cluster.subnet_group), aws::parse_subnet_group);
        if (!own || own->empty()) return;
        std::vector<std::string> ids = *own, targets;
        if (facts_.account.endpoint)
            for (const auto& one : facts_.account.endpoint->associations) targets.push_back(one.subnet);
        for (const auto& id : targets)
            if (std::ranges::find(ids, id) == ids.end()) ids.push_back(id);
        const auto all = ask(aws::describe_subnets_words(ids), aws::parse_subnets);
        if (!all) return;
        for (const auto& subnet : *all) {
            if (std::ranges::find(*own, subnet.id) != own->end()) facts_.account.subnets.push_back(subnet);
            if (std::ranges::find(targets, subnet.id) != targets.end()) facts_.target_subnets.push_back(subnet);
        }
        facts_.cluster_known = !facts_.account.subnets.empty();
    }

    aws::Session& session_;
    const doctor::AwsNames& names_;
    const aws::Progress& progress_;
    AwsFacts facts_;
    std::optional<Problem> final_;
};

}  // namespace

Outcome<AwsFacts> ask_aws_facts(aws::Session& session, const doctor::AwsNames& names, const aws::Progress& progress) {
    return Inquiry(session, names, progress).run();
}

}  // namespace memdb::client
