// aws crl: who is let in no longer, from the PKI to the endpoint.
#include "base/clock.hpp"
#include "client/aws/replies.hpp"
#include "client/aws/survey.hpp"
#include "client/command_aws.hpp"
#include "client/command_pki.hpp"
#include "client/confirm.hpp"
#include "client/crl_upload.hpp"
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
    for (const auto& one : *all)
        if (one.ours && one.state != "deleting") return one.id;
    return Problem{Exit::failed,
                   "no endpoint carries the tag " + std::string(aws::kTag) + "=" + cluster +
                       ": memdbctl aws apply makes one; for one made by hand, memdbctl pki crl --publish"};
}

/// Revokes --revoke, unless that is done. Says so.
Outcome<void> revoke(Context& context, const pki::Authority& authority) {
    const Arguments& arguments = context.arguments;
    const std::string& name = arguments.aws.revoke;
    const auto certificate = authority.find(name);
    if (certificate.has_error()) return certificate.error();
    if (!certificate->revoked_at && !arguments.yes) {
        if (!context.terminal.in_is_one)
            return Problem{Exit::usage, "revoking " + name + " cannot be undone: say --yes; nothing was changed"};
        if (!confirmed("Revoke " + name + " (serial " + certificate->serial + ") for good?"))
            return Problem{Exit::failed, "nothing was revoked"};
    }
    const auto moved = authority.revoke(*certificate, arguments.pki.reason);
    if (moved.has_error()) return moved.error();
    print(certificate->revoked_at ? name + " was revoked on " + keys::date_text(*certificate->revoked_at) + "\n"
                                  : "revoked " + name + ", serial " + certificate->serial + "\n");
    return boost::system::in_place_value;
}

/// The connections whose certificate has that name. How many were told to end.
Outcome<std::size_t> disconnect(aws::Session& session, const std::string& endpoint, const std::string& name) {
    const auto all = session.ask(aws::describe_endpoint_part_words("connections", endpoint), aws::parse_connections);
    if (all.has_error()) return all.error().problem;
    std::size_t ended = 0;
    for (const auto& one : *all) {
        if (one.common_name != name || one.state != "active") continue;
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
    if (!arguments.aws.revoke.empty())
        if (const auto done = revoke(context, *authority); done.has_error()) return complain(context, done.error());
    const auto facts = authority->make_crl(arguments.pki.days);
    if (facts.has_error()) return complain(context, facts.error());
    print("revocation list: " + crl_text(*facts, wall_now()) + "\n");
    if (const auto done = publish(context, session, *endpoint, authority->folder(), *facts); done.has_error())
        return complain(context, done.error());
    if (arguments.aws.disconnect) {
        const auto ended = disconnect(session, *endpoint, arguments.aws.revoke);
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
