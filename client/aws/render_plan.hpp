// Plans and what they come to, as text for people and JSON for programs. Pure.
#pragma once

#include "client/aws/cost.hpp"
#include "client/aws/inventory.hpp"
#include "client/aws/plan.hpp"
#include "client/aws/wish.hpp"
#include "client/render.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace memdb::client::aws {

/// "MemoryDB cluster demo, region us-east-1, account 123456789012: 3 shards …", one line.
std::string render_place(const Inventory& inventory, const Style& style);

/// Every step with its mark and reason, then the remarks, then what follows.
std::string render_plan(const Plan& plan, const Style& style);

/// One line: "✓ WHAT  (2.1 s)".
std::string render_done(const Step& step, Duration took, const Style& style);

/// "! TEXT" and "→ ADVICE", wrapped.
std::string render_remark(const Remark& remark, const Style& style);

/// {"cluster","region","account","finished","refusal","steps":[{"action","state","what","why"}],
/// "remarks":[{"level","text","advice"}]}, one line.
std::string plan_json(const Plan& plan, const Wish& wish, const Inventory& inventory);

struct StatusReport {
    const Inventory& inventory;
    const std::vector<Connection>& connections;
    const std::vector<std::string>& log;  ///< the newest records of the log of connections
    Prices prices;
    WallTime now;
};

/// Every object with its state, the revocation list, the connections, the costs.
std::string render_aws_status(const StatusReport& report, const Style& style);
std::string aws_status_json(const StatusReport& report);

}  // namespace memdb::client::aws
