#include "client/aws/render_plan.hpp"

#include "client/aws/draft.hpp"
#include "client/brush.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace memdb::client::aws {
namespace {

namespace json = boost::json;

std::string mark_of(const Step& step, const Style& style, const Brush& brush) {
    const bool removes = is_removal(step.action);
    switch (step.state) {
        case StepState::done: return brush.paint(style.utf8 ? "✓" : "=", Paint::good);
        case StepState::todo:
        case StepState::later: return brush.paint(removes ? "-" : "+", removes ? Paint::bad : Paint::warn);
        case StepState::waiting: return brush.paint(style.utf8 ? "…" : "~", Paint::warn);
    }
    return "?";
}

std::string counts_text(const Plan& plan) {
    std::size_t done = 0, waiting = 0;
    for (const Step& step : plan.steps) {
        done += step.state == StepState::done ? 1 : 0;
        waiting += step.state == StepState::waiting ? 1 : 0;
    }
    const std::size_t todo = plan.steps.size() - done - waiting;
    return std::to_string(todo) + " to do, " + (waiting > 0 ? std::to_string(waiting) + " that AWS is at, " : "") +
           std::to_string(done) + " already so";
}

std::string render_step(const Step& step, const Style& style, const Brush& brush) {
    std::string text = "  " + mark_of(step, style, brush) + " " + wrap(brush.text(step.what), style.width, 4, 4) + "\n";
    if (!step.why.empty())
        text += "      " + brush.paint(wrap(brush.text(step.why), style.width, 6, 6), Paint::dim) + "\n";
    return text;
}

}  // namespace

std::string render_place(const Inventory& inventory, const Style& style) {
    const Brush brush(style);
    const Cluster& cluster = inventory.cluster;
    const std::string text = "MemoryDB cluster " + cluster.name + " (" + count_text(cluster.nodes.size(), "node") +
                             ", port " + std::to_string(cluster.port) + ", TLS " + (cluster.tls ? "on" : "OFF") +
                             ", ACL " + cluster.acl + ") in " + inventory.vpc.id + ", " + inventory.region +
                             ", account " + inventory.account;
    return wrap(brush.text(text), style.width, 2, 0) + "\n";
}

std::string render_remark(const Remark& remark, const Style& style) {
    const Brush brush(style);
    const bool warns = remark.level == Level::warning;
    std::string text = "  " + brush.paint(warns ? "!" : (style.utf8 ? "·" : "."), warns ? Paint::warn : Paint::dim) +
                       " " + wrap(brush.text(remark.text), style.width, 4, 4) + "\n";
    if (!remark.advice.empty()) {
        const std::size_t used = 5 + columns(brush.arrow());
        text +=
            "    " + std::string(brush.arrow()) + " " + wrap(brush.text(remark.advice), style.width, used, used) + "\n";
    }
    return text;
}

std::string render_plan(const Plan& plan, const Style& style) {
    const Brush brush(style);
    std::string text;
    for (const Step& step : plan.steps) text += render_step(step, style, brush);
    if (!plan.remarks.empty()) text += "\n";
    for (const Remark& remark : plan.remarks) text += render_remark(remark, style);
    text += "\n" + (plan.steps.empty() ? std::string("nothing to do") : counts_text(plan)) + "\n";
    return text;
}

std::string render_done(const Step& step, Duration took, const Style& style) {
    const Brush brush(style);
    const std::string time = took < 1s ? "" : " (" + duration_text(took) + ")";
    return "  " + brush.paint(style.utf8 ? "✓" : "=", Paint::good) + " " +
           wrap(brush.text(step.what) + time, style.width, 4, 4) + "\n";
}

std::string plan_json(const Plan& plan, const Wish& wish, const Inventory& inventory) {
    json::array steps, remarks;
    for (const Step& step : plan.steps)
        steps.push_back({{"action", to_string(step.action)},
                         {"state", to_string(step.state)},
                         {"what", step.what},
                         {"why", step.why}});
    for (const Remark& remark : plan.remarks)
        remarks.push_back({{"level", remark.level == Level::warning ? "warning" : "note"},
                           {"text", remark.text},
                           {"advice", remark.advice}});
    json::object object{{"cluster", wish.cluster},      {"region", inventory.region},
                        {"account", inventory.account}, {"finished", is_finished(plan) && plan.refusal.empty()},
                        {"steps", std::move(steps)},    {"remarks", std::move(remarks)}};
    if (!plan.refusal.empty()) object["refusal"] = plan.refusal;
    return json::serialize(object) + "\n";
}

}  // namespace memdb::client::aws
