// Any bytes as a downloaded configuration: words that need no more care, and what the policy lets through is written so
// that it is read back the same.
#include "config/ovpn_policy.hpp"

#include <cstdint>
#include <cstdlib>

using namespace memdb::config;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string text(bytes, bytes + size);
    const auto directives = lex_ovpn(text, "f.ovpn");
    if (!directives) return 0;
    for (const Directive& directive : *directives) {
        if (directive.words.size() >= kOvpnWordLimit) std::abort();
        for (const std::string& word : directive.words) {
            const auto again = lex_ovpn("x " + quote_ovpn_word(word), "f.ovpn");
            if (quote_ovpn_word(word).size() < 250 && (!again || again->front().words.front() != word)) std::abort();
        }
    }
    const auto config = judge_ovpn(*directives, "f.ovpn", CredentialSource::given);
    if (!config) return 0;
    const std::string written = emit_ovpn(*config);
    const auto lexed = lex_ovpn("remote a\n" + written, "f.ovpn");
    if (!lexed) std::abort();
    const auto judged = judge_ovpn(*lexed, "f.ovpn", CredentialSource::given);
    if (!judged || !judged->warnings.empty() || emit_ovpn(*judged) != written) std::abort();
    return 0;
}
