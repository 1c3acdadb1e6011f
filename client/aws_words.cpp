#include "client/aws_words.hpp"

#include <algorithm>

namespace memdb::client {

std::string shell_line(const std::vector<std::string>& argv) {
    std::string line;
    for (const auto& word : argv) {
        if (!line.empty()) line += ' ';
        const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   std::string_view("-_./:=,@+").find(c) != std::string_view::npos;
        });
        if (plain) {
            line += word;
            continue;
        }
        line += '\'';
        for (const char c : word) line += c == '\'' ? std::string("'\\''") : std::string(1, c);
        line += '\'';
    }
    return line;
}

std::string_view arn_part(std::string_view arn, std::size_t n) noexcept {
    for (; n > 0; --n) {
        const auto colon = arn.find(':');
        if (colon == std::string_view::npos) return {};
        arn.remove_prefix(colon + 1);
    }
    return arn.substr(0, arn.find(':'));
}

bool is_acm_pca_arn(std::string_view arn) noexcept {
    constexpr std::string_view mark = "certificate-authority/";
    const std::string_view partition = arn_part(arn, 1), resource = arn_part(arn, 5);
    return arn.size() <= 200 && arn_part(arn, 0) == "arn" && partition.starts_with("aws") && is_aws_word(partition) &&
           arn_part(arn, 2) == "acm-pca" && is_aws_word(arn_part(arn, 3)) && arn_part(arn, 4).size() == 12 &&
           is_aws_word(arn_part(arn, 4)) && arn_part(arn, 6).empty() && resource.starts_with(mark) &&
           is_aws_word(resource.substr(mark.size()));
}

bool is_acm_pca_certificate_arn(std::string_view arn) noexcept {
    constexpr std::string_view mark = "/certificate/";
    const auto at = arn.find(mark);
    return at != std::string_view::npos && is_acm_pca_arn(arn.substr(0, at)) &&
           is_aws_word(arn.substr(at + mark.size()));
}

bool is_aws_word(std::string_view word) noexcept {
    return !word.empty() && word.size() <= 128 && word.front() != '-' &&
           std::all_of(word.begin(), word.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                      c == '_' || c == '.';
           });
}

}  // namespace memdb::client
