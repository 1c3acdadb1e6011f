// The words behind `aws` for each thing that is asked or done. Pure; a table, so that the policy can be held against
// it.
#pragma once

#include "client/aws/inventory.hpp"
#include "client/aws/plan.hpp"
#include "client/aws/wish.hpp"

#include <string>
#include <vector>

namespace memdb::client::aws {

using Words = std::vector<std::string>;

/// Files with nothing but PEM in them, as ACM wants it.
struct CertificateFiles {
    std::string certificate, key, chain;
};

/// For a step that is remote; empty when what it needs is not there yet.
/// @param files  for the two import actions
Words step_words(const Step& step, const Wish& wish, const Inventory& inventory, const CertificateFiles& files);

/// Whether EC2 can say without doing it whether it would be allowed (`--dry-run`).
bool has_dry_run(Action action) noexcept;

// What is asked. `ids` may not be empty.
Words describe_cluster_words(const std::string& cluster);
Words describe_subnet_group_words(const std::string& name);
Words describe_subnets_words(const std::vector<std::string>& ids);
Words describe_vpc_words(const std::string& id);
Words describe_route_tables_words(const std::string& vpc);
Words describe_groups_words(const std::string& vpc);
Words describe_rules_words(const std::vector<std::string>& groups);
Words describe_interfaces_words(const std::vector<std::string>& groups);
Words tagged_groups_words(const std::string& cluster);
Words tagged_rules_words(const std::string& cluster);
Words describe_endpoints_words();
Words describe_endpoint_words(const std::string& id);
/// @param what  "target-networks", "authorization-rules", "routes", "connections"
Words describe_endpoint_part_words(const std::string& what, const std::string& id);
Words export_crl_words(const std::string& id);
Words import_crl_words(const std::string& id, const std::string& file);
Words export_configuration_words(const std::string& id);
Words terminate_words(const std::string& id, const std::string& connection);
Words list_certificates_words();
Words certificate_tags_words(const std::string& arn);
Words get_certificate_words(const std::string& arn);
Words log_groups_words(const std::string& name);
/// The newest records of the log of connections since `since`.
Words log_events_words(const std::string& group, WallTime since);

}  // namespace memdb::client::aws
