// Any bytes as a downloaded configuration: words that need no more care, and what the policy lets through is written so
// that it is read back the same, has no directive that would be refused, and nothing that was not decided upon.
#include "config/ovpn_catalog.hpp"
#include "config/ovpn_policy.hpp"
#include "tests/support/easyrsa_pki.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

using namespace memdb::config;

namespace {

void check_words(const std::vector<Directive>& directives) {
    for (const Directive& directive : directives) {
        if (directive.words.size() >= kOvpnWordLimit) std::abort();
        for (const std::string& word : directive.words) {
            const auto again = lex_ovpn("x " + quote_ovpn_word(word), "f.ovpn");
            if (quote_ovpn_word(word).size() < 250 && (!again || again->front().words.front() != word)) std::abort();
        }
    }
}

void check_written(const ImportedConfig& config) {
    const std::string written = emit_ovpn(config);
    const auto lexed = lex_ovpn("remote a\n" + written, "f.ovpn");
    if (!lexed) std::abort();
    const bool refused = std::any_of(lexed->begin(), lexed->end(), [](const Directive& directive) {
        const Treatment treatment = rule_of(directive.name).treatment;
        return treatment == Treatment::refused || treatment == Treatment::ignored;
    });
    if (refused) std::abort();
    const auto judged = judge_ovpn(*lexed, "f.ovpn", CredentialSource::given);
    if (!judged || !judged->warnings.empty() || emit_ovpn(*judged) != written) std::abort();
    if (judged->server_name != config.server_name || judged->cipher != config.cipher) std::abort();
}

void check_file(const std::string& text) {
    const auto directives = lex_ovpn(text, "f.ovpn");
    if (!directives) return;
    check_words(*directives);
    for (const auto source : {CredentialSource::given, CredentialSource::inside}) {
        const auto config = judge_ovpn(*directives, "f.ovpn", source);
        if (config) check_written(*config);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string text(bytes, bytes + size);
    check_file(text);
    // Few mutated certificates can be read: a good one behind them takes the rest further.
    if (text.find("<ca>") == std::string::npos) {
        check_file(text + "\n<ca>\n" + std::string(memdb::tests::kEasyrsaCa) + "</ca>\n");
    }
    return 0;
}
