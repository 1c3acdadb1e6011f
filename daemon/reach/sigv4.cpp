#include "reach/sigv4.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

#include <algorithm>
#include <cstdlib>
#include <span>

namespace memdb::reach {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kSignedHeaders = "host";
constexpr std::size_t kDayLength = 8;  // of a stamp

using Digest = SigningKey;

/// Text that is wiped with its scope: it has a session token or a key in it.
struct Scratch {
    std::string text;
    explicit Scratch(std::string value) : text(std::move(value)) {}
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() { wipe(text); }
};

std::string hex(std::span<const unsigned char> bytes) {
    std::string text;
    for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
    return text;
}

Digest sha256(std::string_view text) {
    Digest digest{};
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
    return digest;
}

Digest hmac(std::span<const unsigned char> key, std::string_view text) {
    Digest digest{};
    unsigned size = 0;
    // It can only fail for want of memory, and then there is no way on.
    if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size) == nullptr)
        std::abort();
    return digest;
}

std::string scope_of(std::string_view stamp, std::string_view region, std::string_view service) {
    return fmt::format("{}/{}/{}/aws4_request", stamp.substr(0, kDayLength), region, service);
}

QueryParameters encoded(const QueryParameters& parameters) {
    QueryParameters out;
    for (const auto& [name, value] : parameters) out.emplace_back(sigv4_encode(name), sigv4_encode(value));
    return out;
}

/// "name=value&…" in one allocation; `parameters` are wiped.
std::string joined(QueryParameters&& parameters) {
    std::size_t size = 0;
    for (const auto& [name, value] : parameters) size += name.size() + value.size() + 2;
    std::string query;
    query.reserve(size);
    for (auto& [name, value] : parameters) {
        if (!query.empty()) query += '&';
        query.append(name).append(1, '=').append(value);
        wipe(value);
    }
    return query;
}

}  // namespace

std::string sigv4_encode(std::string_view text) { return boost::urls::encode(text, boost::urls::unreserved_chars); }

std::string canonical_path(std::string_view sent) {
    std::string text;
    for (const char c : sent) text += c == '/' ? "/" : sigv4_encode({&c, 1});
    return text;
}

std::string canonical_query(const QueryParameters& parameters) {
    QueryParameters sorted = encoded(parameters);
    std::sort(sorted.begin(), sorted.end());
    return joined(std::move(sorted));
}

SigningKey signing_key(const Secret<>& secret_key, std::string_view day, std::string_view region,
                       std::string_view service) {
    const Scratch seed("AWS4" + secret_key.reveal());
    const auto* first = reinterpret_cast<const unsigned char*>(seed.text.data());
    SigningKey key = hmac({first, seed.text.size()}, day);
    for (const std::string_view word : {region, service, std::string_view("aws4_request")}) key = hmac(key, word);
    return key;
}

std::string sigv4_signature(std::string_view canonical_request, const Secret<>& secret_key, std::string_view stamp,
                            std::string_view region, std::string_view service) {
    const std::string to_sign = fmt::format("{}\n{}\n{}\n{}", kAlgorithm, stamp, scope_of(stamp, region, service),
                                            hex(sha256(canonical_request)));
    SigningKey key = signing_key(secret_key, stamp.substr(0, kDayLength), region, service);
    std::string signature = hex(hmac(key, to_sign));
    OPENSSL_cleanse(key.data(), key.size());
    return signature;
}

std::string sigv4_stamp(WallTime time) {
    using namespace std::chrono;
    const auto first = WallTime(sys_days(year(0) / January / 1));
    const auto last = WallTime(sys_days(year(9999) / December / 31) + 24h - 1s);
    const auto at = floor<seconds>(std::clamp(time, first, last));
    const auto day = floor<days>(at);
    const year_month_day date(day);
    const hh_mm_ss clock(at - day);
    return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                       clock.minutes().count(), clock.seconds().count());
}

Secret<> sigv4_presign(const PresignRequest& request, const AwsCredentials& credentials, WallTime now) {
    const std::string stamp = sigv4_stamp(now);
    QueryParameters signing = {
        {"X-Amz-Algorithm", std::string(kAlgorithm)},
        {"X-Amz-Credential", credentials.access_key + '/' + scope_of(stamp, request.region, request.service)},
        {"X-Amz-Date", stamp},
        {"X-Amz-Expires", std::to_string(request.expires.count())},
        {"X-Amz-SignedHeaders", std::string(kSignedHeaders)},
    };
    if (!credentials.session_token.empty())
        signing.emplace_back("X-Amz-Security-Token", credentials.session_token.reveal());

    QueryParameters all = request.query;
    all.insert(all.end(), signing.begin(), signing.end());
    const Scratch sorted(canonical_query(all));
    const std::string path = request.service == "s3" ? request.path : canonical_path(request.path);
    const std::string head = fmt::format("{}\n{}\n", request.method, path);
    const std::string tail = fmt::format("\nhost:{}\n\n{}\n{}", request.host, kSignedHeaders, request.payload_hash);
    Scratch canonical("");
    canonical.text.reserve(head.size() + sorted.text.size() + tail.size());  // or a copy would be left behind
    canonical.text.append(head).append(sorted.text).append(tail);
    const Scratch sent(joined(encoded(all)));
    const std::string signature =
        sigv4_signature(canonical.text, credentials.secret_key, stamp, request.region, request.service);
    for (auto* parameters : {&signing, &all})
        for (auto& parameter : *parameters) wipe(parameter.second);
    const std::string_view last = "&X-Amz-Signature=";
    std::string query;
    query.reserve(sent.text.size() + last.size() + signature.size());
    query.append(sent.text).append(last).append(signature);
    return Secret<>(std::move(query));
}

}  // namespace memdb::reach
