#include "keys/rotation_record.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json.hpp>

#include <functional>

namespace memdb::keys {
namespace {

namespace json = boost::json;

RotationState some_state() {
    RotationState s;
    s.phase = RotationPhase::confirming;
    s.generation = 3;
    s.from = 2;
    s.previous = 1;
    s.common_name = "laptop-20261124";
    s.reason = "due";
    s.started_at = WallTime(std::chrono::days{20'000});
    s.steps = {{RotationStepKind::requested, s.started_at, 900ms}, {RotationStepKind::checked, s.started_at + 1s, 1s}};
    s.message = "Jürgen's \"key\" \\ waits";
    return s;
}

TEST(RotationRecord, comes_back_equal_in_every_phase_without_what_is_of_the_moment) {
    for (const RotationPhase phase : kRotationPhases) {
        RotationState s = some_state();
        s.phase = phase;
        RotationState running = s;
        running.current = 3;
        running.deadline = TimePoint(5s);
        running.stepped_at = TimePoint(4s);
        running.accepted = true;
        running.seen.wanted = true;
        const auto back = parse_rotation_record(write_rotation_record(running));
        ASSERT_TRUE(back) << back.error().message;
        EXPECT_EQ(*back, s);
    }
    EXPECT_EQ(*parse_rotation_record(write_rotation_record({})), RotationState{});
}

/// What was written must be read again, or the rotation is forgotten half-way.
TEST(RotationRecord, whatever_a_peer_said_is_written_so_that_it_can_be_read) {
    const std::string texts[] = {std::string(5000, '"'),
                                 std::string(5000, '\x01'),
                                 "\xff\xfe\x80",
                                 std::string(3, '\0'),
                                 std::string(2047, 'a') + "ü",
                                 std::string(255, 'a') + "\xe2\x82\xac",
                                 std::string(5000, '\xe2'),
                                 std::string(127, 'a') + "ü",
                                 "\xed\xa0\x80",
                                 "line\nline"};
    for (const std::string& text : texts) {
        RotationState s = some_state();
        s.message = s.reason = s.common_name = text;
        s.steps.resize(100, s.steps.front());
        const std::string written = write_rotation_record(s);
        EXPECT_LE(written.size(), kRotationRecordLimit);
        const auto back = parse_rotation_record(written);
        ASSERT_TRUE(back) << text.substr(0, 20) << ": " << back.error().message;
        EXPECT_EQ(back->phase, s.phase);
        EXPECT_EQ(back->from, s.from);
        EXPECT_LE(back->message.size(), 2048u);
        EXPECT_EQ(*parse_rotation_record(write_rotation_record(*back)), *back);
    }
    RotationState s = some_state();
    s.message = std::string(2047, 'a') + "ü";
    EXPECT_EQ(parse_rotation_record(write_rotation_record(s))->message, std::string(2047, 'a')) << "no half character";
}

TEST(RotationRecord, every_field_is_needed_and_of_its_kind) {
    const json::object whole = json::parse(write_rotation_record(some_state())).as_object();
    int cases = 0;
    for (const auto& field : whole) {
        if (field.key() == "steps") continue;  // absent is empty
        json::object without = whole;
        without.erase(field.key());
        EXPECT_EQ(parse_rotation_record(json::serialize(without)).error().code, Errc::malformed) << field.key();
        ++cases;
    }
    for (const auto& field : whole)
        for (const json::value& wrong : {json::value(nullptr), json::value(true), json::value(-1), json::value(1.5),
                                         json::value(json::object{}), json::value(std::string(5000, 'x'))}) {
            if (field.key() == "steps" && wrong.is_null()) continue;
            json::object changed = whole;
            changed[field.key()] = wrong;
            EXPECT_EQ(parse_rotation_record(json::serialize(changed)).error().code, Errc::malformed)
                << field.key() << " = " << json::serialize(wrong).substr(0, 20);
            ++cases;
        }
    RecordProperty("cases", cases);
}

TEST(RotationRecord, what_cannot_be_believed_is_refused) {
    struct Row {
        std::string_view what;
        std::function<void(json::object&)> spoil;
    };
    const Row rows[] = {
        {"another schema", [](auto& o) { o["schema"] = 2; }},
        {"a phase of another version", [](auto& o) { o["phase"] = "dancing"; }},
        {"a generation beyond all", [](auto& o) { o["generation"] = 1'000'001; }},
        {"from beyond all", [](auto& o) { o["from"] = 4'000'000'000; }},
        {"no time", [](auto& o) { o["started_at"] = "yesterday"; }},
        {"a step of another version", [](auto& o) { o["steps"].as_array()[0].as_object()["step"] = "danced"; }},
        {"a step without time", [](auto& o) { o["steps"].as_array()[0].as_object().erase("at"); }},
        {"a step without length", [](auto& o) { o["steps"].as_array()[0].as_object().erase("after_ms"); }},
        {"a step that is none", [](auto& o) { o["steps"].as_array()[0] = 1; }},
        {"too many steps", [](auto& o) { o["steps"].as_array().resize(33, o["steps"].as_array()[0]); }},
    };
    for (const Row& row : rows) {
        json::object record = json::parse(write_rotation_record(some_state())).as_object();
        row.spoil(record);
        EXPECT_EQ(parse_rotation_record(json::serialize(record)).error().code, Errc::malformed) << row.what;
    }
    const std::string text = write_rotation_record(some_state());
    for (std::size_t cut = 0; cut + 2 < text.size(); ++cut)
        EXPECT_FALSE(parse_rotation_record(text.substr(0, cut))) << cut;
    EXPECT_EQ(parse_rotation_record(std::string(kRotationRecordLimit + 1, ' ')).error().code, Errc::too_large);
}

}  // namespace
}  // namespace memdb::keys
