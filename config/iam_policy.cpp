#include "config/iam_policy.hpp"

#include "config/visible_text.hpp"

#include <fmt/format.h>

#include <vector>

namespace memdb::config {
namespace {

constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kWordCharacters = "abcdefghijklmnopqrstuvwxyz0123456789-";
constexpr std::size_t kClusterNameLimit = 40;
constexpr std::size_t kRegionLimit = 32;

bool is_word(std::string_view text, std::size_t limit) noexcept {
    return !text.empty() && text.size() <= limit && text.find_first_not_of(kWordCharacters) == std::string_view::npos;
}

std::vector<std::string_view> labels_of(std::string_view host) {
    std::vector<std::string_view> labels;
    while (true) {
        const auto dot = host.find('.');
        labels.push_back(host.substr(0, dot));
        if (dot == std::string_view::npos) return labels;
        host.remove_prefix(dot + 1);
    }
}

}  // namespace

bool is_cluster_name(std::string_view name) noexcept {
    return is_word(name, kClusterNameLimit) && kLetters.find(name.front()) != std::string_view::npos;
}

bool is_region(std::string_view region) noexcept { return is_word(region, kRegionLimit); }

std::optional<IamName> iam_name_of(std::string_view host) {
    const auto labels = labels_of(host);
    const bool china = labels.size() == 8 && labels[7] == "cn";
    if (labels.size() != 7 && !china) return std::nullopt;
    if (labels[0] != "clustercfg" || labels[3] != "memorydb" || labels[5] != "amazonaws" || labels[6] != "com")
        return std::nullopt;
    if (!is_cluster_name(labels[1]) || !is_region(labels[4])) return std::nullopt;
    return IamName{std::string(labels[1]), std::string(labels[4])};
}

Result<IamName> judge_iam_name(std::string_view host, std::string_view given_cluster, std::string_view given_region) {
    IamName name = iam_name_of(host).value_or(IamName{});
    if (!given_cluster.empty()) name.cluster = given_cluster;
    if (!given_region.empty()) name.region = given_region;
    if (name.cluster.empty() || name.region.empty())
        return Failure{Errc::bad_input,
                       fmt::format("{} does not tell the cluster's name and region, which an IAM token needs: give "
                                   "them with --iam-cluster and --iam-region",
                                   host)};
    if (!is_cluster_name(name.cluster))
        return Failure{Errc::bad_input, fmt::format("\"{}\" is no cluster's name: it has at most {} of a-z 0-9 - and "
                                                    "begins with a letter",
                                                    visible_text(name.cluster), kClusterNameLimit)};
    if (!is_region(name.region))
        return Failure{Errc::bad_input,
                       fmt::format("\"{}\" is no region: give one such as eu-central-1", visible_text(name.region))};
    return name;
}

}  // namespace memdb::config
