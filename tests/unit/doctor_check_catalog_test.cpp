// The table of the doctor's checks itself: whole, in order, and every finding told by exactly one check.
#include "doctor/check_catalog.hpp"
#include "tests/support/doctor_scene.hpp"

#include <gtest/gtest.h>

#include <map>

namespace memdb::doctor {
namespace {

TEST(DoctorCatalog, EveryFindingIsToldByACheck) {
    Scene scene = support::healthy_scene();
    for (const char* phase : {"up", "waiting"}) {
        scene.view.tunnel->phase = phase;
        for (const auto& entry : health::catalog()) EXPECT_NE(find_check_of(entry.code, scene), nullptr) << entry.code;
    }
}

TEST(DoctorCatalog, NoFindingIsToldTwice) {
    std::map<std::string_view, int> told;
    for (const CheckRow& row : check_catalog())
        for (const std::string_view code : row.findings) ++told[code];
    for (const auto& [code, times] : told)
        EXPECT_EQ(times, code == "route-shadowed" || code == "state-unreadable" ? 2 : 1) << code;
}

TEST(DoctorCatalog, AShadowedRouteIsALocalNetworksBeforeTheTunnelIsUpAndTheRoutesLater) {
    Scene scene = support::healthy_scene();
    EXPECT_EQ(find_check_of("route-shadowed", scene)->id, "routes");
    scene.view.tunnel->phase = "handshaking";
    EXPECT_EQ(find_check_of("route-shadowed", scene)->id, "local-networks");
}

TEST(DoctorCatalog, GroundsComeBeforeWhatStandsOnThem) {
    std::set<std::string_view> before;
    for (const CheckRow& row : check_catalog()) {
        for (const std::string_view ground : row.grounds)
            EXPECT_TRUE(before.contains(ground)) << row.id << " on " << ground;
        EXPECT_TRUE(before.insert(row.id).second) << row.id << " is there twice";
        EXPECT_NE(row.look, nullptr);
        EXPECT_FALSE(row.title.empty());
    }
}

}  // namespace
}  // namespace memdb::doctor
