#include "client/rotation_tracker.hpp"

#include <gtest/gtest.h>

namespace memdb::client {
namespace {

control::RotationView view(std::string phase, std::vector<std::string> steps, unsigned generation = 2,
                           Duration started = 1s) {
    control::RotationView out;
    out.phase = std::move(phase);
    out.generation = generation;
    out.started_at = WallTime(started);
    for (auto& step : steps) out.steps.push_back({std::move(step), WallTime{}, 310});
    return out;
}

control::Event changed(control::RotationView to, const char* profile = "demo") {
    return {WallTime{}, profile, control::RotationChanged{std::move(to)}};
}

std::vector<std::string> words(const std::vector<control::RotationStep>& steps) {
    std::vector<std::string> out;
    for (const auto& step : steps) out.push_back(step.step);
    return out;
}

using Words = std::vector<std::string>;

TEST(RotationTracker, gives_out_each_step_once) {
    RotationTracker tracker("demo", view("proving", {"requested", "checked"}));
    EXPECT_EQ(words(tracker.take_steps()), (Words{"requested", "checked"}));
    tracker.apply(changed(view("proving", {"requested", "checked"})));
    EXPECT_EQ(words(tracker.take_steps()), Words{});
    tracker.apply(changed(view("confirming", {"requested", "checked", "proven", "switched"})));
    EXPECT_EQ(words(tracker.take_steps()), (Words{"proven", "switched"}));
    EXPECT_EQ(tracker.end(), RotationEnd::under_way);
    tracker.apply(changed(view("confirmed", {"requested", "checked", "proven", "switched", "confirmed"})));
    EXPECT_EQ(words(tracker.take_steps()), Words{"confirmed"});
    EXPECT_EQ(tracker.end(), RotationEnd::confirmed);
}

TEST(RotationTracker, every_end_is_told_apart) {
    const std::pair<const char*, RotationEnd> rows[] = {{"requested", RotationEnd::under_way},
                                                        {"proving", RotationEnd::under_way},
                                                        {"confirming", RotationEnd::under_way},
                                                        {"reverting", RotationEnd::under_way},
                                                        {"awaiting", RotationEnd::awaiting},
                                                        {"confirmed", RotationEnd::confirmed},
                                                        {"failed", RotationEnd::failed},
                                                        {"reverted", RotationEnd::reverted},
                                                        {"of-a-later-version", RotationEnd::under_way}};
    for (const auto& [phase, end] : rows) {
        RotationTracker tracker("demo", view("proving", {"requested"}));
        tracker.apply(changed(view(phase, {"requested", "x"})));
        EXPECT_EQ(tracker.end(), end) << phase;
    }
}

TEST(RotationTracker, what_is_not_about_it_changes_nothing) {
    RotationTracker tracker("demo", view("proving", {"requested", "checked"}));
    tracker.apply(changed(view("confirmed", {"a", "b", "c"}), "other"));
    tracker.apply(changed(view("confirmed", {"a", "b", "c"}, 1, 0s)));
    tracker.apply(changed(view("failed", {"requested"})));  // sent before we asked
    tracker.apply({WallTime{}, "demo", control::RotationChanged{}});
    tracker.apply({WallTime{}, "other", control::ProfileRemoved{}});
    EXPECT_EQ(tracker.end(), RotationEnd::under_way);
    tracker.apply(changed(view("proving", {"requested"}, 3, 9s)));
    EXPECT_EQ(tracker.end(), RotationEnd::replaced);
}

TEST(RotationTracker, a_snapshot_after_a_restart_counts) {
    RotationTracker tracker("demo", view("proving", {"requested", "checked"}));
    control::Snapshot snapshot;
    snapshot.profiles.emplace_back().name = "demo";
    snapshot.profiles.back().rotation = view("confirmed", {"requested", "checked", "proven", "switched", "confirmed"});
    tracker.apply({WallTime{}, "", control::SnapshotTaken{snapshot}});
    EXPECT_EQ(tracker.end(), RotationEnd::confirmed);
    tracker.apply({WallTime{}, "", control::SnapshotTaken{}});
    EXPECT_EQ(tracker.end(), RotationEnd::gone);
}

TEST(RotationStepText, is_one_line_in_columns) {
    EXPECT_EQ(rotation_step_text({"proven", WallTime{}, 310}, false),
              "  proven      0.31 s  the endpoint accepted it beside the running tunnel\n");
    EXPECT_EQ(rotation_step_text({"checked", WallTime{}, 99000}, false),
              "  checked             chain, key, dates and usage are in order\n");
    EXPECT_EQ(rotation_line("signed", Duration(12340), "by \x1b[1m", true), "  signed     12.34 s  by ?[1m\n");
}

}  // namespace
}  // namespace memdb::client
