// What has become of a password that memdbd.toml names, as conditions for people. Pure translation.
#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"
#include "config/password_source.hpp"
#include "health/facts.hpp"

#include <optional>
#include <vector>

namespace memdb::app {

/// What memdbd.toml names for a profile, as it was last read.
struct NamedPassword {
    config::PasswordSource source;
    Result<Secret<>> password;
};

/// Which password the probes use from now on.
/// @param named   nothing: memdbd.toml names none. @param stored  with the profile; empty for none.
/// @param in_use  until now; empty at the start. It stays while a named one cannot be read: a stored one that nobody
///                uses any more may be years old.
[[nodiscard]] const Secret<>& password_to_use(const std::optional<NamedPassword>& named, const Secret<>& stored,
                                              const Secret<>& in_use) noexcept;

/// @param trouble  why the named one could not be read. @param has_one  whether the probes have another one in use.
std::vector<health::Condition> password_conditions(const config::PasswordSource& source, const Failure& trouble,
                                                   bool has_one);

}  // namespace memdb::app
