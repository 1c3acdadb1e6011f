#include "client/render_pki.hpp"

#include "client/text.hpp"
#include "control/api_time.hpp"
#include "keys/certificate.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <numeric>

namespace memdb::client {
namespace {

using Line = std::array<std::string, 6>;

std::string status_text(const pki::IndexEntry& entry, WallTime now) {
    const auto status = pki::status_at(entry, now);
    std::string text(to_string(status));
    if (status == pki::CertificateStatus::revoked && entry.revoked_at) {
        text += " " + keys::date_text(*entry.revoked_at);
        if (!entry.reason.empty()) text += " " + entry.reason;
    }
    return text;
}

Line line_of(const CertificateRow& row, WallTime now, const Style& style) {
    const auto& entry = row.entry;
    const bool counts = pki::status_at(entry, now) == pki::CertificateStatus::valid;
    const std::string none = style.utf8 ? "–" : "-";
    return {clean(entry.common_name.empty() ? entry.subject : entry.common_name, !style.utf8),
            row.kind ? std::string(to_string(*row.kind)) : none,
            clean(status_text(entry, now), !style.utf8),
            keys::date_text(entry.expires),
            counts ? std::to_string(days_between(now, entry.expires)) + " d" : none,
            entry.serial};
}

/// Of all lines with their serials.
std::size_t widest(const std::vector<Line>& lines, const std::array<std::size_t, 5>& width) {
    std::size_t serial = 0;
    for (const auto& line : lines) serial = std::max(serial, columns(line.back()));
    return std::accumulate(width.begin(), width.end(), serial + 2 * width.size());
}

}  // namespace

std::int64_t days_between(WallTime now, WallTime then) {
    return std::chrono::floor<std::chrono::days>(then - now).count();
}

std::string crl_text(const pki::CrlFacts& crl, WallTime now) {
    std::string text = std::to_string(crl.entries) + " revoked";
    if (!crl.next_update) return text + ", no next update";
    const std::int64_t days = days_between(now, *crl.next_update);
    return text + ", next update " + keys::date_text(*crl.next_update) +
           (days < 0 ? " (PASSED: every new connection is refused; run memdbctl pki crl)"
                     : " (in " + count_text(static_cast<std::size_t>(days), "day") + ")");
}

std::string render_pki(const PkiReport& report, WallTime now, const Style& style) {
    std::vector<Line> lines = {{"NAME", "KIND", "STATUS", "EXPIRES", "LEFT", "SERIAL"}};
    for (const auto& row : report.rows) lines.push_back(line_of(row, now, style));
    std::array<std::size_t, 5> width{};
    for (const auto& line : lines)
        for (std::size_t i = 0; i < width.size(); ++i) width[i] = std::max(width[i], columns(line[i]));
    // The serial is the longest and the least read: it goes where a line would be broken.
    const bool serials = !style.screen || widest(lines, width) <= *style.screen;
    std::string out;
    for (const auto& line : lines) {
        for (std::size_t i = 0; i + 1 < width.size(); ++i) out += pad(line[i], width[i]) + "  ";
        out += serials ? pad(line[4], width[4]) + "  " + line[5] : line[4];
        out += "\n";
    }
    if (!serials)
        out += "serials: with --json, or on a terminal of " + std::to_string(widest(lines, width)) + " columns\n";
    if (report.rows.empty()) out = "no certificates yet\n";
    out += "CA   " + clean(report.ca_subject, !style.utf8) + ", valid until " + keys::date_text(report.ca_expires) +
           " (" + std::to_string(days_between(now, report.ca_expires)) + " days)\n";
    out += "CRL  " + (report.crl ? crl_text(*report.crl, now) : "none yet: memdbctl pki crl makes it") + "\n";
    return out;
}

std::string pki_json(const PkiReport& report, WallTime now) {
    namespace json = boost::json;
    json::array rows;
    for (const auto& [entry, kind] : report.rows) {
        json::object row{{"name", entry.common_name},
                         {"serial", entry.serial},
                         {"status", to_string(pki::status_at(entry, now))},
                         {"expires", control::time_text(entry.expires)},
                         {"days_left", days_between(now, entry.expires)}};
        if (kind) row["kind"] = to_string(*kind);
        if (entry.revoked_at) row["revoked_at"] = control::time_text(*entry.revoked_at);
        if (!entry.reason.empty()) row["reason"] = entry.reason;
        rows.emplace_back(std::move(row));
    }
    json::object out{{"pki", report.folder},
                     {"ca", {{"subject", report.ca_subject}, {"expires", control::time_text(report.ca_expires)}}},
                     {"crl", nullptr}};
    if (report.crl) {
        json::object crl{{"entries", report.crl->entries},
                         {"last_update", control::time_text(report.crl->last_update)}};
        if (report.crl->next_update) {
            crl["next_update"] = control::time_text(*report.crl->next_update);
            crl["days_left"] = days_between(now, *report.crl->next_update);
        }
        out["crl"] = std::move(crl);
    }
    out["certificates"] = std::move(rows);
    return json::serialize(out) + "\n";
}

}  // namespace memdb::client
