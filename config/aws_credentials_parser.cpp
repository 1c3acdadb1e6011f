#include "config/aws_credentials_parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

namespace memdb::config {
namespace {

constexpr std::string_view kBlanks = " \t\r";
constexpr std::size_t kValueLimit = 16 * 1024;

// What a profile without keys may have: a way to get some, which only the aws program knows.
constexpr std::array<std::string_view, 6> kOtherWays = {"sso_session", "sso_start_url",           "credential_process",
                                                        "role_arn",    "web_identity_token_file", "login_session"};

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

/// "default", "profile  dev" -> the profile's name; nothing for sections that are no profile's.
std::optional<std::string_view> profile_of(std::string_view section, AwsFileKind kind) {
    if (kind == AwsFileKind::credentials || section == "default") return section;
    constexpr std::string_view word = "profile";
    if (!section.starts_with(word) || section.size() == word.size()) return std::nullopt;
    const std::string_view rest = section.substr(word.size());
    if (kBlanks.find(rest.front()) == std::string_view::npos) return std::nullopt;
    std::string_view name = trim(rest);
    if (name.size() >= 2 && name.front() == name.back() && (name.front() == '"' || name.front() == '\''))
        name = name.substr(1, name.size() - 2);
    return name;
}

/// Keys and secrets are printable, without a blank.
bool is_value(std::string_view value) {
    return !value.empty() && value.size() <= kValueLimit &&
           std::all_of(value.begin(), value.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

class Reader {
  public:
    Reader(std::string_view profile, AwsFileKind kind) : profile_(profile), kind_(kind) {}

    Result<void> line(std::string_view raw) {
        ++number_;
        const std::string_view text = trim(raw);
        if (text.empty() || text.front() == '#' || text.front() == ';') return {};
        if (text.front() == '[') return section(text);
        // What is indented belongs to the setting before it, such as "s3 =".
        if (kBlanks.find(raw.front()) != std::string_view::npos) return {};
        const auto equals = text.find('=');
        if (equals == std::string_view::npos) return wrong("\"name = value\" is expected");
        if (!in_section_) return wrong("a setting before the first [section]");
        return is_ours_ ? setting(trim(text.substr(0, equals)), trim(text.substr(equals + 1))) : Result<void>{};
    }

    Result<AwsSection> take() {
        if (key_.has_value() != secret_.has_value())
            return wrong(key_ ? "aws_access_key_id without aws_secret_access_key"
                              : "aws_secret_access_key without aws_access_key_id");
        if (key_) found_.keys = reach::AwsCredentials{*key_, *std::move(secret_), session_.value_or(Secret<>{})};
        return std::move(found_);
    }

  private:
    [[nodiscard]] Failure wrong(std::string_view what) const {
        return {Errc::malformed, fmt::format("line {}: {}", number_, what)};
    }

    Result<void> section(std::string_view text) {
        const auto close = text.find(']');
        const std::string_view rest = close == std::string_view::npos ? text : trim(text.substr(close + 1));
        if (close == std::string_view::npos || (!rest.empty() && rest.front() != '#' && rest.front() != ';'))
            return wrong("\"[section]\" is expected");
        in_section_ = true;
        is_ours_ = profile_of(trim(text.substr(1, close - 1)), kind_) == profile_;
        if (is_ours_ && found_.is_there) return wrong("the section is there twice");
        found_.is_there = found_.is_there || is_ours_;
        return {};
    }

    Result<void> setting(std::string_view name, std::string_view value) {
        if (std::find(names_.begin(), names_.end(), name) != names_.end()) return wrong("the setting is there twice");
        names_.emplace_back(name);
        const bool other = std::find(kOtherWays.begin(), kOtherWays.end(), name) != kOtherWays.end();
        if (other && found_.instead.empty()) found_.instead = name;
        const bool is_key = name == "aws_access_key_id", is_secret = name == "aws_secret_access_key";
        if (!is_key && !is_secret && name != "aws_session_token") return {};
        if (!is_value(value)) return wrong("the value must be one printable word");
        if (is_key)
            key_ = value;
        else
            (is_secret ? secret_ : session_) = Secret<>(std::string(value));
        return {};
    }

    std::string_view profile_;
    AwsFileKind kind_;
    std::size_t number_ = 0;
    bool in_section_ = false, is_ours_ = false;
    std::vector<std::string> names_;  ///< of our section
    std::optional<std::string> key_;
    std::optional<Secret<>> secret_, session_;
    AwsSection found_;
};

}  // namespace

Result<AwsSection> parse_aws_file(std::string_view text, std::string_view profile, AwsFileKind kind) {
    if (text.size() > kAwsFileLimit)
        return Failure{Errc::too_large, fmt::format("is larger than {} KiB", kAwsFileLimit / 1024)};
    Reader reader(profile, kind);
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        if (const auto good = reader.line(text.substr(0, end)); !good) return good.error();
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return reader.take();
}

}  // namespace memdb::config
