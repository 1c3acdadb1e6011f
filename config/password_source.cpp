#include "config/password_source.hpp"

#include "config/visible_text.hpp"

namespace memdb::config {
namespace {

constexpr std::string_view kCredential = "credential:";
constexpr std::size_t kNameLimit = 255;   // NAME_MAX
constexpr std::size_t kPathLimit = 4000;  // below PATH_MAX

bool is_printable(std::string_view text) { return visible_text(text, text.size()) == text; }

}  // namespace

Result<PasswordSource> parse_password_source(std::string_view text) {
    if (text.starts_with(kCredential)) {
        const std::string_view name = text.substr(kCredential.size());
        const bool one_name = !name.empty() && name.size() <= kNameLimit && name != "." && name != ".." &&
                              name.find('/') == std::string_view::npos && is_printable(name);
        if (!one_name)
            return Failure{Errc::bad_input, "the name of a credential must be that of one file: no slash, not . or .."};
        return PasswordSource{PasswordPlace::credential, std::string(name)};
    }
    if (!text.starts_with('/') || text.size() > kPathLimit || !is_printable(text))
        return Failure{Errc::bad_input,
                       "must be \"credential:NAME\" or an absolute path; the password itself does not belong here"};
    return PasswordSource{PasswordPlace::file, std::string(text)};
}

std::string to_string(const PasswordSource& source) {
    return source.place == PasswordPlace::credential ? std::string(kCredential) + source.name : source.name;
}

std::optional<std::string> path_of(const PasswordSource& source, std::string_view credentials) {
    if (source.place == PasswordPlace::file) return source.name;
    if (credentials.empty()) return std::nullopt;
    return std::string(credentials) + "/" + source.name;
}

}  // namespace memdb::config
