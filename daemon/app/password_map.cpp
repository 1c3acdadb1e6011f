#include "app/password_map.hpp"

#include <string>

namespace memdb::app {

const Secret<>& password_to_use(const std::optional<NamedPassword>& named, const Secret<>& stored,
                                const Secret<>& in_use) noexcept {
    if (!named) return stored;
    return named->password ? *named->password : in_use;
}

std::vector<health::Condition> password_conditions(const config::PasswordSource& source, const Failure& trouble,
                                                   bool has_one) {
    std::string summary = "the password that memdbd.toml names cannot be used";
    if (has_one) summary += ", the one before stays in use";
    std::string evidence = trouble.message;
    if (source.place == config::PasswordPlace::credential) evidence = to_string(source) + ": " + evidence;
    return {{"password-unusable", std::move(summary), std::move(evidence),
             has_one ? health::Severity::warning : health::Severity::error}};
}

}  // namespace memdb::app
