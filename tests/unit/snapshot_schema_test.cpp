// docs/snapshot.schema.json against the words that the code writes: neither may know a field that the other does not.
#include "control/api.hpp"

#include "tests/support/snapshots.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json.hpp>

#include <fstream>
#include <set>
#include <sstream>

namespace memdb::control {
namespace {

namespace json = boost::json;
using Names = std::set<std::string>;

json::value schema() {
    std::ifstream file(MEMDB_SOURCE_DIR "/docs/snapshot.schema.json");
    std::stringstream text;
    text << file.rdbuf();
    return json::parse(text.str());
}

/// Every field that there is, somewhere.
Snapshot everything() {
    ProfileView tunnel = support::unreachable_profile();
    tunnel.credential = support::whole_credential();
    tunnel.credential->chain->problem = "no CA of the configuration";
    tunnel.credential->previous_generation = 1;
    tunnel.credential->rotate_at = support::kSeenAt;
    tunnel.tunnel->retry_at = support::kSeenAt;
    tunnel.tunnel->blocked_cause = "client-cert-expired";
    tunnel.tunnel->dns->trouble = "not permitted";
    tunnel.clusters[0].iam =
        IamView{"app", "demo", "eu-central-1", support::kSeenAt, support::kSeenAt, support::kSeenAt, true};
    tunnel.clusters[0].tls = true;
    tunnel.clusters[0].user = "app";
    tunnel.clusters[0].private_ca = true;
    tunnel.rotation =
        RotationView{"failed", 2, 1, "laptop", "lost", support::kSeenAt, {{"failed", support::kSeenAt, 5}}, "no PING"};
    tunnel.signer = "pki:/home/me/pki";
    tunnel.signer_uid = 1000;
    tunnel.revoke_old = true;
    tunnel.revoke_old_uid = 1000;
    Snapshot all = support::snapshot_of({tunnel});
    all.findings = tunnel.findings;
    return all;
}

/// Walks a value beside its part of the schema: collects the paths of fields that only one of the two has.
class Comparison {
  public:
    explicit Comparison(const json::value& root) : root_(root) {}

    void walk(const json::value& value, const json::value& part, const std::string& path) {
        const json::object& rule = followed(part);
        if (const auto* list = value.if_array()) {
            EXPECT_EQ(rule.at("type").as_string(), "array") << path;
            for (const json::value& item : *list) walk(item, rule.at("items"), path + "[]");
        } else if (const auto* object = value.if_object()) {
            ASSERT_TRUE(rule.contains("properties")) << path;
            const json::object& known = rule.at("properties").as_object();
            for (const auto& [name, field] : known) in_schema.insert(path + "." + std::string(name));
            for (const auto& [name, field] : *object) {
                const std::string here = path + "." + std::string(name);
                in_code.insert(here);
                if (const auto* next = known.if_contains(name)) walk(field, *next, here);
            }
        }
    }

    Names in_schema, in_code;

  private:
    const json::object& followed(const json::value& part) const {
        const json::object& rule = part.as_object();
        const auto* reference = rule.if_contains("$ref");
        if (reference == nullptr) return rule;
        return root_.at_pointer(std::string_view(reference->as_string()).substr(1)).as_object();
    }

    const json::value& root_;
};

TEST(SnapshotSchema, knows_every_field_and_no_other) {
    const json::value root = schema();
    Comparison compared(root);
    compared.walk(json::parse(to_json(everything())), root, "");
    EXPECT_EQ(compared.in_code, compared.in_schema);
    EXPECT_GT(compared.in_code.size(), 100u);
}

std::vector<std::string_view> words(const json::value& root, std::string_view pointer) {
    std::vector<std::string_view> list;
    for (const json::value& word : root.at_pointer(pointer).as_array()) list.emplace_back(word.as_string());
    return list;
}

TEST(SnapshotSchema, has_the_words_of_the_code) {
    const json::value root = schema();
    for (const auto word : words(root, "/$defs/verdict/enum")) EXPECT_TRUE(health::parse_verdict(word)) << word;
    for (const auto word : words(root, "/$defs/layer/properties/state/enum"))
        EXPECT_TRUE(parse_layer_state(word)) << word;
    for (const auto word : words(root, "/$defs/node/properties/state/enum"))
        EXPECT_TRUE(parse_node_state(word)) << word;
    for (const auto word : words(root, "/$defs/profile/properties/wanted/enum"))
        EXPECT_TRUE(parse_wanted(word)) << word;
    for (const auto word : words(root, "/$defs/finding/properties/severity/enum"))
        EXPECT_TRUE(health::parse_severity(word)) << word;
    const auto layers = words(root, "/$defs/finding/properties/layer/enum");
    ASSERT_EQ(layers.size(), health::kWay.size() + 1);
    for (std::size_t i = 0; i < health::kWay.size(); ++i) EXPECT_EQ(layers[i], to_string(health::kWay[i]));
}

}  // namespace
}  // namespace memdb::control
