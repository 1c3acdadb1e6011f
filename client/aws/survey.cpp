#include "client/aws/survey.hpp"

#include "client/aws/draft.hpp"
#include "client/aws/replies.hpp"
#include "client/aws_words.hpp"

#include <algorithm>

namespace memdb::client::aws {
namespace {

template <class T>
Outcome<void> refresh_part(Session& session, const std::string& id, const std::string& what,
                           Result<std::vector<T>> (*parse)(std::string_view), std::vector<T>& out) {
    auto answer = session.ask(describe_endpoint_part_words(what, id), parse);
    // Deleted between two calls: the next look at the endpoint says so.
    if (answer.has_error() && answer.error().error.kind == AwsErrorKind::not_found) {
        out.clear();
        return boost::system::in_place_value;
    }
    if (answer.has_error()) return answer.error().problem;
    out = std::move(*answer);
    return boost::system::in_place_value;
}

Outcome<void> ask_parts(Session& session, Endpoint& endpoint) {
    auto done = refresh_part(session, endpoint.id, "target-networks", parse_associations, endpoint.associations);
    if (!done.has_error())
        done = refresh_part(session, endpoint.id, "authorization-rules", parse_authorization_rules, endpoint.rules);
    if (!done.has_error()) done = refresh_part(session, endpoint.id, "routes", parse_routes, endpoint.routes);
    return done;
}

/// One survey under way; every ask_*() leaves early with the first problem.
class Surveyor {
  public:
    Surveyor(Session& session, const std::string& cluster, const Progress& progress)
        : session_(session), cluster_(cluster), progress_(progress) {}

    Outcome<void> ask_cluster();
    Outcome<void> ask_network();
    Outcome<void> ask_groups();
    Outcome<void> ask_interfaces();
    Outcome<void> ask_endpoints();
    Outcome<void> ask_crl();
    Outcome<void> ask_certificates(const std::string& domain);
    Outcome<void> ask_log_group(const std::string& name);
    Outcome<void> ask_tagged_groups();
    Inventory take() { return std::move(inventory_); }

  private:
    template <class Parse, class Out>
    Outcome<void> ask(const Words& words, Parse parse, Out& out) {
        progress_("aws " + words[0] + " " + words[1]);
        auto answer = session_.ask(words, parse);
        if (answer.has_error()) return answer.error().problem;
        out = std::move(*answer);
        return boost::system::in_place_value;
    }
    [[nodiscard]] auto of_cluster(auto parse) const {
        return [this, parse](std::string_view json) { return parse(json, cluster_); };
    }

    Session& session_;
    const std::string& cluster_;
    const Progress& progress_;
    Inventory inventory_;
};

Outcome<void> Surveyor::ask_cluster() {
    progress_("aws memorydb describe-clusters");
    auto answer = session_.ask(describe_cluster_words(cluster_), parse_cluster);
    if (answer.has_error()) {
        const CallFailure& failure = answer.error();
        if (failure.error.kind != AwsErrorKind::not_found) return failure.problem;
        return Problem{Exit::failed, "no MemoryDB cluster " + cluster_ + " in " +
                                         (session_.choice().region.empty() ? "the region that aws is set to"
                                                                           : session_.choice().region) +
                                         ": see aws memorydb describe-clusters, or say --region and --aws-profile"};
    }
    inventory_.cluster = std::move(*answer);
    inventory_.region = arn_part(inventory_.cluster.arn, 3);
    inventory_.account = arn_part(inventory_.cluster.arn, 4);
    return boost::system::in_place_value;
}

Outcome<void> Surveyor::ask_network() {
    std::vector<std::string> ids;
    if (inventory_.cluster.subnet_group.empty())
        return Problem{Exit::failed, "the cluster " + cluster_ + " has no subnet group"};
    auto done = ask(describe_subnet_group_words(inventory_.cluster.subnet_group), parse_subnet_group, ids);
    if (done.has_error()) return done.error();
    if (ids.empty()) return Problem{Exit::failed, "the subnet group of " + cluster_ + " is empty"};
    done = ask(describe_subnets_words(ids), parse_subnets, inventory_.subnets);
    if (done.has_error()) return done.error();
    if (inventory_.subnets.empty()) return Problem{Exit::failed, "the subnets of " + cluster_ + " are gone"};
    const std::string vpc = inventory_.subnets.front().vpc;
    done = ask(describe_vpc_words(vpc), parse_vpc, inventory_.vpc);
    if (done.has_error()) return done.error();
    return ask(describe_route_tables_words(vpc), parse_route_tables, inventory_.route_tables);
}

Outcome<void> Surveyor::ask_groups() {
    auto done = ask(describe_groups_words(inventory_.vpc.id), of_cluster(parse_groups), inventory_.groups);
    if (done.has_error()) return done.error();
    std::vector<std::string> ids = inventory_.cluster.groups;
    if (const Group* own = own_group(inventory_)) ids.push_back(own->id);
    if (ids.empty()) return boost::system::in_place_value;
    return ask(describe_rules_words(ids), of_cluster(parse_group_rules), inventory_.rules);
}

Outcome<void> Surveyor::ask_interfaces() {
    if (inventory_.cluster.groups.empty()) return boost::system::in_place_value;
    progress_("aws ec2 describe-network-interfaces");
    auto answer = session_.ask(describe_interfaces_words(inventory_.cluster.groups), parse_interfaces);
    if (answer.has_value()) {
        inventory_.interfaces = std::move(*answer);
        return boost::system::in_place_value;
    }
    if (answer.error().error.kind != AwsErrorKind::denied) return answer.error().problem;
    inventory_.unknown.emplace_back(
        "whether something with a public address shares the cluster's group is unknown: "
        "ec2:DescribeNetworkInterfaces is denied");
    return boost::system::in_place_value;
}

Outcome<void> Surveyor::ask_endpoints() {
    std::vector<Endpoint> all;
    const auto done = ask(describe_endpoints_words(), of_cluster(parse_endpoints), all);
    if (done.has_error()) return done.error();
    // One that goes away is nobody's, once there is another.
    std::stable_partition(all.begin(), all.end(), [](const Endpoint& one) { return one.state != "deleting"; });
    for (auto& one : all) {
        if (!one.ours)
            inventory_.others.push_back(std::move(one));
        else if (!inventory_.endpoint)
            inventory_.endpoint = std::move(one);
        else
            inventory_.more.push_back(std::move(one));
    }
    if (!inventory_.endpoint) return boost::system::in_place_value;
    progress_("its target networks, rules and routes");
    return ask_parts(session_, *inventory_.endpoint);
}

/// Only a warning needs it, and it may be denied.
Outcome<void> Surveyor::ask_crl() {
    if (!inventory_.endpoint || inventory_.endpoint->state == "deleting") return boost::system::in_place_value;
    progress_("its revocation list");
    auto answer = session_.ask(export_crl_words(inventory_.endpoint->id), parse_endpoint_crl);
    if (answer.has_value()) {
        inventory_.endpoint->crl = std::move(*answer);
        return boost::system::in_place_value;
    }
    const CallFailure& failure = answer.error();
    const bool is_answer = !failure.error.code.empty();  // AWS's own word, not the program's
    if (!is_answer || failure.error.kind == AwsErrorKind::expired || failure.error.kind == AwsErrorKind::throttled)
        return failure.problem;
    inventory_.endpoint->crl_is_unknown = true;
    inventory_.unknown.push_back("until when the endpoint's revocation list holds is unknown: " +
                                 failure.problem.message);
    return boost::system::in_place_value;
}

/// @param domain  only of this name, or the endpoint's own; empty: whatever their names are
Outcome<void> Surveyor::ask_certificates(const std::string& domain) {
    std::vector<ServerCertificate> all;
    auto done = ask(list_certificates_words(), parse_certificates, all);
    if (done.has_error()) return done.error();
    const std::string used = inventory_.endpoint ? inventory_.endpoint->server_certificate : "";
    if (!domain.empty())
        std::erase_if(all, [&](const ServerCertificate& one) { return one.arn != used && one.domain != domain; });
    std::stable_partition(all.begin(), all.end(), [&](const ServerCertificate& one) { return one.arn == used; });
    for (auto& one : all) {
        bool tagged = false;
        progress_("aws acm list-tags-for-certificate");
        const auto answer = session_.ask(certificate_tags_words(one.arn),
                                         [&](std::string_view json) { return is_tagged(json, cluster_); });
        const auto kind = answer.has_error() ? answer.error().error.kind : AwsErrorKind::other;
        if (answer.has_error() && kind != AwsErrorKind::denied && kind != AwsErrorKind::not_found)
            return answer.error().problem;
        tagged = answer.has_value() && *answer;  // somebody else's may be none of our business
        if (tagged) inventory_.more_certificates.push_back(std::move(one));
    }
    auto& tagged = inventory_.more_certificates;
    if (tagged.empty()) return boost::system::in_place_value;
    ServerCertificate found;
    done = ask(
        get_certificate_words(tagged.front().arn),
        [&](std::string_view json) { return parse_certificate(json, tagged.front().arn); }, found);
    if (done.has_error()) return done.error();
    inventory_.certificate = std::move(found);
    tagged.erase(tagged.begin());
    return boost::system::in_place_value;
}

Outcome<void> Surveyor::ask_log_group(const std::string& name) {
    if (name.empty()) return boost::system::in_place_value;
    return ask(
        log_groups_words(name), [&](std::string_view json) { return has_log_group(json, name); },
        inventory_.log_group_exists);
}

Outcome<void> Surveyor::ask_tagged_groups() {
    const auto done = ask(tagged_groups_words(cluster_), of_cluster(parse_groups), inventory_.groups);
    if (done.has_error()) return done.error();
    return ask(tagged_rules_words(cluster_), of_cluster(parse_group_rules), inventory_.rules);
}

}  // namespace

Outcome<Inventory> survey(Session& session, const Wish& wish, const Progress& progress) {
    Surveyor surveyor(session, wish.cluster, progress);
    for (const auto step : {&Surveyor::ask_cluster, &Surveyor::ask_network, &Surveyor::ask_groups,
                            &Surveyor::ask_interfaces, &Surveyor::ask_endpoints, &Surveyor::ask_crl})
        if (const auto done = (surveyor.*step)(); done.has_error()) return done.error();
    if (const auto done = surveyor.ask_certificates(wish.server_name); done.has_error()) return done.error();
    if (const auto done = surveyor.ask_log_group(wish.log_group); done.has_error()) return done.error();
    return surveyor.take();
}

Outcome<Inventory> survey_tagged(Session& session, const std::string& cluster, const Progress& progress) {
    Surveyor surveyor(session, cluster, progress);
    for (const auto step : {&Surveyor::ask_endpoints, &Surveyor::ask_crl, &Surveyor::ask_tagged_groups})
        if (const auto done = (surveyor.*step)(); done.has_error()) return done.error();
    if (const auto done = surveyor.ask_certificates({}); done.has_error()) return done.error();
    return surveyor.take();
}

Outcome<void> refresh_endpoint(Session& session, Inventory& inventory, const std::string& cluster) {
    if (!inventory.endpoint) return boost::system::in_place_value;
    Endpoint& known = *inventory.endpoint;
    auto answer = session.ask(describe_endpoint_words(known.id),
                              [&](std::string_view json) { return parse_endpoints(json, cluster); });
    const bool gone = answer.has_value() ? answer->empty() : answer.error().error.kind == AwsErrorKind::not_found;
    if (gone) {
        // Else it was made a moment ago, and not every part of EC2 has heard of it.
        if (known.state != "deleting") return boost::system::in_place_value;
        inventory.endpoint.reset();
        if (inventory.more.empty()) return boost::system::in_place_value;
        inventory.endpoint = std::move(inventory.more.front());
        inventory.more.erase(inventory.more.begin());
        return ask_parts(session, *inventory.endpoint);
    }
    if (answer.has_error()) return answer.error().problem;
    Endpoint now = std::move(answer->front());
    if (known.state == "deleting") now.state = "deleting";
    now.crl = std::move(known.crl);
    now.crl_is_unknown = known.crl_is_unknown;
    inventory.endpoint = std::move(now);
    return ask_parts(session, *inventory.endpoint);
}

}  // namespace memdb::client::aws
