#include "keys/pem_blocks.hpp"

#include <algorithm>
#include <string>

namespace memdb::keys {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kDashes = "-----";
constexpr int kBeginLimit = 256;  // BEGIN lines looked at, so that a text full of them costs little

}  // namespace

std::vector<PemBlock> find_pem_blocks(std::string_view text) {
    std::vector<PemBlock> blocks;
    int begins = 0;
    for (std::size_t at = text.find(kBegin); at != std::string_view::npos; at = text.find(kBegin, at)) {
        if (++begins > kBeginLimit) break;
        const std::size_t label_at = at + kBegin.size();
        const std::size_t label_end = text.find(kDashes, label_at);
        const bool starts_line = at == 0 || text[at - 1] == '\n';
        if (!starts_line || label_end == std::string_view::npos || label_end - label_at > 64) {
            at = label_at;
            continue;
        }
        const std::string_view label = text.substr(label_at, label_end - label_at);
        const std::string end_line = "\n-----END " + std::string(label) + "-----";
        const std::size_t end = text.find(end_line, label_end);
        if (end == std::string_view::npos) {
            at = label_end;
            continue;
        }
        const std::size_t line_end = text.find('\n', end + end_line.size());
        const std::size_t block_end = line_end == std::string_view::npos ? text.size() : line_end + 1;
        blocks.push_back({label, text.substr(at, block_end - at)});
        at = block_end;
    }
    return blocks;
}

bool is_certificate(const PemBlock& block) {
    return block.label == "CERTIFICATE" || block.label == "X509 CERTIFICATE" || block.label == "TRUSTED CERTIFICATE";
}

bool is_private_key(const PemBlock& block) { return block.label.ends_with("PRIVATE KEY"); }

bool is_encrypted(const PemBlock& block) {
    return block.label == "ENCRYPTED PRIVATE KEY" ||
           block.text.find("Proc-Type: 4,ENCRYPTED") != std::string_view::npos;
}

}  // namespace memdb::keys
