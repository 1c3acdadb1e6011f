// rotate: a new key in the agent, signed as the calling user, then watched until it is proven, in force and confirmed.
#include "client/command_rotate.hpp"

#include "base/clock.hpp"
#include "client/command_pki.hpp"
#include "client/crl_upload.hpp"
#include "client/progress_line.hpp"
#include "client/render_pki.hpp"
#include "client/rotation_tracker.hpp"
#include "client/signer_choice.hpp"
#include "client/text.hpp"
#include "keys/certificate.hpp"

#include <unistd.h>

#include <algorithm>

namespace memdb::client {
namespace {

using signers::Signer;
using signers::SignerKind;

bool is_under_way(const control::ProfileView& profile) {
    constexpr std::string_view busy[] = {"making", "proving", "confirming", "awaiting", "reverting"};
    return profile.rotation && std::find(std::begin(busy), std::end(busy), profile.rotation->phase) != std::end(busy);
}

/// Why there is nothing to do for `--if-due`; empty when there is.
std::string not_due(const control::ProfileView& profile, WallTime at) {
    if (!profile.credential) return "has no certificate";
    if (is_under_way(profile)) return "is being rotated already (" + profile.rotation->phase + ")";
    const auto due = profile.credential->rotate_at;
    if (!due) return "is never due: rotation is off in the agent's settings";
    if (at >= *due) return "";
    const auto days = std::chrono::floor<std::chrono::days>(*due - at).count();
    return "is not due before " + keys::date_text(*due) + " (in " + count_text(static_cast<std::size_t>(days), "day") +
           ")";
}

Outcome<Signer> signer_for(const Context& context, const control::ProfileView& profile) {
    auto signer = choose_signer(context.arguments, profile, ::getuid());
    if (signer.has_error()) return signer.error();
    if (signer->kind == SignerKind::manual)
        return Problem{Exit::usage, "with a manual signer: memdbctl key request --out FILE " + profile.name +
                                        ", have it signed, then memdbctl key install CERTFILE " + profile.name};
    if (signer->kind == SignerKind::pki) {
        Arguments where;
        where.pki.folder = signer->target;
        auto folder = pki_path(where);
        if (folder.has_error()) return folder.error();
        signer->target = std::move(*folder);
    }
    return std::move(*signer);
}

/// The certificate that was in force before. The agent names it by serial; easy-rsa by the file's name.
Outcome<void> revoke_old(const Context& context, const std::string& profile, const Signer& signer,
                         const control::CredentialView& old) {
    const auto authority = pki::Authority::open(signer.target, context.arguments.pki.easyrsa);
    if (authority.has_error()) return authority.error();
    const auto entries = authority->folder().entries();
    if (entries.has_error()) return entries.error();
    const auto* entry = pki::find_serial(*entries, old.serial);
    if (entry == nullptr)
        return Problem{Exit::failed, "the old certificate (" + old.subject + ", serial " + old.serial +
                                         ") is not from this PKI: nothing was revoked"};
    const auto certificate = authority->find(entry->common_name);
    if (certificate.has_error()) return certificate.error();
    if (certificate->serial != old.serial)
        return Problem{Exit::failed, authority->folder().certificate(entry->common_name) +
                                         " is another certificate than the old one (serial " + old.serial +
                                         "): nothing was revoked"};
    const auto revoked = authority->revoke(*certificate, "superseded");
    if (revoked.has_error()) return revoked.error();
    const auto crl = authority->make_crl(std::nullopt);
    if (crl.has_error())
        return Problem{crl.error().exit,
                       certificate->name + " is revoked, but the list is the old one (" + crl.error().message +
                           "): run memdbctl pki crl" + pki_option(authority->folder()),
                       crl.error().signal};
    const bool ascii = !context.terminal.out.utf8;
    print(rotation_line("revoked", std::nullopt, certificate->name + "; list: " + crl_text(*crl, wall_now()), ascii));
    const auto told =
        tell_agent(context, profile, authority->folder().crl(), certificate->name + " is revoked and the list made");
    if (told.has_value()) print(rotation_line("told", std::nullopt, "the agent has the new list", ascii));
    print("the old one is let in until the endpoint has this list\nnext: memdbctl pki crl" +
          pki_option(authority->folder()) + " --publish cvpn-endpoint-ID\n");
    if (told.has_error()) return told.error();
    return boost::system::in_place_value;
}

Outcome<std::string> sign_request(const Context& context, const std::string& profile, const Signer& signer,
                                  const signers::Csr& csr, TimePoint deadline) {
    const auto& arguments = context.arguments.pki;
    const Stopwatch watch;
    ProgressLine line(context);
    line.show_now(profile + ": being signed by " + signers::describe(signer));
    const signers::SigningSettings settings{arguments.easyrsa, arguments.region, arguments.aws_profile, arguments.days};
    auto certificate = signers::sign(signer, settings, csr, std::max<Duration>(deadline - now(), 1ms));
    line.clear();
    if (certificate.has_value())
        print(rotation_line("signed", std::chrono::duration_cast<Duration>(watch.elapsed()),
                            "by " + signers::describe(signer), !context.terminal.out.utf8));
    return certificate;
}

Outcome<void> rotate(const Context& context, Watch watch, const std::string& name) {
    const TimePoint deadline = now() + context.arguments.keys.timeout;
    const control::ProfileView profile = *find_profile(watch.snapshot, name);
    const bool ascii = !context.terminal.out.utf8;
    if (context.arguments.keys.if_due)
        if (const std::string why = not_due(profile, wall_now()); !why.empty()) {
            print(clean(name + " " + why, ascii) + "\n");
            return boost::system::in_place_value;
        }
    const auto signer = signer_for(context, profile);
    if (signer.has_error()) return signer.error();
    const auto revoke = choose_revoke_old(context.arguments, profile, *signer, ::getuid());
    if (revoke.has_error()) return revoke.error();
    if (*revoke == RevokeOld::not_ours)
        warn(context, "that " + name +
                          " revokes its old certificate was set by another user, and would be done with your rights: "
                          "it is not; say --revoke-old, or memdbctl profile set --revoke-old on");
    const auto csr = ask_for_request(context, name);
    if (csr.has_error()) return csr.error();
    print(clean(name + ": rotating to " + csr->common_name, ascii) + "\n");
    const auto certificate = sign_request(context, name, *signer, *csr, deadline);
    if (certificate.has_error())
        return Problem{certificate.error().exit,
                       certificate.error().message + "; " + name + " keeps its key, and the request stays pending",
                       certificate.error().signal};
    bool awaiting = false;
    const auto done = follow_rotation(context, std::move(watch), name, "install",
                                      control::to_json(control::KeyInstall{*certificate}), deadline, &awaiting);
    if (done.has_error()) return done.error();
    if (*revoke != RevokeOld::yes || !profile.credential) return boost::system::in_place_value;
    if (awaiting) {
        warn(context, "the old certificate, serial " + profile.credential->serial +
                          ", is not revoked before the new one is confirmed: memdbctl pki revoke, later");
        return boost::system::in_place_value;
    }
    return revoke_old(context, name, *signer, *profile.credential);
}

/// --if-due without a name: each in turn, and one that fails does not keep the others from it; one that is interrupted
/// does.
int rotate_all(const Context& context, const control::Snapshot& snapshot) {
    int exit = 0;
    for (const auto& profile : snapshot.profiles) {
        if (profile.kind == "direct") continue;
        auto watch = open_watch(context);
        if (watch.has_error()) return complain(context, watch.error());
        if (find_profile(watch->snapshot, profile.name) == nullptr) continue;
        const auto done = rotate(context, std::move(*watch), profile.name);
        if (done.has_error()) exit = std::max(exit, complain(context, done.error()));
        if (done.has_error() && done.error().signal != 0) break;  // who stops one rotation wants no other
    }
    return exit;
}

}  // namespace

int run_rotate(Context& context) {
    auto watch = open_watch(context);
    if (watch.has_error()) return complain(context, watch.error());
    if (context.arguments.keys.if_due && !context.arguments.profile) return rotate_all(context, watch->snapshot);
    const auto profile = chosen_profile(context, watch->snapshot);
    if (profile.has_error()) return complain(context, profile.error());
    const auto done = rotate(context, std::move(*watch), *profile);
    return done.has_error() ? complain(context, done.error()) : 0;
}

}  // namespace memdb::client
