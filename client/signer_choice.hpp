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

}  // namespace memdb::client
