// What lex_ovpn and the policy make of files, printed as tokens_hook.c prints what openvpn makes of them. For
// test_lexer.py.
//
// stdin: one path a line. For each: "F PATH", then "V refused REASON", or "V accepted" with its directives "@D [name]
// [word] ..." as openvpn acts on them (`setenv opt X` is X, what <connection> holds comes after it), then "P refused
// REASON" or "P accepted", with what would be written to PATH.written. With --rules: names in, "NAME TREATMENT
// named|unnamed REASON" out.
#include "config/ovpn_catalog.hpp"
#include "config/ovpn_policy.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

using namespace memdb::config;

namespace {

std::string token(std::string_view text) {
    std::string out = " [";
    for (const char c : text) {
        if (c < 33 || c > 126 || c == '[' || c == ']' || c == '%') {
            out += fmt::format("%{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
        } else {
            out += c;
        }
    }
    return out + "]";
}

void print_directive(const Directive& directive) {
    const auto& words = directive.words;
    std::string line;
    if (directive.name == "setenv" && !words.empty() && words[0] == "opt") {
        if (words.size() == 1) line = token("setenv opt");
        for (std::size_t i = 1; i < words.size(); ++i) line += token(words[i]);
    } else {
        line = token(directive.name);
        for (const auto& word : words) line += token(word);
        if (directive.inline_text) line += token(*directive.inline_text);
    }
    std::cout << "@D" << line << "\n";
    if (directive.name != "connection" || !directive.inline_text) return;
    const auto nested = lex_ovpn(*directive.inline_text, "connection");
    if (!nested) {
        std::cout << "@stop\n";
        return;
    }
    for (const auto& inner : *nested) print_directive(inner);
}

void look_at(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    std::cout << "F " << path << "\n";
    const auto directives = lex_ovpn(text, "f");
    if (!directives) {
        std::cout << "V refused " << directives.error().message << "\n";
        return;
    }
    std::cout << "V accepted\n";
    for (const auto& directive : *directives) print_directive(directive);
    const auto config = judge_ovpn(*directives, "f", CredentialSource::given);
    if (!config) {
        std::cout << "P refused " << config.error().message << "\n";
        return;
    }
    std::cout << "P accepted\n";
    std::ofstream(path + ".written", std::ios::binary) << emit_ovpn(*config);
}

void print_rule(const std::string& name) {
    static constexpr const char* kTreatments[] = {"read", "implied", "ignored", "refused"};
    const DirectiveRule& rule = rule_of(name);
    std::cout << name << " " << kTreatments[static_cast<std::size_t>(rule.treatment)] << " "
              << (rule.name == "*" ? "unnamed" : "named") << " " << rule.reason << "\n";
}

}  // namespace

int main(int argc, char** argv) {
    const bool rules = argc > 1 && std::string_view(argv[1]) == "--rules";
    for (std::string line; std::getline(std::cin, line);) rules ? print_rule(line) : look_at(line);
    return std::cout.flush() ? 0 : 1;
}
