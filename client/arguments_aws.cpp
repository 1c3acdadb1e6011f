#include "client/arguments_aws.hpp"

#include "base/ip_network.hpp"
#include "client/aws_words.hpp"
#include "client/pki/name_policy.hpp"

#include <CLI/CLI.hpp>

namespace memdb::client {
namespace {

std::string check_name(const std::string& text) {
    return pki::is_name(text) ? "" : "a name has " + std::string(pki::kNameRule);
}
std::string check_network(const std::string& text) {
    return parse_network(text) ? "" : "a network such as 10.200.0.0/22 is expected";
}
std::string check_allow(const std::string& text) {
    if (text == "nodes") return "";
    const auto network = parse_network(text);
    if (!network || network->address.is_v6) return "a network such as 10.20.1.0/24, or nodes, is expected";
    return network->prefix == 0 ? "everything is --internet's business" : "";
}
std::string check_source(const std::string& text) {
    return parse_network(text) || (text.starts_with("sg-") && is_aws_word(text))
               ? ""
               : "a security group's id (sg-…) or a network is expected";
}
std::string check_log_group(const std::string& text) {
    constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/#";
    return !text.empty() && text.size() <= 512 && text.front() != '-' &&
                   text.find_first_not_of(plain) == std::string::npos
               ? ""
               : "the name of a log group is expected";
}

void add_cluster(CLI::App& app, Arguments& into) {
    app.add_option("--cluster", into.aws.cluster, "the MemoryDB cluster's name")
        ->required()
        ->check(check_aws_word)
        ->type_name("NAME");
    add_aws_choice(app, into);
}

void add_profile(CLI::App& app, Arguments& into) {
    app.add_option("--profile", into.profile, "of memdbd (default: the cluster's name)")->type_name("PROFILE");
}

void add_folder(CLI::App& app, Arguments& into) {
    app.add_option("--pki", into.pki.folder, "the PKI's folder (default ~/.local/share/memdbctl/pki)")
        ->type_name("DIR");
    app.add_option("--easyrsa", into.pki.easyrsa, "the easyrsa program (default: PATH, then /usr/share/easy-rsa)")
        ->type_name("PATH");
}

/// What plan and apply are wished.
void add_wish(CLI::App& app, Arguments& into) {
    add_cluster(app, into);
    add_profile(app, into);
    add_folder(app, into);
    app.add_option("--allow", into.aws.allow,
                   "let clients reach only this: a network (may be given again), or nodes (default: the whole VPC)")
        ->allow_extra_args(false)
        ->check(check_allow)
        ->type_name("CIDR|nodes");
    app.add_flag("--internet", into.aws.internet, "all traffic of the laptop through the VPN, to the internet, too");
    app.add_option("--client-cidr", into.aws.client_cidr,
                   "addresses of the clients, /22 or larger (default: a free one)")
        ->check(check_network)
        ->type_name("CIDR");
    app.add_option("--session-hours", into.aws.session_hours, "then a session ends (default 24)")
        ->check(CLI::IsMember({8, 10, 12, 24}))
        ->type_name("8|10|12|24");
    app.add_option("--log-group", into.aws.log_group, "log every connection to this CloudWatch log group")
        ->check(check_log_group)
        ->type_name("NAME");
    app.add_option("--server-name", into.aws.server_name,
                   "DNS name in the endpoint's certificate (default CLUSTER.vpn.internal)")
        ->check([](const std::string& text) {
            return pki::is_name(text) && pki::is_dns_name(text) ? "" : "a DNS name is expected";
        })
        ->type_name("NAME");
    app.add_option("--client-name", into.aws.client_name, "of this laptop's certificate (default: the machine's name)")
        ->check(check_name)
        ->type_name("NAME");
    app.add_option("--bundle", into.aws.bundle,
                   "write the configuration with certificate and key here (mode 0600), instead of into memdbd")
        ->type_name("FILE");
    auto* direct = app.add_flag("--direct", into.direct,
                                "no VPN: only the inbound rule, for instances in the same or a peered VPC");
    app.add_option("--source", into.aws.source, "with --direct: who is let in, a security group or a network")
        ->needs(direct)
        ->check(check_source)
        ->type_name("SG|CIDR");
}

}  // namespace

std::string check_aws_word(const std::string& text) { return is_aws_word(text) ? "" : "a plain name is expected"; }

void add_aws_choice(CLI::App& app, Arguments& into) {
    app.add_option("--region", into.pki.region, "for aws (default: what aws is set to)")
        ->check(check_aws_word)
        ->type_name("REGION");
    app.add_option("--aws-profile", into.pki.aws_profile, "for aws: its --profile")
        ->check(check_aws_word)
        ->type_name("NAME");
}

void add_aws_plan(CLI::App& app, Arguments& into) { add_wish(app, into); }

void add_aws_apply(CLI::App& app, Arguments& into) {
    add_wish(app, into);
    app.add_option("--user", into.user, "ACL user of the cluster, for the profile")->type_name("NAME");
    auto* file =
        app.add_option("--password-file", into.password_file, "file with the user's password")->type_name("FILE");
    app.add_flag("--iam", into.iam, "the user logs in by IAM, with tokens of memdbctl auth push")->excludes(file);
    app.add_option("--ca", into.ca, "trust these certificates for the cluster, PEM")->type_name("FILE");
    app.add_flag("--dry-run", into.aws.dry_run, "ask EC2 whether each step would be allowed; change nothing");
    app.add_option_function<std::string>(
           "--timeout", [&into](const std::string& text) { into.aws.timeout = parse_duration(text).value_or(1min); },
           "of the connection at the end (default 1m)")
        ->check([](const std::string& text) {
            return parse_duration(text) ? "" : "a time such as 30s, 500ms or 2m is expected";
        })
        ->type_name("TIME");
}

void add_aws_status(CLI::App& app, Arguments& into) {
    add_cluster(app, into);
    app.add_option("--price-association", into.aws.price_association, "dollars for an hour of a target network (0.10)")
        ->check(CLI::Range(0.0, 1000.0))
        ->type_name("USD");
    app.add_option("--price-connection", into.aws.price_connection, "dollars for an hour of a connection (0.05)")
        ->check(CLI::Range(0.0, 1000.0))
        ->type_name("USD");
}

void add_aws_crl(CLI::App& app, Arguments& into) {
    add_cluster(app, into);
    add_profile(app, into);
    add_folder(app, into);
    app.add_option("--revoke", into.aws.revoke, "a client's name, see memdbctl pki list; else the list is only renewed")
        ->check(check_name)
        ->type_name("CLIENT");
    app.add_option("--reason", into.pki.reason, "why")
        ->check(CLI::IsMember(std::vector<std::string>(pki::kReasons.begin(), pki::kReasons.end())))
        ->type_name("REASON");
    app.add_option("--days", into.pki.days, "how long the list is valid (default 180)")
        ->check(CLI::Range(1u, 36500u))
        ->type_name("N");
    app.add_flag("--disconnect", into.aws.disconnect, "end the connections of that client now");
}

void add_aws_destroy(CLI::App& app, Arguments& into) {
    add_cluster(app, into);
    add_profile(app, into);
}

}  // namespace memdb::client
