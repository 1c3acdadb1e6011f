#include "health/blame.hpp"

#include "base/median.hpp"
#include "health/dependency_policy.hpp"
#include "health/finding_catalog.hpp"
#include "health/route_policy.hpp"
#include "health/sentence_map.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace memdb::health {
namespace {

/// A tunnel that let something through so recently "carries traffic".
constexpr Duration kLately = 3s;

template <class Predicate>
bool any_node(const Facts& facts, Predicate predicate) {
    return std::ranges::any_of(facts.clusters,
                               [&](const ClusterFacts& c) { return std::ranges::any_of(c.nodes, predicate); });
}

bool is_failed(const NodeFacts& node) { return node.verdict == NodeVerdict::failed; }
bool is_ok(const NodeFacts& node) { return node.verdict == NodeVerdict::ok; }
bool is_astray(const NodeFacts& node) { return node.route != RouteState::unknown && node.route != RouteState::ok; }
bool is_silent_on_tcp(const NodeFacts& node) {
    return is_failed(node) && node.failed_at == Layer::tcp && node.code == "node-unreachable";
}
bool is_silent_in_tls(const NodeFacts& node) { return is_failed(node) && node.failed_at == Layer::tls && node.silent; }

bool all_fail(const Facts& facts) { return any_node(facts, is_failed) && !any_node(facts, is_ok); }

/// Whether packets to some node enter the tunnel at all: else its silence says nothing about it.
bool uses_tunnel(const Facts& facts) {
    return any_node(facts, [](const NodeFacts& node) { return !is_astray(node); });
}

/// Whether something was sent to the nodes through the tunnel: not when this host's own DNS has said that there is no
/// address. A question that stays unanswered may have gone to the VPC's resolver.
bool sends_through_tunnel(const Facts& facts) {
    return any_node(facts, [](const NodeFacts& node) {
        return !is_astray(node) && !(is_failed(node) && node.failed_at == Layer::dns && !node.silent);
    });
}

std::string_view code_of(const NodeFacts& node, const ClusterFacts& cluster) {
    if (is_astray(node)) return finding_code(node.route);
    if (is_silent_in_tls(node) && !cluster.plain_answer.empty()) return "tls-not-offered";
    if (node.code == "cluster-name-unresolved" && !cluster.vpc_answer.empty()) return "dns-not-applied";
    return node.code;
}

std::string evidence_of(std::string_view code, const NodeFacts& node, const ClusterFacts& cluster) {
    std::string evidence = is_astray(node) ? node.route_evidence : node.evidence;
    if (code == "tls-not-offered" && !cluster.plain_answer.empty())
        evidence += fmt::format("; to PING without TLS it says \"{}\"", cluster.plain_answer);
    const bool names = code == "dns-not-applied" || code == "cluster-address-outside-routes";
    if (names && !cluster.vpc_answer.empty())
        evidence += fmt::format("{}{} says {}", evidence.empty() ? "" : "; ", cluster.vpc_resolver, cluster.vpc_answer);
    return evidence;
}

/// Which of the ways in which DNS is not applied it is.
void explain_dns(const Facts& facts, Condition& condition) {
    if (!facts.dns_evidence.empty())
        condition.evidence += (condition.evidence.empty() ? "" : "; ") + facts.dns_evidence;
    condition.advice = facts.dns_advice;
}

bool goes_through_and_hangs_in_tls(const NodeFacts& node) { return is_silent_in_tls(node) && !is_astray(node); }

/// Only large packets are lost: seen with a real payload, or by handshakes that all hang where certificates travel.
bool loses_large_packets(const ClusterFacts& cluster, const Facts& facts) {
    // A node without TLS answers neither a handshake nor, cut off in the middle of one, a large question.
    if (cluster.plain_asked || !cluster.plain_answer.empty()) return false;
    if (!cluster.large_lost.empty()) return true;
    if (facts.direct || cluster.nodes.size() < 2) return false;  // one node alone may hang for reasons of its own
    return std::ranges::any_of(cluster.nodes, goes_through_and_hangs_in_tls) &&
           std::ranges::all_of(cluster.nodes, [](const NodeFacts& n) { return is_silent_in_tls(n) || is_astray(n); });
}

void blame_large_packets(const ClusterFacts& cluster, std::vector<Condition>& out) {
    std::string evidence = cluster.large_lost;
    if (evidence.empty()) evidence = std::ranges::find_if(cluster.nodes, goes_through_and_hangs_in_tls)->evidence;
    out.push_back({"path-mtu-too-small", "small packets pass, large ones get lost on the way", std::move(evidence)});
}

/// Every node is silent on TCP: a filter in between, or all of them down at once; from here both look the same.
void blame_filter(const ClusterFacts& cluster, const Facts& facts, std::vector<Condition>& out) {
    const TunnelFacts& tunnel = facts.tunnel;
    const std::size_t n = cluster.nodes.size();
    std::string_view but;  // empty while nothing is known of the tunnel
    if (!facts.direct && tunnel.tun_silent_for && tunnel.server_answers.value_or(false))
        but = " while the endpoint answers";
    else if (!facts.direct && tunnel.tun_silent_for.value_or(0ms) < kLately)
        but = " while the tunnel carries traffic";
    out.push_back({"port-filtered",
                   fmt::format("{} of {} {} silent on TCP {}{}", n, n, n == 1 ? "node" : "nodes", cluster.port, but),
                   cluster.nodes.front().evidence});
}

/// No node lets itself be heard, though packets to all of them enter the tunnel.
bool is_voiceless(const ClusterFacts& cluster) {
    return !cluster.nodes.empty() && std::ranges::all_of(cluster.nodes, [](const NodeFacts& node) {
        return is_failed(node) && node.silent && node.failed_at <= Layer::tcp && !is_astray(node);
    });
}

/// Its pings arrive, or it sends none: else it may have lost the session, and that is about to be known.
bool is_link_alive(const TunnelFacts& tunnel) {
    return !tunnel.ping || tunnel.server_silent_for <= *tunnel.ping + kLinkPatience;
}

/// A security group closes a port; that not even the VPC's resolver is heard is the endpoint's doing.
bool is_shut_out(const ClusterFacts& cluster, const Facts& facts) {
    return !facts.direct && facts.tunnel.tun_silent_for && facts.vpc == VpcVoice::silent && is_voiceless(cluster);
}

void blame_shut_out(const ClusterFacts& cluster, const Facts& facts, std::vector<Condition>& out) {
    const std::size_t n = cluster.nodes.size();
    out.push_back({"authorization-missing",
                   fmt::format("nothing in the VPC answers through the tunnel, neither its resolver {} nor {}",
                               cluster.vpc_resolver, n == 1 ? "the node" : fmt::format("any of {} nodes", n)),
                   fmt::format("{}; {}", cluster.nodes.front().evidence,
                               facts.tunnel.server_answers.value_or(false) ? "the endpoint itself answers"
                                                                           : "the endpoint's own pings arrive")});
}

std::vector<Microseconds> sorted_pings(const ClusterFacts& cluster) {
    std::vector<Microseconds> pings;
    for (const NodeFacts& node : cluster.nodes)
        if (is_ok(node) && node.ping) pings.push_back(*node.ping);
    std::ranges::sort(pings);
    return pings;
}

/// Far behind the others, and not only a little: on a slow network all of them are.
void blame_slow(const ClusterFacts& cluster, std::vector<Condition>& out) {
    std::vector<const NodeFacts*> slow;
    std::vector<Microseconds> pings;  // of all, in order, once there is somebody to compare
    std::string evidence;
    for (const NodeFacts& node : cluster.nodes) {
        if (!is_ok(node) || node.ping.value_or(0us) <= kSlowPing) continue;
        if (pings.empty()) pings = sorted_pings(cluster);
        if (pings.size() < 2) continue;
        const Microseconds usual = median_of_others(pings, *node.ping);
        if (*node.ping <= kSlowTimes * usual) continue;
        if (slow.empty())
            evidence = fmt::format("PING takes {:.0f} ms, {:.1f} ms is the median of the others",
                                   static_cast<double>(node.ping->count()) / 1000.0,
                                   static_cast<double>(usual.count()) / 1000.0);
        slow.push_back(&node);
    }
    if (slow.empty()) return;
    out.push_back({"node-slow",
                   fmt::format("{} {}", subject(slow, cluster.nodes.size()),
                               predicate("node-slow", cluster.port, slow.size() > 1)),
                   std::move(evidence)});
}

/// Whether a moment later more is known: the tunnel may be to blame, or the nodes that have not failed yet are about
/// to. Only what the kernel says of its routes stands already.
bool is_undecided(const ClusterFacts& cluster, const Facts& facts) {
    if (facts.direct || !facts.tunnel.tun_silent_for) return false;
    if (facts.tunnel.is_suspected) return true;
    return !std::ranges::all_of(cluster.nodes, is_failed) &&
           std::ranges::all_of(cluster.nodes, [](const NodeFacts& n) { return !is_failed(n) || is_silent_on_tcp(n); });
}

void blame_cluster(const ClusterFacts& cluster, const Facts& facts, std::vector<Condition>& out) {
    if (!cluster.tls)
        out.push_back({"tls-off", "TLS is off for " + cluster.endpoint, "the profile says tls = \"off\""});
    const bool undecided = is_undecided(cluster, facts);
    if (!undecided && is_shut_out(cluster, facts)) {
        if (is_link_alive(facts.tunnel)) blame_shut_out(cluster, facts, out);
        return;
    }
    // Whether it is the port or all of the VPC, its resolver tells in a moment.
    if (!undecided && facts.vpc == VpcVoice::asked && is_voiceless(cluster)) return;
    if (!undecided && !cluster.nodes.empty() && std::ranges::all_of(cluster.nodes, [](const NodeFacts& node) {
            return is_silent_on_tcp(node) && !is_astray(node);
        })) {
        blame_filter(cluster, facts, out);
        return;  // without a connection nothing newer is known of the cluster, nor of large packets
    }
    const bool known_to_lose = !cluster.large_lost.empty();  // found out before, and with care
    if ((known_to_lose || !undecided) && loses_large_packets(cluster, facts)) blame_large_packets(cluster, out);
    std::map<std::pair<Layer, std::string_view>, std::vector<const NodeFacts*>> by_code;  // root cause first
    for (const NodeFacts& node : cluster.nodes) {
        // What a node has said itself stands, whatever else is silent.
        const bool withheld = (undecided && (node.silent || node.code == "node-unreachable")) ||
                              (cluster.plain_asked && is_silent_in_tls(node));
        if (!is_astray(node) && (!is_failed(node) || withheld)) continue;
        const std::string_view code = code_of(node, cluster);
        const CatalogEntry* const entry = find_entry(code);
        by_code[{entry == nullptr ? Layer::agent : entry->layer, code}].push_back(&node);
    }
    for (const auto& [key, nodes] : by_code) {
        const std::string_view code = key.second;
        std::string summary =
            fmt::format("{} {}", subject(nodes, cluster.nodes.size()), predicate(code, cluster.port, nodes.size() > 1));
        if (!nodes.front()->route_way.empty()) summary += ": " + nodes.front()->route_way;
        out.push_back({std::string(code), std::move(summary), evidence_of(code, *nodes.front(), cluster)});
        if (code == "dns-not-applied") explain_dns(facts, out.back());
    }
    if (!undecided) blame_slow(cluster, out);
    if (!undecided) out.insert(out.end(), cluster.conditions.begin(), cluster.conditions.end());
}

std::string silence_evidence(const TunnelFacts& tunnel) {
    std::string text = fmt::format("nothing through the tunnel for {:.1f} s",
                                   static_cast<double>(tunnel.tun_silent_for.value_or(0ms).count()) / 1000.0);
    if (tunnel.server_answers && !*tunnel.server_answers) text += "; it answers no packet of ours";
    if (tunnel.ping && tunnel.server_silent_for >= kPingsMissed * *tunnel.ping)
        text += fmt::format("; no byte from it for {} s", tunnel.server_silent_for / 1s);
    else if (tunnel.ping && tunnel.server_silent_for <= *tunnel.ping + kLinkPatience && *tunnel.tun_silent_for >= 2s)
        text += "; its own pings still arrive";
    return text;
}

/// What is wrong with a tunnel that is up.
void blame_up(const Facts& facts, Blame& out) {
    const TunnelFacts& tunnel = facts.tunnel;
    auto& conditions = out.conditions;
    if (is_offline(facts)) {
        conditions.push_back({"network-offline", "this machine has no network", "no route to " + tunnel.server});
    } else if (is_hung(facts)) {
        conditions.push_back({"openvpn-hung", failure_summary("openvpn-hung", tunnel.server),
                              fmt::format("no answer for {} ms", tunnel.openvpn_silent_for->count())});
    } else if (is_silent(facts)) {
        conditions.push_back(
            {"tunnel-silent", failure_summary("tunnel-silent", tunnel.server), silence_evidence(tunnel)});
        out.remedy = Remedy::restart;
    } else if (tunnel.tun_silent_for && tunnel.server_answers.value_or(false) && all_fail(facts) &&
               sends_through_tunnel(facts)) {
        out.remedy = Remedy::other_address;
    }
    if (tunnel.fault)
        conditions.push_back(
            {*tunnel.fault, "openvpn connected, but not everything could be set up", tunnel.failure_evidence});
    if (!tunnel.redirect.empty())
        conditions.push_back({"default-route-captured",
                              "the endpoint takes all traffic of this machine, not only the VPC's",
                              "it pushed " + tunnel.redirect});
    if (tunnel.session_left && *tunnel.session_left <= kSessionEnding)
        conditions.push_back({"session-ending",
                              fmt::format("the endpoint ends this session in {} min",
                                          std::max<Duration::rep>(*tunnel.session_left / 1min, 0)),
                              "memdbd connects again by itself"});
}

/// Nobody has answered as the endpoint would.
bool is_unheard(const TunnelFacts& tunnel) {
    return !tunnel.failure || tunnel.failure == "endpoint-silent" || tunnel.failure == "tunnel-silent";
}

/// The certificate may be why, and then the wire says no more than this.
void doubt_issuer(const TunnelFacts& tunnel, Condition& condition) {
    if (tunnel.issuer_doubt.empty()) return;
    condition.evidence += (condition.evidence.empty() ? "" : "; ") + tunnel.issuer_doubt;
    condition.advice =
        "check in AWS which client CA the endpoint has: if it is not this certificate's issuer, get a certificate of "
        "that CA (`memdbctl rotate`); if it is, whether the certificate is revoked or the CRL has expired";
}

/// What is wrong with a tunnel that is not up.
void blame_down(const Facts& facts, Blame& out) {
    const TunnelFacts& tunnel = facts.tunnel;
    const bool no_way = tunnel.route_to_server.has_value() && !*tunnel.route_to_server;
    if (no_way && tunnel.stage != TunnelStage::blocked)
        out.conditions.push_back({"network-offline", "this machine has no network", "no route to " + tunnel.server});
    else if (!tunnel.portal.empty() && is_unheard(tunnel) && tunnel.stage != TunnelStage::blocked)
        out.conditions.push_back(
            {"captive-portal",
             fmt::format("this network wants a login first: it answers in place of the endpoint {}", tunnel.server),
             tunnel.portal});
    else if (tunnel.failure && std::ranges::find(out.conditions, *tunnel.failure, &Condition::code) ==
                                   out.conditions.end())  // the certificate's dates may have said it already
        out.conditions.push_back(
            {*tunnel.failure, failure_summary(*tunnel.failure, tunnel.server), tunnel.failure_evidence});
    if (tunnel.failure == "handshake-rejected" && !out.conditions.empty() &&
        out.conditions.back().code == "handshake-rejected")
        doubt_issuer(tunnel, out.conditions.back());
    if (tunnel.failure == "profile-overlap" && !out.conditions.empty())  // it says which one, and where
        out.conditions.back().summary = "another profile is in the way: " + tunnel.failure_evidence;
}

/// Of login by IAM one sentence is enough: why there is no token, else which nodes refuse it, else what ends soon.
void add_tokens(const std::vector<Condition>& access, std::vector<Condition>& out) {
    constexpr std::string_view code = "iam-token-failed";
    const auto ours = std::ranges::find(access, code, &Condition::code);
    if (ours == access.end()) return;
    const bool lacks_token = !ours->severity;
    if (lacks_token) std::erase_if(out, [&](const Condition& condition) { return condition.code == code; });
    if (std::ranges::find(out, code, &Condition::code) == out.end()) out.push_back(*ours);
}

/// A node that was sent no password can only refuse: that is no news of the node's.
void add_access(const std::vector<Condition>& access, std::vector<Condition>& out) {
    const bool lacks_password = std::ranges::any_of(access, [](const Condition& condition) {
        return condition.code == "password-unusable" && condition.severity.value_or(Severity::error) == Severity::error;
    });
    if (lacks_password)
        std::erase_if(out, [](const Condition& c) { return c.code == "auth-required" || c.code == "auth-rejected"; });
    add_tokens(access, out);
    for (const Condition& condition : access)
        if (condition.code != "iam-token-failed") out.push_back(condition);
}

std::optional<Layer> first_failing(const std::vector<Condition>& conditions) {
    std::optional<Layer> first;
    for (const Condition& condition : conditions) {
        const CatalogEntry* const entry = find_entry(condition.code);
        if (entry == nullptr || entry->layer == Layer::agent) continue;
        if (entry->severity != Severity::error && entry->tie != Tie::explains) continue;
        if (condition.severity && *condition.severity < entry->severity) continue;  // not so bad this time
        first = std::min(first.value_or(entry->layer), entry->layer);
    }
    return first;
}

}  // namespace

bool is_offline(const Facts& facts) noexcept {
    const bool no_way = facts.tunnel.route_to_server.has_value() && !*facts.tunnel.route_to_server;
    return no_way && (any_node(facts, is_failed) || !any_node(facts, is_ok));
}

bool is_hung(const Facts& facts) noexcept {
    return facts.tunnel.tun_silent_for && facts.tunnel.openvpn_silent_for.value_or(0ms) >= kOpenvpnSilence;
}

bool is_silent(const Facts& facts) noexcept {
    const TunnelFacts& tunnel = facts.tunnel;
    if (tunnel.stage != TunnelStage::up || !tunnel.tun_silent_for || !uses_tunnel(facts)) return false;
    const bool link_is_silent = tunnel.ping && tunnel.server_silent_for >= kPingsMissed * *tunnel.ping &&
                                *tunnel.tun_silent_for >= kLinkPatience;
    return link_is_silent || (tunnel.server_answers && !*tunnel.server_answers);
}

Blame blame(const Facts& facts) {
    Blame out;
    if (!facts.wanted) {
        out.conditions = facts.credential;
        add_access(facts.access, out.conditions);
        return out;
    }
    // Dates matter whatever else is broken: an expired certificate is the root of a rejected handshake, so it comes
    // first.
    out.conditions = facts.credential;
    out.conditions.insert(out.conditions.end(), facts.notices.begin(), facts.notices.end());
    const bool up = facts.direct || facts.tunnel.stage == TunnelStage::up;
    if (!facts.direct) up ? blame_up(facts, out) : blame_down(facts, out);
    if (facts.tunnel.losses > 0)
        out.conditions.push_back({"tunnel-flapping", "the tunnel is lost again and again",
                                  fmt::format("{} times in ten minutes", facts.tunnel.losses)});
    if (facts.direct && all_fail(facts) && facts.route_to_nodes && !*facts.route_to_nodes)
        out.conditions.push_back({"network-offline", "this machine has no network", "no route to the cluster's nodes"});
    if (up)
        for (const ClusterFacts& cluster : facts.clusters) blame_cluster(cluster, facts, out.conditions);
    add_access(facts.access, out.conditions);
    out.conditions = root_causes(std::move(out.conditions));
    out.first_failing = first_failing(out.conditions);
    return out;
}

}  // namespace memdb::health
