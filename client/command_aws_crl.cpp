// aws crl: who is let in no longer, from the PKI to the endpoint.
#include "base/clock.hpp"
#include "client/aws/replies.hpp"
#include "client/aws/survey.hpp"
#include "client/command_aws.hpp"
#include "client/command_pki.hpp"
#include "client/confirm.hpp"
#include "client/crl_upload.hpp"
#include "client/pki/name_policy.hpp"
#include "client/progress_line.hpp"
#include "client/render_key.hpp"
#include "client/render_pki.hpp"
#include "client/text.hpp"
#include "keys/certificate.hpp"

#include <algorithm>

namespace memdb::client {
namespace {

constexpr std::size_t kEndpointEntries = 20'000;  // what AWS takes

Outcome<std::string> find_endpoint(const Context& context, aws::Session& session) {
    ProgressLine line(context);
    line.show_now("aws ec2 describe-client-vpn-endpoints");
    const std::string& cluster = context.arguments.aws.cluster;
    const auto all = session.ask(aws::describe_endpoints_words(),
                                 [&](std::string_view json) { return aws::parse_endpoints(json, cluster); });
    if (all.has_error()) return all.error().problem;
    std::vector<std::string> own;
    for (const auto& one : *all)
        if (one.ours && one.state != "deleting") own.push_back(one.id);
    if (own.size() > 1)
        return Problem{Exit::failed, "two endpoints carry the tag " + std::string(aws::kTag) + "=" + cluster + ", " +
                                         own[0] + " and " + own[1] +
                                         ": memdbctl pki crl --publish ID gives the list to one of them"};
    if (own.size() == 1) return own.front();
    return Problem{Exit::failed,
                   "no endpoint carries the tag " + std::string(aws::kTag) + "=" + cluster +
                       ": memdbctl aws apply makes one; for one made by hand, memdbctl pki crl --publish"};
}

/// The client's certificates: of that name, and the later ones of renewals and rotations that are in force.
Outcome<std::vector<pki::Revocable>> certificates_of(const pki::Authority& authority, const std::string& name) {
    std::vector<pki::Revocable> found;
    const auto entries = authority.folder().entries();
    if (entries.has_error()) return entries.error();
    for (const auto& entry : *entries) {
        const bool later = pki::is_later_name(entry.common_name, name);
        if (!later || entry.status == pki::CertificateStatus::revoked) continue;
        auto one = authority.find(entry.common_name);
        if (one.has_error()) return one.error();
        if (!one->revoked_at) found.push_back(std::move(*one));
    }
    auto first = authority.find(name);
    if (first.has_error() && found.empty()) return first.error();
    if (first.has_value()) found.insert(found.begin(), std::move(*first));
    return found;
}

/// What the endpoint calls who connects with it: the CN in the certificate.
std::string common_name_of(const pki::Revocable& certificate) {
    const auto read = keys::read_certificates(certificate.pem, certificate.name);
    return read.has_value() ? read->front().info.common_name : certificate.name;
}

/// Revokes all of them that are not yet. Says so.
Outcome<void> revoke(Context& context, const pki::Authority& authority,
                     const std::vector<pki::Revocable>& certificates) {
    const Arguments& arguments = context.arguments;
    std::string names;
    for (const auto& one : certificates)
        if (!one.revoked_at) names += (names.empty() ? "" : ", ") + one.name + " (serial " + one.serial + ")";
    if (!names.empty() && !arguments.yes) {
        if (!context.terminal.in_is_one)
            return Problem{Exit::usage, "revoking " + names + " cannot be undone: say --yes; nothing was changed"};
        if (!confirmed("Revoke " + names + " for good?")) return Problem{Exit::failed, "nothing was revoked"};
    }
    for (const auto& one : certificates) {
        const auto moved = authority.revoke(one, arguments.pki.reason);
        if (moved.has_error()) return moved.error();
        print(one.revoked_at ? one.name + " was revoked on " + keys::date_text(*one.revoked_at) + "\n"
                             : "revoked " + one.name + ", serial " + one.serial + "\n");
    }
    return boost::system::in_place_value;
}

/// The connections whose certificate has one of these names. How many were told to end.
Outcome<std::size_t> disconnect(aws::Session& session, const std::string& endpoint,
                                const std::vector<std::string>& names) {
    const auto all = session.ask(aws::describe_endpoint_part_words("connections", endpoint), aws::parse_connections);
    if (all.has_error()) return all.error().problem;
    std::size_t ended = 0;
    for (const auto& one : *all) {
        if (one.state != "active" || std::find(names.begin(), names.end(), one.common_name) == names.end()) continue;
        const auto told = session.call(aws::terminate_words(endpoint, one.id));
        if (told.has_error()) return told.error().problem;
        ++ended;
    }
    return ended;
}

Outcome<void> publish(Context& context, aws::Session& session, const std::string& endpoint,
                      const pki::PkiFolder& folder, const pki::CrlFacts& facts) {
    if (facts.entries > kEndpointEntries)
        return Problem{Exit::failed, "an endpoint takes 20000 entries at most: the list was not imported"};
    {
        ProgressLine line(context);
        line.show_now("aws ec2 import-client-vpn-client-certificate-revocation-list");
        const auto done = session.call(aws::import_crl_words(endpoint, folder.crl()));
        if (done.has_error())
            return Problem{done.error().problem.exit, done.error().problem.message +
                                                          "; the endpoint does not have the list yet, " + folder.crl() +
                                                          " is made: the same command goes on"};
    }
    print("imported into " + endpoint +
          ": AWS resets every connection of the endpoint, clients come back by themselves;\n"
          "  it may take up to 4 hours until it applies\n" +
          (facts.next_update ? "  the list ends on " + keys::date_text(*facts.next_update) +
                                   ": from then on EVERY new connection is refused; renew it before,\n"
                                   "  with memdbctl aws crl --cluster " +
                                   context.arguments.aws.cluster + "\n"
                             : ""));
    return boost::system::in_place_value;
}

}  // namespace

int run_aws_crl(Context& context) {
    const Arguments& arguments = context.arguments;
    if (arguments.aws.disconnect && arguments.aws.revoke.empty())
        return complain(context,
                        {Exit::usage, "--disconnect needs --revoke CLIENT: one that is not revoked comes back"});
    const auto authority = open_authority(arguments);
    if (authority.has_error()) return complain(context, authority.error());
    if (const auto whole = authority->folder().check_complete(); whole.has_error())
        return complain(context, whole.error());
    aws::Session session(aws_choice(arguments));
    const auto endpoint = find_endpoint(context, session);
    if (endpoint.has_error()) return complain(context, endpoint.error());
    std::vector<std::string> names;
    if (!arguments.aws.revoke.empty()) {
        const auto certificates = certificates_of(*authority, arguments.aws.revoke);
        if (certificates.has_error()) return complain(context, certificates.error());
        for (const auto& one : *certificates) names.push_back(common_name_of(one));
        const auto done = revoke(context, *authority, *certificates);
        if (done.has_error()) return complain(context, done.error());
    }
    const auto facts = authority->make_crl(arguments.pki.days);
    if (facts.has_error()) return complain(context, facts.error());
    print("revocation list: " + crl_text(*facts, wall_now()) + "\n");
    if (const auto done = publish(context, session, *endpoint, authority->folder(), *facts); done.has_error())
        return complain(context, done.error());
    if (arguments.aws.disconnect) {
        const auto ended = disconnect(session, *endpoint, names);
        if (ended.has_error()) return complain(context, ended.error());
        print(*ended == 0 ? "no connection of " + arguments.aws.revoke + " was left\n"
                          : count_text(*ended, "connection") + " of " + arguments.aws.revoke + " ended\n");
    }
    if (!arguments.profile) return 0;
    const auto known = tell_agent(context, *arguments.profile, authority->folder().crl(), "the endpoint has the list");
    if (known.has_error()) return complain(context, known.error());
    print(render_crl(*arguments.profile, *known, context.terminal.out));
    return 0;
}

}  // namespace memdb::client
