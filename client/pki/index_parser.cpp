#include "client/pki/index_parser.hpp"

#include <algorithm>
#include <array>

namespace memdb::client::pki {
namespace {

std::optional<int> digits(std::string_view text) noexcept {
    int value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + (c - '0');
    }
    return value;
}

Failure malformed(std::size_t line, std::string_view what) {
    return {Errc::malformed, "line " + std::to_string(line) + ": " + std::string(what)};
}

std::string common_name_of(std::string_view subject) {
    const auto at = subject.rfind("/CN=");
    if (at == std::string_view::npos) return {};
    std::string_view name = subject.substr(at + 4);
    return std::string(name.substr(0, name.find('/')));
}

std::optional<std::string> serial_of(std::string_view text) {
    if (text.empty() || text.size() > 64) return std::nullopt;
    std::string serial(text);
    for (char& c : serial) {
        if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'))) return std::nullopt;
    }
    return serial;
}

/// Six fields, and nothing that could hurt a terminal.
std::optional<std::array<std::string_view, 6>> fields_of(std::string_view line) {
    std::array<std::string_view, 6> fields;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const auto tab = line.find('\t');
        if ((tab == std::string_view::npos) != (i + 1 == fields.size())) return std::nullopt;
        fields[i] = line.substr(0, tab);
        line.remove_prefix(std::min(fields[i].size() + 1, line.size()));
    }
    return fields;
}

Result<IndexEntry> parse_line(std::string_view line, std::size_t number) {
    if (line.size() > kIndexLineLimit) return malformed(number, "is too long");
    if (std::any_of(line.begin(), line.end(),
                    [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }))
        return malformed(number, "holds a control character");
    const auto fields = fields_of(line);
    if (!fields) return malformed(number, "has not six fields");
    const auto& [status, expiry, revocation, serial, file, subject] = *fields;
    IndexEntry entry;
    if (status == "V")
        entry.status = CertificateStatus::valid;
    else if (status == "R")
        entry.status = CertificateStatus::revoked;
    else if (status == "E")
        entry.status = CertificateStatus::expired;
    else
        return malformed(number, "has an unknown status");
    const auto expires = parse_asn1_time(expiry);
    if (!expires) return malformed(number, "has no date of expiry");
    entry.expires = *expires;
    if (entry.status == CertificateStatus::revoked) {
        const auto comma = std::min(revocation.find(','), revocation.size());
        entry.revoked_at = parse_asn1_time(revocation.substr(0, comma));
        if (!entry.revoked_at) return malformed(number, "has no date of revocation");
        const std::string_view rest = revocation.substr(std::min(comma + 1, revocation.size()));
        entry.reason = rest.substr(0, rest.find(','));
    } else if (!revocation.empty()) {
        return malformed(number, "has a date of revocation but is not revoked");
    }
    auto hex = serial_of(serial);
    if (!hex) return malformed(number, "has no serial number");
    entry.serial = std::move(*hex);
    entry.subject = subject;
    entry.common_name = common_name_of(subject);
    return entry;
}

}  // namespace

std::optional<WallTime> parse_asn1_time(std::string_view text) noexcept {
    if (text.size() != 13 && text.size() != 15) return std::nullopt;
    if (text.back() != 'Z') return std::nullopt;
    const std::size_t year_size = text.size() - 11;
    const auto year = digits(text.substr(0, year_size));
    std::array<int, 5> part{};
    for (std::size_t i = 0; i < part.size(); ++i) {
        const auto value = digits(text.substr(year_size + 2 * i, 2));
        if (!value) return std::nullopt;
        part[i] = *value;
    }
    if (!year) return std::nullopt;
    const auto [month, day, hour, minute, second] = part;
    const int full = year_size == 4 ? *year : *year + (*year < 50 ? 2000 : 1900);
    const std::chrono::year_month_day date{std::chrono::year{full}, std::chrono::month{static_cast<unsigned>(month)},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
    return WallTime(std::chrono::sys_days{date}.time_since_epoch() + std::chrono::hours(hour) +
                    std::chrono::minutes(minute) + std::chrono::seconds(second));
}

Result<std::vector<IndexEntry>> parse_index(std::string_view text) {
    if (text.size() > kIndexLimit) return Failure{Errc::too_large, "is larger than 32 MiB"};
    std::vector<IndexEntry> entries;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const auto end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        auto entry = parse_line(line, number);
        if (entry.has_error()) return entry.error();
        entries.push_back(std::move(*entry));
    }
    return entries;
}

CertificateStatus status_at(const IndexEntry& entry, WallTime now) noexcept {
    if (entry.status == CertificateStatus::valid && entry.expires < now) return CertificateStatus::expired;
    return entry.status;
}

const IndexEntry* find_in_force(const std::vector<IndexEntry>& entries, std::string_view name) noexcept {
    const auto found = std::find_if(entries.rbegin(), entries.rend(), [&](const IndexEntry& entry) {
        return entry.common_name == name && entry.status != CertificateStatus::revoked;
    });
    return found == entries.rend() ? nullptr : &*found;
}

const IndexEntry* find_serial(const std::vector<IndexEntry>& entries, std::string_view serial) noexcept {
    const auto found =
        std::find_if(entries.begin(), entries.end(), [&](const IndexEntry& entry) { return entry.serial == serial; });
    return found == entries.end() ? nullptr : &*found;
}

std::string_view to_string(CertificateStatus status) noexcept {
    switch (status) {
        case CertificateStatus::valid: return "valid";
        case CertificateStatus::revoked: return "revoked";
        case CertificateStatus::expired: return "expired";
    }
    return "?";
}

}  // namespace memdb::client::pki
