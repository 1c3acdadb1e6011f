#include "client/rotation_tracker.hpp"

#include "base/overloaded.hpp"
#include "client/text.hpp"

#include <cstdio>
#include <utility>

namespace memdb::client {
namespace {

std::string_view detail_of(std::string_view step) {
    constexpr std::pair<std::string_view, std::string_view> sentences[] = {
        {"requested", "a new key; the agent keeps it"},
        {"checked", "chain, key, dates and usage are in order"},
        {"proven", "the endpoint accepted it beside the running tunnel"},
        {"switched", "in force; the tunnel restarts with it"},
        {"confirmed", "a PING was answered through it"},
        {"reverted", "back to the key before"},
        {"failed", "the key before stays in force"},
    };
    for (const auto& [word, sentence] : sentences)
        if (word == step) return sentence;
    return "";
}

}  // namespace

RotationTracker::RotationTracker(std::string profile, control::RotationView begun)
    : profile_(std::move(profile)), view_(std::move(begun)) {}

void RotationTracker::look(const std::optional<control::RotationView>& view) {
    if (!view) return;
    if (view->started_at > view_.started_at) replaced_ = true;
    if (view->started_at != view_.started_at || view->generation != view_.generation) return;
    if (view->steps.size() < view_.steps.size()) return;  // was on its way when we asked
    view_ = *view;
}

void RotationTracker::apply(const control::Event& event) {
    std::visit(Overloaded{
                   [&](const control::SnapshotTaken& c) {
                       if (const auto* profile = find_profile(c.snapshot, profile_))
                           look(profile->rotation);
                       else
                           gone_ = true;
                   },
                   [&](const control::RotationChanged& c) {
                       if (event.profile == profile_) look(c.rotation);
                   },
                   [&](const control::ProfileRemoved&) { gone_ = gone_ || event.profile == profile_; },
                   [](const auto&) {},
               },
               event.change);
}

std::vector<control::RotationStep> RotationTracker::take_steps() {
    std::vector<control::RotationStep> out;
    for (; taken_ < view_.steps.size(); ++taken_) out.push_back(view_.steps[taken_]);
    return out;
}

RotationEnd RotationTracker::end() const {
    if (gone_) return RotationEnd::gone;
    if (view_.phase == "confirmed") return RotationEnd::confirmed;
    if (view_.phase == "awaiting") return RotationEnd::awaiting;
    if (view_.phase == "failed") return RotationEnd::failed;
    if (view_.phase == "reverted") return RotationEnd::reverted;
    return replaced_ ? RotationEnd::replaced : RotationEnd::under_way;
}

std::string rotation_line(std::string_view step, std::optional<Duration> after, std::string_view detail, bool ascii) {
    char time[32] = "";
    if (after) std::snprintf(time, sizeof time, "%.2f s", static_cast<double>(after->count()) / 1000.0);
    std::string gap(time);
    if (gap.size() < 8) gap.insert(0, 8 - gap.size(), ' ');
    return clean("  " + pad(step, 10) + gap + "  " + std::string(detail), ascii) + "\n";
}

std::string rotation_step_text(const control::RotationStep& step, bool ascii) {
    // How long a person or a signer took before the check says nothing of the check.
    const bool timed = step.step != "requested" && step.step != "checked";
    return rotation_line(step.step, timed ? std::optional(Duration(step.after_ms)) : std::nullopt, detail_of(step.step),
                         ascii);
}

}  // namespace memdb::client
