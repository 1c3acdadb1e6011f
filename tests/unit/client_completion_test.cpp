#include "client/completion.hpp"

#include "client/commands.hpp"
#include "client/completion_scripts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace memdb::client {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;

std::vector<Grammar> table() {
    std::vector<Grammar> grammars;
    for (const Command& command : all_commands()) grammars.push_back(command.grammar);
    return grammars;
}

/// The line up to the cursor, which stands behind its last character.
Completion of(const std::string& line) {
    std::vector<std::string> words;
    std::istringstream in(line);
    for (std::string word; in >> word;) words.push_back(word);
    if (line.empty() || line.back() == ' ') words.emplace_back();
    return complete(words, table());
}

std::vector<std::string> words_of(const std::string& line) {
    std::vector<std::string> words;
    for (const Candidate& candidate : of(line).words) words.push_back(candidate.word);
    return words;
}

TEST(Completion, knows_every_command_of_the_table) {
    for (const Grammar& grammar : table()) {
        const std::string name(grammar.name);
        const auto blank = name.find(' ');
        EXPECT_THAT(words_of(""), Contains(name.substr(0, blank)));
        if (blank != std::string::npos) {
            EXPECT_THAT(words_of(name.substr(0, blank) + " "), Contains(name.substr(blank + 1)));
        }
    }
    EXPECT_THAT(words_of("profile s"), ElementsAre("show", "set"));
    EXPECT_THAT(words_of("nonsense "), IsEmpty());
}

TEST(Completion, says_what_each_word_is_about) {
    for (const Candidate& candidate : of("").words) EXPECT_FALSE(candidate.about.empty()) << candidate.word;
}

TEST(Completion, offers_the_options_that_still_fit) {
    EXPECT_THAT(words_of("connect --"), IsSupersetOf({"--wait", "--timeout", "--socket", "--help"}));
    EXPECT_THAT(words_of("connect --wait --"), Not(Contains("--wait")));
    EXPECT_THAT(words_of("profile set --iam --no-"), ElementsAre("--no-ca"));  // --iam and --no-user exclude each other
    EXPECT_THAT(words_of("profile set --cluster a --clu"), ElementsAre("--cluster"));  // may be given again
    EXPECT_THAT(words_of("connect -- --"), IsEmpty());
}

TEST(Completion, offers_the_words_of_a_value) {
    EXPECT_THAT(words_of("wait --for "), ElementsAre("reachable", "up", "stopped"));
    EXPECT_THAT(words_of("wait --for=r"), ElementsAre("--for=reachable"));
    EXPECT_THAT(words_of("wait --for = r"), ElementsAre("reachable"));  // as bash splits it
    EXPECT_THAT(words_of("wait --for ="), ElementsAre("reachable", "up", "stopped"));
    EXPECT_THAT(words_of("aws plan --allow "), ElementsAre("nodes"));  // CIDR is no word to type
    EXPECT_THAT(words_of("completion "), ElementsAre("bash", "zsh", "fish"));
    EXPECT_THAT(words_of("connect --timeout "), IsEmpty());
}

TEST(Completion, asks_for_profiles_files_and_folders_where_they_fit) {
    EXPECT_TRUE(of("status ").profiles);
    EXPECT_TRUE(of("key show de").profiles);
    EXPECT_EQ(of("key show de").typed, "de");
    EXPECT_TRUE(of("ping --node ").nodes);
    EXPECT_EQ(of("ping demo --node=demo-0001").before, "--node=");
    EXPECT_EQ(of("ping demo --node=demo-0001").typed, "demo-0001");
    EXPECT_FALSE(of("ping ").nodes);
    EXPECT_FALSE(of("status demo ").profiles);
    EXPECT_EQ(of("pki revoke laptop --profile=d").before, "--profile=");
    EXPECT_TRUE(of("profile import ").files);
    EXPECT_TRUE(of("key install ").files);
    EXPECT_TRUE(of("key install my.crt ").profiles);
    EXPECT_TRUE(of("pki list --pki ").folders);
    EXPECT_FALSE(of("pki list --pki x ").folders);
}

TEST(Completion, understands_options_before_the_command) {
    EXPECT_EQ(of("--socket /run/x status ").socket, "/run/x");
    EXPECT_EQ(of("--socket=/run/x status ").socket, "/run/x");
    EXPECT_TRUE(of("--socket /run/x status ").profiles);
    EXPECT_EQ(of("status ").socket, std::nullopt);
}

TEST(Completion, has_a_script_for_each_shell_that_it_offers) {
    for (const std::string& shell : words_of("completion ")) EXPECT_FALSE(completion_script(shell).empty()) << shell;
    EXPECT_TRUE(completion_script("csh").empty());
}

}  // namespace
}  // namespace memdb::client
