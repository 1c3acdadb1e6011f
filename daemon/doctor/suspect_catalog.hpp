// The causes that a person, or AWS, must tell apart: a sentence for each, and the one command that decides.
#pragma once

#include "control/snapshot.hpp"

#include <span>
#include <string>
#include <string_view>

namespace memdb::doctor {

struct SuspectRow {
    std::string_view cause;
    std::string_view sentence;
    /// The command or the page that decides; "{endpoint}", "{region}" and "{cluster}" stand for the profile's own.
    std::string_view decide;
};

std::span<const SuspectRow> suspect_catalog() noexcept;
/// The row of a cause; the cause must be in the catalogue.
const SuspectRow& suspect_row(std::string_view cause) noexcept;

/// What AWS calls the profile's things, as far as their names tell. Safe to be put into a command: names hold nothing
/// but lower case letters, digits and dashes.
struct AwsNames {
    std::string endpoint_id;  ///< "cvpn-endpoint-0123456789abcdef0"; empty: the name does not tell
    std::string cluster;      ///< "demo"; empty: the name does not tell (a lab, another cloud)
    std::string region;
    bool operator==(const AwsNames&) const = default;
};

/// @param endpoint  "[LABEL.]cvpn-endpoint-….prod.clientvpn.REGION.amazonaws.com[:PORT]"
/// @param cluster   "clustercfg.NAME.ID.memorydb.REGION.amazonaws.com[:PORT]"
[[nodiscard]] AwsNames aws_names_of(std::string_view endpoint, std::string_view cluster);
/// Of its endpoint and its first cluster.
[[nodiscard]] AwsNames aws_names_of(const control::ProfileView& profile);

[[nodiscard]] std::string decide_text(const SuspectRow& row, const AwsNames& names);

}  // namespace memdb::doctor
