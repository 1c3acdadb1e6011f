#include "client/doctor/aws_opinion.hpp"

#include "doctor/suspect_catalog.hpp"

#include <algorithm>

namespace memdb::client {
namespace {

using health::Certainty;
using health::Suspect;

constexpr std::string_view kGone = "endpoint-not-available";

Suspect* find(health::Diagnosis& diagnosis, std::string_view cause) {
    const auto at = std::ranges::find(diagnosis.suspects, cause, &Suspect::cause);
    return at == diagnosis.suspects.end() ? nullptr : &*at;
}

}  // namespace

void add_opinion(const std::vector<AwsSuspect>& opinion, health::Diagnosis& diagnosis) {
    for (const AwsSuspect& told : opinion) {
        Suspect* suspect = find(diagnosis, told.name);
        if (suspect == nullptr && told.name == kGone && told.state == Suspicion::yes) {
            diagnosis.suspects.push_back(
                {std::string(kGone), std::string(doctor::suspect_row(kGone).sentence), {}, {}, {}, {}});
            suspect = &diagnosis.suspects.back();
        }
        if (suspect == nullptr || told.state == Suspicion::unknown) continue;
        const bool is_it = told.state == Suspicion::yes;
        suspect->certainty = is_it ? Certainty::confirmed : Certainty::excluded;
        (is_it ? suspect->in_favour : suspect->against).push_back("AWS: " + told.evidence);
        if (is_it) suspect->decide = told.action;
    }
    std::ranges::stable_sort(diagnosis.suspects, {}, &Suspect::certainty);
    if (diagnosis.suspects.empty() || diagnosis.suspects.front().certainty != Certainty::confirmed) return;
    const Suspect& cause = diagnosis.suspects.front();
    diagnosis.summary = cause.sentence + " (" + diagnosis.summary + ")";
    if (!cause.decide.empty()) diagnosis.action = "`" + cause.decide + "`";
}

}  // namespace memdb::client
