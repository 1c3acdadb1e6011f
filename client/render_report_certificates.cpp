#include "client/render_report_certificates.hpp"

#include "client/html_text.hpp"
#include "client/text.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace memdb::client {
namespace {

constexpr std::int64_t kSoonDays = 30;

struct Entry {
    std::string what;
    std::string subject;
    WallTime begin{};
    WallTime end{};
    std::optional<WallTime> mark;  ///< when something is due before the end
    std::string mark_text;
};

std::vector<Entry> entries_of(const control::CredentialView& credential) {
    std::vector<Entry> all;
    all.push_back({"client certificate", credential.subject, credential.not_before, credential.not_after,
                   credential.rotate_at, "rotation is due"});
    for (const control::CertificateView& authority : credential.authorities)
        all.push_back({"certificate authority", authority.subject, authority.not_before, authority.not_after, {}, {}});
    if (credential.server)
        all.push_back({"server certificate",
                       credential.server->subject,
                       credential.server->not_before,
                       credential.server->not_after,
                       {},
                       {}});
    if (credential.crl && credential.crl->next_update)
        all.push_back({"revocation list",
                       "of " + credential.crl->issuer,
                       credential.crl->last_update,
                       *credential.crl->next_update,
                       {},
                       {}});
    std::ranges::stable_sort(all, {}, &Entry::end);
    return all;
}

double share(WallTime time, const Entry& entry) {
    const double whole = static_cast<double>(std::max<std::int64_t>((entry.end - entry.begin).count(), 1));
    return std::clamp(static_cast<double>((time - entry.begin).count()) / whole, 0.0, 1.0) * 100;
}

std::string left_text(WallTime end, WallTime now) {
    if (end <= now) return "ended " + duration_text(now - end) + " ago";
    const std::int64_t days = (end - now) / std::chrono::days(1);
    return days >= 2 ? count_text(static_cast<std::size_t>(days), "day") + " left" : duration_text(end - now) + " left";
}

std::string row(const Entry& entry, WallTime now, LocalTime local) {
    const std::int64_t days = (entry.end - now) / std::chrono::days(1);
    const bool is_due = entry.mark && *entry.mark <= now;
    const char* const paint = entry.end <= now ? "i-bad" : days < kSoonDays || is_due ? "i-warn" : "i-good";
    std::string out = "<div class=\"cert\"><div><b>" + html(entry.what) + "</b><small>" + html(entry.subject) +
                      "</small></div><div class=\"life\"><i class=\"" + paint +
                      "\" style=\"width:" + number_text(share(now, entry)) + "%\"></i>";
    std::string due;
    if (entry.mark) {
        out += "<u style=\"left:" + number_text(std::min(share(*entry.mark, entry), 99.0)) + "%\"></u>";
        due = "<small>" + html(entry.mark_text + " " + day_text(local(*entry.mark))) + "</small>";
    }
    return out + "</div><div class=\"when\">" + html(day_text(local(entry.end))) + "<small>" +
           html(left_text(entry.end, now)) + "</small>" + due + "</div></div>";
}

}  // namespace

std::string certificate_calendar(const control::ProfileView& profile, WallTime now, LocalTime local) {
    std::string out = "<div class=\"card\"><h3>Certificate calendar</h3>";
    for (const Entry& entry : entries_of(*profile.credential)) out += row(entry, now, local);
    return out + "<p class=\"note\">The bar is the life of each: what has passed is filled.</p></div>";
}

}  // namespace memdb::client
