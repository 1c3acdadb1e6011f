#include "doctor/check_policy.hpp"

#include "doctor/suspect_policy.hpp"
#include "health/finding_catalog.hpp"

#include <algorithm>

namespace memdb::doctor {
namespace {

using health::Check;
using health::CheckState;
using health::Finding;
using health::Severity;

std::string advice_for(std::string_view code) {
    const auto* const entry = health::find_entry(code);
    return entry == nullptr ? std::string() : std::string(entry->advice);
}

/// The most urgent finding that this check tells; the first of several. What is wrong with the agent itself, or with
/// another profile, is told by the checks of the agent alone.
const Finding* finding_of(const CheckRow& row, const Scene& scene) {
    const Finding* worst = nullptr;
    const auto consider = [&](const Finding& finding) {
        if (worst == nullptr || finding.severity > worst->severity) worst = &finding;
    };
    for (const Finding& finding : scene.view.findings)
        if (find_check_of(finding.code, scene) == &row) consider(finding);
    if (row.layer != health::Layer::agent) return worst;
    for (const Finding& finding : scene.agent)
        if (std::ranges::find(row.findings, finding.code) != row.findings.end()) consider(finding);
    return worst;
}

/// Of the way to a tunnel that is up: what is amiss there matters for the next connection, not for this one.
bool is_behind_us(const CheckRow& row, const Scene& scene) {
    if (!row.of_tunnel || !is_up(scene)) return false;
    return row.layer == health::Layer::process || row.layer == health::Layer::handshake;
}

/// However urgent: a certificate with a day left still connects.
CheckState state_of(const Finding& finding) {
    const auto* const entry = health::find_entry(finding.code);
    switch (finding.severity) {
        case Severity::error:
            return entry == nullptr || entry->severity == Severity::error ? CheckState::fail : CheckState::warn;
        case Severity::warning: return CheckState::warn;
        case Severity::info: return CheckState::pass;
    }
    return CheckState::fail;
}

Check begin(const CheckRow& row) {
    Check check;
    check.id = row.id;
    check.layer = row.layer;
    check.title = row.title;
    return check;
}

Check skipped(const CheckRow& row, std::string_view root, std::string summary) {
    Check check = begin(row);
    check.root = root;
    check.summary = std::move(summary);
    return check;
}

void apply(const Finding& finding, Check& check) {
    check.state = state_of(finding);
    check.summary = finding.summary;
    check.evidence = finding.evidence;
    check.finding = finding.code;
    check.action = finding.advice;
}

void apply(const Look& look, Check& check) {
    check.state = look.state;
    check.summary = look.summary;
    check.action = look.action;
    if (look.state != CheckState::warn && look.state != CheckState::fail) return;
    check.finding = look.finding;
    check.action = look.action.empty() ? advice_for(look.finding) : look.action;
}

struct Blocked {
    std::string id;
    std::string root;
};

/// What was found out so far, for the checks behind.
struct Course {
    std::vector<Check> checks;
    std::vector<Blocked> blocked;  ///< checks that nothing got past, with the root of each
    std::string first_failed;      ///< id
};

std::string root_of(const CheckRow& row, const Course& course) {
    for (const std::string_view ground : row.grounds) {
        const auto at = std::ranges::find(course.blocked, ground, &Blocked::id);
        if (at != course.blocked.end()) return at->root;
    }
    return {};
}

/// A finding explains more than a look that fails with it; one of a moment ago does not count against a look that is
/// fresh and good.
bool prefers_look(const CheckRow& row, const Look& look, const Finding* finding) {
    if (finding == nullptr) return true;
    if (state_of(*finding) == CheckState::fail) return row.fresh && look.state != CheckState::fail;
    return look.state == CheckState::fail && !look.partial;
}

Check judge(const CheckRow& row, const Scene& scene, Course& course) {
    if (row.of_tunnel && !scene.has_tunnel) return skipped(row, "", "a direct profile has no tunnel");
    const bool behind = is_behind_us(row, scene);
    const Finding* const finding = finding_of(row, scene);
    const std::string root = root_of(row, course);
    if (!root.empty() && (finding == nullptr || row.fresh)) {
        course.blocked.push_back({std::string(row.id), root});
        return skipped(row, root, "not looked at: " + root + " comes first");
    }
    const std::optional<Look> look = row.look(scene);
    Check check = begin(row);
    if (look && prefers_look(row, *look, finding))
        apply(*look, check);
    else if (finding != nullptr)
        apply(*finding, check);
    // A finding explains, and the look beside it has more to show.
    if (finding != nullptr && look && check.finding == finding->code) {
        if (check.evidence.empty()) check.evidence = finding->evidence;
        if (check.summary != look->summary && check.evidence.find(look->summary) == std::string::npos)
            check.evidence += (check.evidence.empty() ? "" : "; ") + look->summary;
    }
    if (!look && finding == nullptr) {
        course.blocked.push_back({std::string(row.id), course.first_failed});
        return skipped(row, course.first_failed,
                       course.first_failed.empty() ? "nothing to look at"
                                                   : "not looked at: " + course.first_failed + " comes first");
    }
    if (check.state == CheckState::fail && behind &&
        (finding == nullptr || check.finding != finding->code || !health::breaks_the_way(*finding))) {
        check.state = CheckState::warn;
        check.evidence +=
            std::string(check.evidence.empty() ? "" : "; ") + "the tunnel is up; the next connection would fail";
    }
    if (check.state == CheckState::fail && !behind) {
        if (!look || (look->state == CheckState::fail && !look->partial))
            course.blocked.push_back({std::string(row.id), std::string(row.id)});
        if (course.first_failed.empty()) course.first_failed = row.id;
    }
    return check;
}

const Check* first_in(const std::vector<Check>& checks, CheckState state) {
    const auto at = std::ranges::find(checks, state, &Check::state);
    return at == checks.end() ? nullptr : &*at;
}

/// Nothing failed and nothing warns. That alone is not "reachable".
health::Diagnosis healthy(const Scene& scene) {
    health::Diagnosis diagnosis;
    if (scene.view.verdict == health::Verdict::reachable) {
        diagnosis.summary = "every node answers PING over TLS; nothing is wrong";
        return diagnosis;
    }
    for (const Finding& finding : scene.view.findings) {
        if (!health::breaks_the_way(finding)) continue;  // one that no check tells must not be lost
        return {"", finding.code, CheckState::fail, finding.summary, finding.evidence, finding.advice, {}};
    }
    diagnosis.state = scene.view.verdict == health::Verdict::unreachable ? CheckState::fail : CheckState::warn;
    diagnosis.code = to_string(scene.view.verdict);
    diagnosis.summary = "no fault was found, but not every node has answered PING over TLS yet";
    diagnosis.action = "ask again in some seconds: `memdbctl doctor " + scene.view.name + "`";
    return diagnosis;
}

}  // namespace

std::vector<Check> examine(const Scene& scene, const std::set<Part>& done) {
    Course course;
    for (const CheckRow& row : check_catalog()) {
        const bool skips_parts = row.of_tunnel && !scene.has_tunnel;
        if (!skips_parts && !std::ranges::all_of(row.needs, [&](Part part) { return done.contains(part); })) break;
        Check check = judge(row, scene, course);
        course.checks.push_back(std::move(check));
    }
    return course.checks;
}

health::Diagnosis diagnose(const Scene& scene, const std::vector<Check>& checks) {
    health::Diagnosis diagnosis;
    const Check* told = first_in(checks, CheckState::fail);
    if (told == nullptr) told = first_in(checks, CheckState::warn);
    if (told == nullptr) return healthy(scene);
    diagnosis.check = told->id;
    diagnosis.code = told->finding.empty() ? told->id : told->finding;
    diagnosis.state = told->state;
    diagnosis.summary = told->summary;
    diagnosis.evidence = told->evidence;
    diagnosis.action = told->action;
    diagnosis.suspects = suspects_of(diagnosis.code, scene);
    return diagnosis;
}

}  // namespace memdb::doctor
