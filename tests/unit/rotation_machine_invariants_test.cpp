// What holds of a rotation whatever happens in whatever order: seeded random courses with every event.
#include "tests/support/rotation_course.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace memdb::keys {
namespace {

TEST(RotationInvariants, hold_in_every_course) {
    std::set<std::string_view> rules;
    for (unsigned seed = 1; seed <= 4000; ++seed) {
        std::mt19937 random(seed);
        RotationCourse course([&](unsigned below) { return static_cast<unsigned>(random() % below); });
        for (int i = 0; i < 60 && course.broken().empty(); ++i) course.event();
        course.comes_to_an_end();
        rules.merge(course.rules);
        ASSERT_EQ(course.broken(), "") << "seed " << seed;
    }
    for (const std::string_view rule : {"PING answered", "PING answered after all", "not confirmed", "no way back",
                                        "back on the key before", "rollback asked", "proof asked", "write failed",
                                        "nothing to go back to", "another try to go back", "no node answers"})
        EXPECT_TRUE(rules.contains(rule)) << "no course came to: " << rule;
    RecordProperty("events", 4000 * 60);
}

}  // namespace
}  // namespace memdb::keys
