#include "health/finding_catalog.hpp"
#include "health/meaning_catalog.hpp"
#include "tests/support/doc_pages.hpp"

#include <algorithm>
#include <map>
#include <vector>

namespace memdb::support {
namespace {

using namespace health;

constexpr std::string_view kHead = R"(# Troubleshooting

Made from memdbd's own table of findings (`daemon/health/finding_catalog.cpp`, `meaning_catalog.cpp`); do not edit:
`MEMDB_WRITE_DOCS=1 build/dev/tests/unit --gtest_filter='DocPages.*'`.

`memdbctl status` names what is wrong by a code, the first line first: it is the cause, and what follows from it is hidden. Below, each
code has what it means, what memdbd does about it by itself, and what is left to you. `memdbctl doctor` looks actively and ranks the
suspects where the network cannot tell them apart. Came here with a message of another program? Search this page for it.

## TLS key negotiation failed to occur within 60 seconds

openvpn prints this for a dozen causes, and AWS logs none of them. memdbd tells them apart as far as packets can:

)";

constexpr std::string_view about(Layer layer) noexcept {
    switch (layer) {
        case Layer::process: return "openvpn itself, on this machine";
        case Layer::handshake: return "from this machine to the Client VPN endpoint, and who is let in";
        case Layer::tunnel: return "the tunnel once it is up";
        case Layer::route: return "whether packets for the nodes enter the tunnel";
        case Layer::dns: return "the cluster's name and its nodes' names";
        case Layer::tcp: return "a connection to a node's port";
        case Layer::tls: return "its certificate";
        case Layer::auth: return "the cluster's user";
        case Layer::ping: return "whether a node answers";
        case Layer::cluster: return "whether the nodes make a whole cluster";
        case Layer::agent: return "memdbd itself, its keys and its state; no step of the way";
    }
    return {};
}

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

/// As Markdown: a "<" outside of `code` is one.
std::string plain(std::string_view text) {
    std::string out;
    bool code = false;
    for (const char c : text) {
        code ^= c == '`';
        out += c == '<' && !code ? "&lt;" : std::string(1, c);
    }
    return out;
}

std::string link_to(std::string_view code) { return "[`" + std::string(code) + "`](#" + std::string(code) + ")"; }

/// Those of the codes that this build knows, linked.
std::string links(std::initializer_list<std::string_view> codes) {
    std::string out;
    for (const auto code : codes)
        if (find_entry(code) != nullptr) out += (out.empty() ? "" : ", ") + link_to(code);
    return out;
}

std::string split_of_the_famous_message() {
    return "* not one packet comes back, or none of an OpenVPN server: " +
           links({"endpoint-silent", "captive-portal"}) +
           "\n* an OpenVPN server answers and then says nothing more: " + links({"handshake-rejected"}) +
           ", with its suspects in order\n* what the files on this machine tell is said before any attempt: " +
           links({"client-cert-expired", "client-cert-not-yet-valid", "client-key-mismatch", "client-cert-wrong-issuer",
                  "client-cert-unusable", "crl-expired"}) +
           "\n* openvpn itself refuses the server: " +
           links({"server-cert-expired", "server-cert-untrusted", "server-name-mismatch"}) + "\n";
}

/// Message -> the codes it can stand for, in the alphabet's order.
std::string index() {
    std::map<std::string, std::string> messages;
    for (const CatalogEntry& entry : catalog()) {
        const Meaning* const meaning = find_meaning(entry.code);
        if (meaning == nullptr) continue;
        for (const std::string& line : lines_of(meaning->prints)) {
            std::string& codes = messages[line];
            codes += (codes.empty() ? "" : ", ") + link_to(entry.code);
        }
    }
    std::string out = "\n## What other programs print\n\n| message | finding |\n|---|---|\n";
    for (const auto& [message, codes] : messages) {
        std::string cell;
        for (const char c : message) cell += c == '|' ? "\\|" : std::string(1, c);
        out += "| `" + cell + "` | " + codes + " |\n";
    }
    return out;
}

std::string section(const CatalogEntry& entry) {
    const Meaning* const meaning = find_meaning(entry.code);
    const std::string code(entry.code);
    if (meaning == nullptr) return "\n### " + code + "\n";  // the test says what is missing
    std::string out = "\n### " + code + "\n\n" + std::string(to_string(entry.severity)) + ", layer " +
                      std::string(to_string(entry.layer)) + ". " + plain(meaning->means) +
                      "\n\n* By itself: " + plain(meaning->itself) + "\n* What to do: " + plain(entry.advice) + ".\n";
    const auto causes = lines_of(meaning->causes);
    if (!causes.empty()) out += "* Suspects, the likeliest first:\n";
    for (std::size_t i = 0; i < causes.size(); ++i)
        out += "  " + std::to_string(i + 1) + ". " + plain(causes[i]) + "\n";
    std::string prints;
    for (const std::string& line : lines_of(meaning->prints)) prints += (prints.empty() ? "`" : " · `") + line + "`";
    if (!prints.empty()) out += "* Elsewhere you may read: " + prints + "\n";
    return out;
}

}  // namespace

std::string troubleshooting_page() {
    std::string out = std::string(kHead) + split_of_the_famous_message() + index();
    std::vector<Layer> layers(kWay.begin(), kWay.end());
    layers.push_back(Layer::agent);
    for (const Layer layer : layers) {
        out += "\n## Layer " + std::string(to_string(layer)) + "\n\n" + std::string(about(layer)) + "\n";
        for (const CatalogEntry& entry : catalog())
            if (entry.layer == layer) out += section(entry);
    }
    return out;
}

}  // namespace memdb::support
