// Which cluster and region an IAM token is signed for: as the endpoint's name tells, or as given. Pure.
#pragma once

#include "base/error.hpp"
#include "config/profile.hpp"

#include <optional>
#include <string_view>

namespace memdb::config {

/// "clustercfg.NAME.ID.memorydb.REGION.amazonaws.com" (or ….com.cn): NAME and REGION. Nothing for every other host.
std::optional<IamName> iam_name_of(std::string_view host);

/// The name to sign for. What is given counts; what is empty comes from `host`.
///
/// @return Errc::bad_input with one sentence: something is neither given nor told by the host, or is no such name.
Result<IamName> judge_iam_name(std::string_view host, std::string_view given_cluster, std::string_view given_region);

/// 1 … 40 of a-z 0-9 -, beginning with a letter.
bool is_cluster_name(std::string_view name) noexcept;
/// 1 … 32 of a-z 0-9 -.
bool is_region(std::string_view region) noexcept;

}  // namespace memdb::config
