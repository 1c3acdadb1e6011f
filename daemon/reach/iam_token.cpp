#include "reach/iam_token.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace memdb::reach {
namespace {

constexpr std::string_view kService = "memorydb";
constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::size_t kNameLimit = 128;  // of cluster, user, region, access key

// What a token has, each once. The last may be absent.
constexpr std::array<std::string_view, 9> kNames = {"Action",
                                                    "User",
                                                    "X-Amz-Algorithm",
                                                    "X-Amz-Credential",
                                                    "X-Amz-Date",
                                                    "X-Amz-Expires",
                                                    "X-Amz-SignedHeaders",
                                                    "X-Amz-Signature",
                                                    "X-Amz-Security-Token"};
enum Name : std::size_t { action, user, algorithm, credential, date, expires, headers, signature, session };

Failure wrong(std::string_view what) { return {Errc::malformed, fmt::format("it is no IAM token: {}", what)}; }

bool only(std::string_view text, std::string_view allowed) {
    return text.find_first_not_of(allowed) == std::string_view::npos;
}

/// A plain word: printable, no blank, within the limit.
bool is_word(std::string_view text) {
    return !text.empty() && text.size() <= kNameLimit &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

int hex_digit(char c) noexcept {
    const auto upper = std::string_view("0123456789ABCDEF").find(c);
    const auto lower = kHex.find(c);
    return upper != std::string_view::npos   ? static_cast<int>(upper)
           : lower != std::string_view::npos ? static_cast<int>(lower)
                                             : -1;
}

std::optional<std::string> decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        if (text.size() - i < 3) return std::nullopt;
        const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

template <class Int>
std::optional<Int> number(std::string_view text) {
    Int value{};
    if (text.empty() || !only(text, kDigits)) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// "20150830T123600Z".
std::optional<WallTime> parse_stamp(std::string_view text) {
    using namespace std::chrono;
    if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
    const auto part = [&](std::size_t at, std::size_t size) { return number<unsigned>(text.substr(at, size)); };
    const auto y = part(0, 4), mon = part(4, 2), d = part(6, 2), h = part(9, 2), min = part(11, 2), s = part(13, 2);
    if (!y || !mon || !d || !h || !min || !s || *h > 23 || *min > 59 || *s > 59) return std::nullopt;
    const year_month_day day{year(static_cast<int>(*y)), month(*mon), std::chrono::day(*d)};
    if (!day.ok()) return std::nullopt;
    return WallTime(sys_days(day)) + hours(*h) + minutes(*min) + seconds(*s);
}

using Values = std::array<std::optional<std::string>, kNames.size()>;

/// The parameters by name; the session token's value is not kept.
Result<Values> read_parameters(std::string_view query) {
    Values values;
    while (true) {
        const auto end = std::min(query.find('&'), query.size());
        const std::string_view one = query.substr(0, end);
        const auto equals = one.find('=');
        if (equals == std::string_view::npos) return wrong("a parameter has no value");
        const auto* const known = std::find(kNames.begin(), kNames.end(), one.substr(0, equals));
        if (known == kNames.end()) return wrong("it has a parameter that is not known");
        const auto at = static_cast<std::size_t>(known - kNames.begin());
        if (values[at]) return wrong(fmt::format("{} is there twice", *known));
        auto value = decoded(one.substr(equals + 1));
        if (!value) return wrong(fmt::format("{} has a broken percent escape", *known));
        if (value->empty()) return wrong(fmt::format("{} is empty", *known));
        if (at == session) wipe(*value);  // of no use here, and a secret
        values[at] = *std::move(value);
        if (end == query.size()) break;
        query.remove_prefix(end + 1);
    }
    for (std::size_t i = 0; i < session; ++i)
        if (!values[i]) return wrong(fmt::format("{} is missing", kNames[i]));
    return values;
}

/// "AKID/20150830/eu-central-1/memorydb/aws4_request": the region, when the rest is as it must be.
std::optional<std::string> region_of(std::string_view credential, std::string_view stamp) {
    std::array<std::string_view, 5> parts;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto end = credential.find('/');
        if ((end == std::string_view::npos) != (i + 1 == parts.size())) return std::nullopt;
        parts[i] = credential.substr(0, end);
        credential.remove_prefix(end == std::string_view::npos ? credential.size() : end + 1);
    }
    if (!is_word(parts[0]) || parts[1] != stamp.substr(0, 8) || !is_word(parts[2]) || parts[3] != kService ||
        parts[4] != "aws4_request")
        return std::nullopt;
    return std::string(parts[2]);
}

}  // namespace

Secret<> mint_iam_token(const AwsCredentials& credentials, const IamLogin& login, WallTime now) {
    PresignRequest request;
    request.host = login.cluster;
    request.query = {{"Action", "connect"}, {"User", login.user}};
    request.service = kService;
    request.region = login.region;
    request.expires = kIamTokenLife;
    const Secret<> query = sigv4_presign(request, credentials, now);
    std::string token;
    token.reserve(login.cluster.size() + 2 + query.reveal().size());  // or a copy would be left behind
    token.append(login.cluster).append("/?").append(query.reveal());
    return Secret<>(std::move(token));
}

Result<IamToken> read_iam_token(std::string_view text) {
    if (text.size() > kIamTokenLimit)
        return Failure{Errc::too_large, fmt::format("the IAM token is larger than {} KiB", kIamTokenLimit / 1024)};
    const auto slash = text.find("/?");
    const std::string_view cluster = text.substr(0, std::min(slash, text.size()));
    if (slash == std::string_view::npos || !is_word(cluster) || cluster.find_first_of("/:?&%") != std::string::npos)
        return wrong("it must begin with the cluster's name and /?");
    const auto values = read_parameters(text.substr(slash + 2));
    if (!values) return values.error();
    const auto& value = *values;
    if (value[action] != "connect") return wrong("Action must be connect");
    if (!is_word(*value[user])) return wrong("User is no user's name");
    if (value[algorithm] != "AWS4-HMAC-SHA256") return wrong("X-Amz-Algorithm must be AWS4-HMAC-SHA256");
    if (value[headers] != "host") return wrong("X-Amz-SignedHeaders must be host");
    if (value[signature]->size() != 64 || !only(*value[signature], kHex))
        return wrong("X-Amz-Signature must be 64 hex digits");
    const auto at = parse_stamp(*value[date]);
    if (!at) return wrong("X-Amz-Date is no time");
    const auto life = number<unsigned>(*value[expires]);
    if (!life || *life == 0 || *life > kIamTokenLife.count())
        return wrong(fmt::format("X-Amz-Expires must be 1 to {}", kIamTokenLife.count()));
    const auto region = region_of(*value[credential], *value[date]);
    if (!region) return wrong("X-Amz-Credential must be KEY/DAY/REGION/memorydb/aws4_request, of the same day");
    return IamToken{{std::string(cluster), *value[user], *region}, *at, *at + std::chrono::seconds(*life)};
}

std::string why_no_token(std::optional<WallTime> expires_at, WallTime now) {
    if (!expires_at) return "no IAM token was pushed yet";
    return now < *expires_at ? "" : "the IAM token expired at " + clock_text(*expires_at);
}

std::string clock_text(WallTime time) {
    const std::string stamp = sigv4_stamp(time);  // "20150830T123600Z"
    return stamp.substr(9, 2) + ':' + stamp.substr(11, 2) + " UTC";
}

}  // namespace memdb::reach
