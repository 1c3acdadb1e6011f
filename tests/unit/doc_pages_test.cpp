// The pages that are made from tables are those of this build, and no table lacks a row.
#include "tests/support/doc_pages.hpp"

#include "control/control_handler.hpp"
#include "control/event.hpp"
#include "control/field_catalog.hpp"
#include "control/route_catalog.hpp"
#include "health/finding_catalog.hpp"
#include "health/meaning_catalog.hpp"
#include "tests/support/api_samples.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json.hpp>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

namespace memdb {
namespace {

namespace json = boost::json;
using support::Fill;

void is_current(const std::string& name, const std::string& made) {
    const std::string path = MEMDB_SOURCE_DIR "/docs/" + name;
    if (std::getenv("MEMDB_WRITE_DOCS") != nullptr) std::ofstream(path, std::ios::binary) << made;
    std::stringstream there;
    there << std::ifstream(path, std::ios::binary).rdbuf();
    // Not EXPECT_EQ: it would print both pages.
    EXPECT_TRUE(there.str() == made) << path << " is not of this build. Make it again: "
                                     << "MEMDB_WRITE_DOCS=1 build/dev/tests/unit --gtest_filter='DocPages.*'";
}

TEST(DocPages, troubleshooting_is_current) { is_current("troubleshooting.md", support::troubleshooting_page()); }

TEST(DocPages, api_is_current) { is_current("api.md", support::api_page()); }

TEST(DocPages, every_finding_has_a_meaning) {
    for (const auto& entry : health::catalog()) {
        const health::Meaning* const meaning = health::find_meaning(entry.code);
        ASSERT_NE(meaning, nullptr) << entry.code << " has no row in health/meaning_catalog.cpp";
        for (const auto text : {meaning->means, meaning->itself}) {
            EXPECT_GT(text.size(), 10u) << entry.code;
            EXPECT_TRUE(text.ends_with('.') || text.ends_with(')')) << entry.code << ": " << text;
        }
    }
}

TEST(DocPages, every_meaning_has_a_finding) {
    std::set<std::string_view> seen;
    for (const auto& meaning : health::meanings()) {
        EXPECT_TRUE(seen.insert(meaning.code).second) << meaning.code << " twice";
        EXPECT_NE(health::find_entry(meaning.code), nullptr) << meaning.code;
    }
}

TEST(DocPages, the_famous_message_leads_to_its_causes) {
    for (const auto* const code : {"endpoint-silent", "handshake-rejected"}) {
        const auto* const meaning = health::find_meaning(code);
        ASSERT_NE(meaning, nullptr);
        EXPECT_NE(meaning->prints.find("TLS key negotiation failed to occur within 60 seconds"), std::string::npos);
        EXPECT_GT(std::ranges::count(meaning->causes, '\n'), 2);
    }
}

TEST(DocPages, every_route_is_described) {
    for (const auto& route : control::routes()) {
        const auto* const text = control::find_route_text(route.method, route.path);
        ASSERT_NE(text, nullptr) << route.method << " " << route.path << " has no row in control/route_catalog.cpp";
        EXPECT_TRUE(!text->about.empty() && !text->answer.empty()) << route.path;
    }
}

TEST(DocPages, every_event_is_described) {
    std::vector<std::string> types, described;
    support::each_kind_of_change([&]<class T>() { types.emplace_back(control::type_of(T{})); });
    for (const auto& text : control::event_texts()) described.emplace_back(text.type);
    EXPECT_THAT(described, testing::UnorderedElementsAreArray(types)) << "the table is in control/route_catalog.cpp";
}

/// Whether a value is of the kind that its row says.
bool is_kind(const control::FieldText& row, const json::value& value) {
    // An event "node" has a code where others have a whole finding; the row says so.
    if (row.object == "event" && row.field == "finding" && value.is_string()) return true;
    if (row.kind.starts_with("list of ")) return value.is_array();
    if (row.kind.starts_with('@')) return value.is_object();
    if (row.kind == "text") return value.is_string();
    if (row.kind == "time") return value.is_string() && value.get_string().ends_with("Z");
    if (row.kind == "integer") return value.is_int64() || value.is_uint64();
    return row.kind == "boolean" && value.is_bool();
}

TEST(DocPages, every_field_is_described_and_there) {
    std::set<std::pair<std::string, std::string>> seen;
    const auto visit = [&](std::string_view name, const json::object& object) {
        for (const auto& member : object) {
            const auto* const row = control::find_field_text(name, member.key());
            ASSERT_NE(row, nullptr) << "the field " << member.key() << " of " << name
                                    << " has no row in control/field_catalog.cpp";
            EXPECT_TRUE(is_kind(*row, member.value()))
                << name << "." << row->field << " is no " << row->kind << ": " << json::serialize(member.value());
            seen.emplace(name, row->field);
        }
    };
    for (const Fill how : {Fill::all, Fill::objects, Fill::none}) support::visit_every_object(how, visit);
    // As above: fields that other parts bring.
    for (const auto& row : control::field_texts())
        EXPECT_TRUE(seen.contains({std::string(row.object), std::string(row.field)}))
            << row.object << "." << row.field << " is described, and nowhere";
}

}  // namespace
}  // namespace memdb
