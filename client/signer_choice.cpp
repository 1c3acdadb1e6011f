#include "client/signer_choice.hpp"

namespace memdb::client {
namespace {

using signers::Signer;
using signers::SignerKind;

Problem usage(std::string message) { return {Exit::usage, std::move(message)}; }

/// The word that the flags mean; empty when there are none.
Outcome<std::string> word_of(const Arguments& arguments) {
    std::string word = arguments.keys.signer;
    const std::pair<bool, std::string_view> implied[] = {{!arguments.pki.folder.empty(), "pki"},
                                                         {!arguments.keys.acm_pca.empty(), "acm-pca"},
                                                         {!arguments.keys.command.empty(), "command"}};
    for (const auto& [given, means] : implied) {
        if (!given) continue;
        if (!word.empty() && word != means)
            return usage("the options name two signers: " + word + " and " + std::string(means));
        word = means;
    }
    return word;
}

/// Of who stored something.
bool is_trusted(std::optional<std::uint32_t> uid, std::uint32_t own_uid) { return uid == own_uid || uid == 0u; }

}  // namespace

Outcome<Signer> choose_signer(const Arguments& arguments, const control::ProfileView& profile, std::uint32_t own_uid) {
    const auto word = word_of(arguments);
    if (word.has_error()) return word.error();
    if (*word == "pki") return Signer{SignerKind::pki, arguments.pki.folder};
    if (*word == "manual") return Signer{SignerKind::manual, {}};
    if (*word == "acm-pca") {
        if (arguments.keys.acm_pca.empty()) return usage("--signer acm-pca needs --acm-pca ARN");
        return Signer{SignerKind::acm_pca, arguments.keys.acm_pca};
    }
    if (*word == "command") {
        if (!arguments.keys.command.starts_with('/'))
            return usage("--signer command needs --signer-command with an absolute path");
        return Signer{SignerKind::command, arguments.keys.command};
    }
    if (!profile.signer)
        return usage("who signs for " + profile.name +
                     "? Say --signer pki, acm-pca, command or manual, or store it: "
                     "memdbctl profile set " +
                     profile.name + " --signer pki:/DIR");
    const auto stored = signers::parse_signer(*profile.signer);
    if (stored.has_error()) return Problem{Exit::failed, profile.name + ": " + stored.error().message};
    if (stored->kind != SignerKind::manual && !is_trusted(profile.signer_uid, own_uid))
        return Problem{Exit::not_permitted,
                       "the signer of " + profile.name +
                           " was set by another user, and would run with your rights: set it yourself with memdbctl "
                           "profile set --signer, or say --signer here"};
    return *stored;
}

Outcome<RevokeOld> choose_revoke_old(const Arguments& arguments, const control::ProfileView& profile,
                                     const Signer& signer, std::uint32_t own_uid) {
    if (const auto flag = arguments.keys.revoke_old) {
        if (*flag && signer.kind != SignerKind::pki)
            return usage("--revoke-old needs the signer pki: another CA revokes by its own means");
        return *flag ? RevokeOld::yes : RevokeOld::no;
    }
    if (!profile.revoke_old.value_or(false) || signer.kind != SignerKind::pki) return RevokeOld::no;
    return is_trusted(profile.revoke_old_uid, own_uid) ? RevokeOld::yes : RevokeOld::not_ours;
}

}  // namespace memdb::client
