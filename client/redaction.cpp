#include "client/redaction.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <optional>

namespace memdb::client {
namespace {

constexpr std::size_t kBase64Least = 40;
constexpr std::size_t kWordLeast = 3;  ///< a shorter name would take pieces of sentences away

bool is_alnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }
bool in_word(char c) { return is_alnum(c) || c == '_' || c == '-'; }
bool in_base64(char c) { return is_alnum(c) || c == '+' || c == '/' || c == '=' || c == '_' || c == '-'; }
bool in_address(char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0 || c == '.' || c == ':'; }

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

bool matches_at(std::string_view text, std::size_t at, std::string_view word) {
    if (text.size() - at < word.size()) return false;
    return std::equal(word.begin(), word.end(), text.begin() + static_cast<std::ptrdiff_t>(at),
                      [](char a, char b) { return lower(a) == lower(b); });
}

std::string replace_words(std::string_view text, std::string_view word, std::string_view by) {
    std::string out;
    std::size_t from = 0;
    for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
        if (at < from) continue;
        const std::size_t end = at + word.size();
        const bool whole = (at == 0 || !in_word(text[at - 1])) && (end == text.size() || !in_word(text[end]));
        if (!whole) continue;
        out += text.substr(from, at - from);
        out += by;
        from = end;
    }
    return out + std::string(text.substr(from));
}

std::string replace_all(std::string_view text, std::string_view what, std::string_view by) {
    std::string out;
    for (;;) {
        const std::size_t at = text.find(what);
        out += text.substr(0, at);
        if (at == std::string_view::npos) return out;
        out += by;
        text.remove_prefix(at + what.size());
    }
}

/// From "-----BEGIN … PRIVATE KEY-----" to its end, or to the text's: also behind a certificate that has no end, and
/// with a cut first line.
std::string without_keys(std::string_view text) {
    constexpr std::string_view begins = "-----BEGIN ", ends = "-----END ", dashes = "-----";
    std::string out;
    for (;;) {
        const std::size_t begin = text.find(begins);
        if (begin == std::string_view::npos) return out + std::string(text);
        const std::size_t label = begin + begins.size();
        const std::string_view line = text.substr(label, text.find('\n', label) - label);
        if (line.substr(0, line.find(dashes)).find("PRIVATE KEY") == std::string_view::npos) {
            out += text.substr(0, label);
            text.remove_prefix(label);
            continue;
        }
        out += text.substr(0, begin);
        out += "<private key>";
        const std::size_t tail = text.find(ends, label);
        const std::size_t end = tail == std::string_view::npos ? tail : text.find(dashes, tail + ends.size());
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + dashes.size());
    }
}

/// The values behind names that say what they are: "password=…", "\"token\": \"…\"", "X-Amz-Signature=…".
std::string without_named_values(std::string_view line) {
    constexpr std::array<std::string_view, 10> names = {
        "password",        "passwd",           "secret_key",           "secret",        "token",
        "x-amz-signature", "x-amz-credential", "x-amz-security-token", "rediscli_auth", "private_key"};
    std::string out;
    for (std::size_t at = 0; at < line.size();) {
        const auto name = std::ranges::find_if(names, [&](auto word) { return matches_at(line, at, word); });
        std::size_t value = at + (name == names.end() ? 0 : name->size());
        while (value < line.size() && line[value] == '"') ++value;
        if (name == names.end() || value >= line.size() || (line[value] != '=' && line[value] != ':')) {
            out += line[at++];
            continue;
        }
        ++value;
        while (value < line.size() && (line[value] == ' ' || line[value] == '"')) ++value;
        std::size_t end = value;
        while (end < line.size() && line[end] != ' ' && line[end] != '"' && line[end] != '&' && line[end] != ',') ++end;
        out += line.substr(at, value - at);
        if (end > value) out += "<secret>";
        at = end;
    }
    return out;
}

/// Long, with capitals, small letters and digits: no word, no path and no fingerprint looks like this.
bool looks_secret(std::string_view run) {
    if (run.size() < kBase64Least) return false;
    const auto any = [&](int (*of)(int)) {
        return std::ranges::any_of(run, [&](char c) { return of(static_cast<unsigned char>(c)) != 0; });
    };
    const bool hex = std::ranges::all_of(run, [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; });
    return !hex && any(std::isupper) && any(std::islower) && any(std::isdigit);
}

bool is_access_key(std::string_view run) {
    constexpr std::array<std::string_view, 4> kinds = {"AKIA", "ASIA", "AROA", "AIDA"};
    return run.size() >= 16 && std::ranges::find(kinds, run.substr(0, 4)) != kinds.end() &&
           std::ranges::none_of(run, [](char c) { return std::islower(static_cast<unsigned char>(c)) != 0; });
}

std::string without_secret_runs(std::string_view line) {
    std::string out;
    for (std::size_t at = 0; at < line.size();) {
        std::size_t end = at;
        while (end < line.size() && in_base64(line[end])) ++end;
        const std::string_view run = line.substr(at, end - at);
        if (run.empty()) {
            out += line[at++];
            continue;
        }
        out += looks_secret(run) ? "<secret>" : is_access_key(run) ? "<access key>" : run;
        at = end;
    }
    return out;
}

/// "/home/me/x" -> "/home/<user>/x".
std::string without_homes(std::string_view line) {
    constexpr std::string_view homes = "/home/";
    std::string out;
    for (;;) {
        const std::size_t at = line.find(homes);
        if (at == std::string_view::npos) return out + std::string(line);
        std::size_t end = at + homes.size();
        while (end < line.size() && (in_word(line[end]) || line[end] == '.')) ++end;
        out += line.substr(0, at + homes.size());
        if (end > at + homes.size()) out += "<user>";
        line.remove_prefix(end);
    }
}

/// Whether an IPv4 address says where somebody is: not private, shared, local, multicast or for documentation.
bool is_public(std::uint32_t address) {
    struct Range {
        std::uint32_t base;
        unsigned bits;
    };
    constexpr Range known[] = {{0x00000000, 8},  {0x0a000000, 8},  {0x64400000, 10}, {0x7f000000, 8},
                               {0xa9fe0000, 16}, {0xac100000, 12}, {0xc0a80000, 16}, {0xc0000200, 24},
                               {0xc6336400, 24}, {0xcb007100, 24}, {0xe0000000, 3}};
    return std::ranges::none_of(known, [&](const Range& r) { return (address ^ r.base) >> (32 - r.bits) == 0; });
}

bool is_public(const in6_addr& address) {
    const std::uint8_t* const b = address.s6_addr;
    const bool documentation = b[0] == 0x20 && b[1] == 0x01 && b[2] == 0x0d && b[3] == 0xb8;
    return (b[0] & 0xe0) == 0x20 && !documentation;  // 2000::/3 is all that is routed
}

bool is_public_address(const std::string& text) {
    in_addr four{};
    in6_addr six{};
    if (::inet_pton(AF_INET, text.c_str(), &four) == 1) return is_public(ntohl(four.s_addr));
    return ::inet_pton(AF_INET6, text.c_str(), &six) == 1 && is_public(six);
}

}  // namespace

Redaction::Redaction(const RedactedNames& names) : home_(names.home) {
    const auto add = [&](const std::string& word, std::string by) {
        if (word.size() < kWordLeast || word == "root" || word == "memdbd" || word == "default") return;
        words_.emplace_back(word, std::move(by));
    };
    add(names.user, "<user>");
    add(names.host, "<host>");
    std::size_t number = 0;
    for (const std::string& person : names.persons) add(person, "<name-" + std::to_string(++number) + ">");
    std::ranges::stable_sort(words_, [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
    if (home_ == "/" || home_ == "/root") home_.clear();
}

std::string Redaction::replace_addresses(std::string_view line) {
    std::string out;
    for (std::size_t at = 0; at < line.size();) {
        std::size_t end = at;
        while (end < line.size() && in_address(line[end])) ++end;
        if (end == at) {
            out += line[at++];
            continue;
        }
        std::string run(line.substr(at, end - at));
        std::string port;
        while (!run.empty() && (run.back() == '.' || (run.back() == ':' && !run.ends_with("::")))) {
            port.insert(0, 1, run.back());
            run.pop_back();
        }
        if (std::ranges::count(run, ':') == 1) {  // 192.0.2.1:443
            port.insert(0, run, run.find(':'));
            run.resize(run.find(':'));
        }
        if (is_public_address(run)) {
            auto& name = addresses_[run];
            if (name.empty()) name = "<public-" + std::to_string(addresses_.size()) + ">";
            run = name;
        }
        out += run + port;
        at = end;
    }
    return out;
}

std::string Redaction::apply(std::string_view text) {
    const std::string whole = without_keys(text);
    std::string out;
    for (std::string_view rest = whole; !rest.empty();) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        std::string line(rest.substr(0, end));
        if (!home_.empty()) line = replace_all(line, home_, "~");
        line = without_homes(without_secret_runs(without_named_values(line)));
        for (const auto& [word, by] : words_) line = replace_words(line, word, by);
        out += replace_addresses(line);
        if (end < rest.size()) out += '\n';
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return out;
}

}  // namespace memdb::client
