// pki revoke and crl: who is let in no longer, and the list that says so.
#include "base/clock.hpp"
#include "client/aws/calls.hpp"
#include "client/aws_program.hpp"
#include "client/aws_words.hpp"
#include "client/command_pki.hpp"
#include "client/confirm.hpp"
#include "client/crl_upload.hpp"
#include "client/render_key.hpp"
#include "client/render_pki.hpp"
#include "client/text.hpp"
#include "keys/certificate.hpp"

namespace memdb::client {
namespace {

constexpr std::size_t kEndpointEntries = 20'000;  // what AWS takes
constexpr Duration kPublishLimit = 60s;

std::string question_of(const pki::Revocable& certificate) {
    return "Revoke " + certificate.name + " (serial " + certificate.serial + ", until " +
           keys::date_text(certificate.expires) + ") for good?";
}

Outcome<void> publish(const PkiArguments& asked, const pki::PkiFolder& folder, const pki::CrlFacts& facts) {
    if (facts.entries > kEndpointEntries)
        return Problem{Exit::failed, "an endpoint takes 20000 entries at most: nothing was published"};
    const auto words = aws::import_crl_words(asked.publish, folder.crl());
    const AwsChoice choice{asked.region, asked.aws_profile};
    const std::string line = shell_line(aws_argv(words, choice));
    if (find_program("aws").empty())
        return Problem{Exit::failed, "the program aws is not on this machine; where it is, run: " + line};
    print("running " + line + "\n");
    const auto done = run_aws(words, choice, kPublishLimit);
    if (done.has_error())
        return Problem{done.error().exit, done.error().message + "; not published, but " + folder.crl() + " is made"};
    return boost::system::in_place_value;
}

std::string crl_line(const Context& context, const pki::PkiFolder& folder, const pki::CrlFacts& facts) {
    return clean("revocation list " + folder.crl() + ": " + crl_text(facts, wall_now()), !context.terminal.out.utf8) +
           "\n";
}

/// The new list to the agent of --profile, if one is given.
int tell_profile(const Context& context, const pki::PkiFolder& folder, const std::string& done) {
    const auto& profile = context.arguments.profile;
    if (!profile) return 0;
    const auto known = tell_agent(context, *profile, folder.crl(), done);
    if (known.has_error()) return complain(context, known.error());
    print(render_crl(*profile, *known, context.terminal.out));
    return 0;
}

}  // namespace

int run_pki_revoke(Context& context) {
    const Arguments& arguments = context.arguments;
    const auto authority = open_authority(arguments);
    if (authority.has_error()) return complain(context, authority.error());
    const auto certificate = authority->find(arguments.pki.name);
    if (certificate.has_error()) return complain(context, certificate.error());
    if (!arguments.yes && !certificate->revoked_at) {
        if (!context.terminal.in_is_one)
            return complain(context, {Exit::usage, "revoking " + arguments.pki.name + " cannot be undone: say --yes"});
        if (!confirmed(question_of(*certificate))) return complain(context, {Exit::failed, "nothing was revoked"});
    }
    const auto moved = authority->revoke(*certificate, arguments.pki.reason);
    if (moved.has_error()) return complain(context, moved.error());
    if (certificate->revoked_at)
        warn(context, arguments.pki.name + " was revoked on " + keys::date_text(*certificate->revoked_at) + " already");
    print("revoked " + arguments.pki.name + ", serial " + certificate->serial + "\n");
    const auto facts = authority->make_crl(arguments.pki.days);
    if (facts.has_error())
        return complain(context, {facts.error().exit, facts.error().message +
                                                          "; it is revoked, but the list is not "
                                                          "made: memdbctl pki crl" +
                                                          pki_option(authority->folder())});
    print(crl_line(context, authority->folder(), *facts) +
          "it is let in until the endpoint has this list\nnext: memdbctl pki crl" + pki_option(authority->folder()) +
          " --publish cvpn-endpoint-ID\n");
    return tell_profile(context, authority->folder(), arguments.pki.name + " is revoked and the list made");
}

int run_pki_crl(Context& context) {
    const PkiArguments& asked = context.arguments.pki;
    const auto authority = open_authority(context.arguments);
    if (authority.has_error()) return complain(context, authority.error());
    const auto facts = authority->make_crl(asked.days);
    if (facts.has_error()) return complain(context, facts.error());
    print(crl_line(context, authority->folder(), *facts));
    const int told = tell_profile(context, authority->folder(), "the list is made");
    if (asked.publish.empty()) return told;  // else the endpoint gets it, whatever the agent says
    const auto done = publish(asked, authority->folder(), *facts);
    if (done.has_error()) return complain(context, done.error());
    print("published to " + asked.publish + ": connections are reset; it takes up to 4 hours to apply\n");
    return told;
}

}  // namespace memdb::client
