// A plan on its way: what the plan_*.cpp files share. Not for others.
#pragma once

#include "client/aws/planner.hpp"

#include <string>
#include <utility>
#include <vector>

namespace memdb::client::aws {

struct Draft {
    const Wish& wish;
    const Inventory& inventory;
    const LocalState& local;
    WallTime now;
    Plan plan{};

    Step& add(Action action, StepState state, std::string what, std::string why) {
        return plan.steps.emplace_back(Step{action, state, std::move(what), std::move(why)});
    }
    void warn(std::string text, std::string advice = {}) {
        plan.remarks.push_back({Level::warning, std::move(text), std::move(advice)});
    }
    void note(std::string text, std::string advice = {}) {
        plan.remarks.push_back({Level::note, std::move(text), std::move(advice)});
    }
    /// The first refusal counts.
    void refuse(std::string sentence) {
        if (plan.refusal.empty()) plan.refusal = std::move(sentence);
    }
};

/// The group of the VPN, with our tag; null when there is none.
const Group* own_group(const Inventory& inventory) noexcept;
const Group* find_group(const Inventory& inventory, std::string_view id) noexcept;
/// "sg-0123 (memorydb-demo)"
std::string group_text(const Inventory& inventory, const std::string& id);
/// The group of the cluster that gets the rule: the first that is not the VPC's default one.
std::string cluster_group(const Inventory& inventory);
/// Whether the rule is for one of the cluster's groups and lets its port in.
bool lets_port_in(const Inventory& inventory, const GroupRule& rule) noexcept;
/// Where the VPC's own DNS resolver is: its first network's address plus two.
std::optional<IpNetwork> resolver_of(const Vpc& vpc) noexcept;
/// The subnets to associate: one for each availability zone, the one that is associated first, else the first fit.
std::vector<const Subnet*> chosen_subnets(const Inventory& inventory);
const Association* association_of(const Inventory& inventory, std::string_view subnet) noexcept;
/// Its DNS name without the "*." that AWS shows.
std::string plain_name(const Endpoint& endpoint);
/// Whether the profile is this endpoint's.
bool is_profile_of(const LocalProfile& profile, const Endpoint& endpoint);
/// What a client range may not overlap.
std::vector<struct TakenNetwork> taken_networks(const Inventory& inventory, const LocalState& local);

inline constexpr unsigned kFreeAddresses = 20;  ///< that AWS wants in a subnet
inline constexpr unsigned kSubnetPrefix = 27;   ///< or larger
inline constexpr auto kRenewBefore = std::chrono::days(30);

void plan_groups(Draft& draft);
void plan_certificates(Draft& draft);
void plan_endpoint(Draft& draft);
void plan_crl(Draft& draft);
void plan_associations(Draft& draft);
void plan_authorization(Draft& draft);
void plan_routes(Draft& draft);
void plan_profile(Draft& draft);
void remark_cluster(Draft& draft);
void remark_groups(Draft& draft);
void remark_endpoint(Draft& draft);

}  // namespace memdb::client::aws
