// Which signer a rotation uses: the flags, else what the profile says. Pure.
#pragma once

#include "client/arguments.hpp"
#include "client/signers/signer.hpp"
#include "control/snapshot.hpp"

#include <cstdint>

namespace memdb::client {

/// @param own_uid  of the caller: a signer that another member of the group stored would be a program that runs with
///                 the caller's rights, so only the caller's own and root's count.
/// @return Exit::usage when nothing says who signs, or flags contradict each other; Exit::not_permitted for a signer
///         of somebody else. A pki signer's target may be empty: the default folder.
Outcome<signers::Signer> choose_signer(const Arguments& arguments, const control::ProfileView& profile,
                                       std::uint32_t own_uid);

/// Whether the old certificate is revoked once the new one is confirmed: the flag, else what the profile says.
enum class RevokeOld : std::uint8_t { no, yes, not_ours };

/// Of a profile's wish the same counts as of its signer: only the caller's own and root's, because the caller's CA
/// revokes. It is for a PKI only; with another signer it says nothing.
/// @return not_ours: somebody else wishes it. Exit::usage for --revoke-old with a signer that cannot.
Outcome<RevokeOld> choose_revoke_old(const Arguments& arguments, const control::ProfileView& profile,
                                     const signers::Signer& signer, std::uint32_t own_uid);

}  // namespace memdb::client
