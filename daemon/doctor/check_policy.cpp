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

/// The most urgent finding that this check tells; the first of several.
const Finding* finding_of(const CheckRow& row, const Scene& scene) {
    const Finding* worst = nullptr;
    for (const auto* list : {&scene.view.findings, &scene.agent})
        for (const Finding& finding : *list)
            if (find_check_of(finding.code, scene) == &row && (worst == nullptr || finding.severity > worst->severity))
                worst = &finding;
    return worst;
}

CheckState state_of(const Finding& finding) {
    switch (finding.severity) {
        case Severity::error: return CheckState::fail;
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
    if (finding->severity == Severity::error) return row.fresh && look.state == CheckState::pass;
    return look.state == CheckState::fail;
}

Check judge(const CheckRow& row, const Scene& scene, Course& course) {
    if (row.of_tunnel && !scene.has_tunnel) return skipped(row, "", "a direct profile has no tunnel");
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
    if (check.state == CheckState::fail) {
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
    diagnosis.state = CheckState::warn;
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
