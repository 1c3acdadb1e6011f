// Every event in every phase of a rotation, each cell stated. The stories are in rotation_machine_test.cpp.
#include "tests/support/rotation_words.hpp"

#include <gtest/gtest.h>

#include <array>
#include <utility>

namespace memdb::keys {
namespace {

/// As each phase is met: key 2 is the new one, 1 the one before, seen at work.
RotationState in(RotationPhase phase) {
    RotationState s;
    s.phase = phase;
    s.current = 1;
    s.seen = kDown;
    s.deadline = moment(0s).now;
    if (phase == RotationPhase::none) return s;
    s.generation = 2;
    s.from = s.previous = 1;
    s.common_name = "laptop-2";
    s.steps = {{RotationStepKind::requested, {}, 0ms}};
    const bool in_force = phase == RotationPhase::confirming || phase == RotationPhase::awaiting ||
                          phase == RotationPhase::reverting || phase == RotationPhase::confirmed;
    if (in_force) s.current = 2;
    if (phase == RotationPhase::awaiting) s.seen = kUnwanted;
    return s;
}

struct Column {
    std::string_view name;
    RotationEvent event;
};
const Column kColumns[] = {
    {"asked", kAsked},
    {"asked fresh", kAskedFresh},
    {"made", KeyMade{}},
    {"key failed", KeyFailed{"no"}},
    {"certificate", CertificateAccepted{"laptop-2"}},
    {"proof", ProofAsked{}},
    {"rollback", kRollback},
    {"accepted", kAccepted},
    {"refused", kRefused},
    {"not tried", kNotTried},
    {"switched to it", Switched{2}},
    {"switched back", Switched{1}},
    {"switched to another", Switched{9}},
    {"disk full", kDiskFull},
    {"not stored", kNotStored},
    {"gone", kGone},
    {"works", Seen{kWorks}},
    {"up", Seen{kUp}},
    {"same sight", Seen{kDown}},
    {"blocked", Seen{kBlocked}},
    {"blocked for good", Seen{kBlockedForGood}},
    {"unwanted", Seen{kUnwanted}},
    {"limit", LimitPassed{}},
};

struct Row {
    RotationPhase phase;
    std::array<std::string_view, std::size(kColumns)> why;
};
constexpr std::string_view o = "ignored", sw = "switched", se = "seen", wf = "write failed", nt = "noted",
                           ka = "key asked", pa = "proof asked", ra = "rollback asked", tf = "trial failed";
using P = RotationPhase;
// clang-format off
const Row kRows[] = {
//                 asked fresh made        failed        certificate             proof roll accepted          refused trial switched                     back                   other full not stored gone          works               up    same  blocked                    for good unwanted             limit
{P::none,       {{ka,  ka,  o,            o,            o,                      o,  o,  o,                o,  o,  sw,                          sw,                    sw,  o,  o,  o,             se,                 se, o,  se,                        se, se,                     o}}},
{P::making,     {{o,   o,   "key made",   "key failed", o,                      o,  o,  o,                o,  o,  sw,                          sw,                    sw,  wf, wf, wf,            se,                 se, o,  se,                        se, se,                     o}}},
{P::requested,  {{o,   ka,  o,            o,            "certificate accepted", o,  o,  o,                o,  o,  sw,                          sw,                    sw,  wf, wf, wf,            se,                 se, o,  se,                        se, se,                     o}}},
{P::proving,    {{o,   o,   o,            o,            o,                      o,  o,  "trial accepted", tf, tf, sw,                          sw,                    sw,  wf, nt, wf,            se,                 se, o,  se,                        se, se,                     "no node answers"}}},
{P::confirming, {{o,   o,   o,            o,            o,                      o,  o,  o,                o,  o,  sw,                          sw,                    sw,  nt, nt, nt,            "PING answered",    se, o,  "blocked with the new key", se, "disconnected meanwhile", "not confirmed"}}},
{P::awaiting,   {{o,   o,   o,            o,            o,                      o,  o,  o,                o,  o,  "switched after a restart",  sw,                    sw,  nt, nt, nt,            "PING answered",    se, se, "blocked with the new key", se, o,                      o}}},
{P::reverting,  {{o,   o,   o,            o,            o,                      o,  o,  o,                o,  o,  sw,                          "back on the key before", sw,  nt, nt, "no way back", "PING answered after all", se, o,  se,                   se, se,                     "another try to go back"}}},
{P::confirmed,  {{ka,  ka,  o,            o,            o,                      o,  ra, o,                o,  o,  sw,                          sw,                    sw,  nt, nt, nt,            se,                 se, o,  se,                        se, se,                     o}}},
{P::failed,     {{ka,  ka,  o,            o,            o,                      pa, o,  o,                o,  o,  sw,                          sw,                    sw,  o,  o,  o,             se,                 se, o,  se,                        se, se,                     o}}},
{P::reverted,   {{ka,  ka,  o,            o,            o,                      pa, o,  o,                o,  o,  sw,                          sw,                    sw,  o,  o,  o,             se,                 se, o,  se,                        se, se,                     o}}},
};
// clang-format on

TEST(RotationTable, every_event_in_every_phase) {
    std::array<bool, std::size(kRotationPhases)> told{};
    std::array<bool, std::variant_size_v<RotationEvent>> happened{};
    int cells = 0;
    for (const Row& row : kRows) {
        told.at(static_cast<std::size_t>(row.phase)) = true;
        for (std::size_t i = 0; i < std::size(kColumns); ++i, ++cells) {
            const RotationState before = in(row.phase);
            const RotationStep done = play(before, kColumns[i].event, 60s);
            EXPECT_EQ(done.why, row.why.at(i)) << to_string(row.phase) << " × " << kColumns[i].name;
            if (done.why == "ignored") {
                EXPECT_EQ(done.state, before) << to_string(row.phase) << " × " << kColumns[i].name;
                EXPECT_TRUE(done.actions.empty());
            }
            happened.at(kColumns[i].event.index()) = true;
        }
    }
    for (const bool is_there : told) EXPECT_TRUE(is_there) << "a phase without a row";
    for (const bool is_there : happened) EXPECT_TRUE(is_there) << "an event without a column";
    RecordProperty("cells", cells);
}

TEST(RotationTable, words_go_there_and_back) {
    for (const RotationPhase phase : kRotationPhases) EXPECT_EQ(parse_rotation_phase(to_string(phase)), phase);
    for (const auto kind :
         {RotationStepKind::requested, RotationStepKind::checked, RotationStepKind::proven, RotationStepKind::switched,
          RotationStepKind::confirmed, RotationStepKind::reverted, RotationStepKind::failed})
        EXPECT_EQ(parse_rotation_step(to_string(kind)), kind);
    for (const std::string_view word : {"", "None", "?", "requested ", "gone"}) {
        EXPECT_FALSE(parse_rotation_phase(word)) << word;
        EXPECT_FALSE(parse_rotation_step(word)) << word;
    }
    for (const Column& column : kColumns) EXPECT_NE(to_string(column.event), "");
    EXPECT_EQ(words_of({MakeKey{"x"}, StoreCandidate{2}, SaveRecord{}, SaveRecord{false}, DropRequest{}, StartTrial{2},
                        StopTrial{}, UseGeneration{2}, RestartTunnel{}, KeepOnly{{1, 2}}}),
              "make key, store candidate 2, save record, try to save record, drop request, start trial 2, stop trial, "
              "use 2, restart tunnel, keep only 1 2");
}

struct May {
    RotationPhase phase;
    bool request, install, prove, roll_back;
};
constexpr May kMays[] = {
    {P::none, true, false, false, false},        {P::making, false, false, false, false},
    {P::requested, true, true, false, false},    {P::proving, false, false, false, false},
    {P::confirming, false, false, false, false}, {P::awaiting, false, false, false, false},
    {P::reverting, false, false, false, false},  {P::confirmed, true, false, false, true},
    {P::failed, true, false, true, false},       {P::reverted, true, false, true, false},
};

TEST(RotationTable, what_may_be_asked_in_every_phase) {
    for (const May& row : kMays) {
        const RotationState s = in(row.phase);
        EXPECT_EQ(may_request(s).has_value(), row.request) << to_string(row.phase);
        EXPECT_EQ(may_install(s).has_value(), row.install) << to_string(row.phase);
        EXPECT_EQ(may_prove_again(s).has_value(), row.prove) << to_string(row.phase);
        EXPECT_EQ(may_roll_back(s).has_value(), row.roll_back) << to_string(row.phase);
        if (!is_busy(row.phase)) continue;
        EXPECT_NE(may_request(s).error().message.find("memdbctl key show"), std::string::npos);
        EXPECT_EQ(may_request(s).error().code, Errc::already_exists);
    }
}

}  // namespace
}  // namespace memdb::keys
