#include "client/render.hpp"

#include "client/brush.hpp"
#include "client/render_iam.hpp"
#include "client/render_nodes.hpp"
#include "client/render_parts.hpp"
#include "client/text.hpp"

#include <algorithm>
#include <cstdio>
#include <vector>

namespace memdb::client {
namespace {

using control::LayerState;
using control::ProfileView;
using health::Verdict;

/// What people should know of their DNS: that all of it goes through the tunnel, or why the cluster's does not. Else
/// empty.
std::string dns_text(const ProfileView& profile, const Brush& brush) {
    if (!profile.tunnel || !profile.tunnel->dns) return {};
    const control::DnsView& dns = *profile.tunnel->dns;
    const auto layer = std::ranges::find(profile.layers, health::Layer::dns, &control::LayerView::layer);
    const bool resolves = layer != profile.layers.end() && layer->state == LayerState::ok;
    if (dns.trouble && !resolves) return "not applied: " + brush.text(*dns.trouble);
    if (!dns.applied || dns.servers.empty() || std::ranges::find(dns.domains, "~.") == dns.domains.end()) return {};
    return "every name is asked of " + brush.text(dns.servers.front()) + ", through the tunnel";
}

std::string labelled(std::string_view label, const std::string& text, const Style& style) {
    return "  " + pad(label, 9) + wrap(text, style.width, 11, 11) + "\n";
}

bool shows_clusters(Verdict verdict) {
    return verdict == Verdict::reachable || verdict == Verdict::degraded || verdict == Verdict::connecting;
}

}  // namespace

std::string short_node_name(std::string_view node, std::string_view endpoint) {
    const auto dot = endpoint.find('.');
    if (dot == std::string_view::npos) return std::string(node);
    const std::string_view host = endpoint.substr(0, endpoint.rfind(':'));
    if (host.size() <= dot || node.size() <= host.size() - dot) return std::string(node);
    const std::string_view domain = host.substr(dot);
    const std::string_view tail = node.substr(node.size() - domain.size());
    // Only a name: "10.0.0.7" must not lose what it shares with another address.
    if (tail != domain || domain.find_first_not_of("0123456789.") == std::string_view::npos) return std::string(node);
    return std::string(node.substr(0, node.size() - domain.size()));
}

std::string render_finding(const health::Finding& finding, const Style& style) {
    const Brush brush(style);
    const std::string symbol(brush.symbol(finding.severity));
    const std::string head = brush.text(finding.code) + ": " + brush.text(finding.summary);
    const std::size_t indent = 3 + columns(symbol);
    std::string out =
        "  " + brush.paint(symbol, paint_of(finding.severity)) + " " + wrap(head, style.width, indent, indent) + "\n";
    if (finding.advice.empty()) return out;
    const std::size_t hang = 5 + columns(brush.arrow());
    return out + "    " + std::string(brush.arrow()) + " " + wrap(brush.text(finding.advice), style.width, hang, hang) +
           "\n";
}

std::string render_profile(const ProfileView& profile, WallTime now, const Style& style) {
    const Brush brush(style);
    std::string out = head_line(profile, now, style, brush);
    const bool stopped = profile.verdict == Verdict::stopped;
    if (!stopped) out += layers_line(profile, style, brush);
    for (const auto& finding : profile.findings) out += render_finding(finding, style);
    if (stopped && profile.wanted == control::Wanted::disconnected)
        out += "  " + std::string(brush.arrow()) + " memdbctl connect " + brush.text(profile.name) + "\n";
    const bool moving = profile.tunnel && profile.tunnel->phase != "up" && profile.tunnel->phase != "stopped";
    if (profile.tunnel && (moving || shows_clusters(profile.verdict)))
        out += labelled("tunnel", tunnel_text(*profile.tunnel, now, brush), style);
    if (const std::string text = dns_text(profile, brush); !text.empty()) out += labelled("dns", text, style);
    if (profile.kind == "direct" && !stopped) out += labelled("tunnel", "none: a direct profile", style);
    if (!shows_clusters(profile.verdict)) return out;
    for (const auto& cluster : profile.clusters) {
        out += labelled("cluster", cluster_text(cluster, brush), style);
        out += nodes_text(cluster, style, brush);
        if (cluster.iam) out += labelled("auth", brush.text(iam_text(*cluster.iam, now)), style);
    }
    return out;
}

std::string render_status(const control::Snapshot& snapshot, const std::string* only, WallTime now,
                          const Style& style) {
    std::string out;
    for (const auto& profile : snapshot.profiles)
        if (only == nullptr || profile.name == *only) out += render_profile(profile, now, style);
    if (snapshot.profiles.empty())
        out +=
            "no profile yet: memdbctl profile import FILE --name NAME --cert CERT --key KEY\n"
            "                --cluster HOST\n";
    if (!snapshot.findings.empty()) out += "agent\n";
    for (const auto& finding : snapshot.findings) out += render_finding(finding, style);
    return out;
}

std::string render_profile_list(const control::Snapshot& snapshot, const Style& style) {
    const Brush brush(style);
    std::size_t name = 0, verdict = 0;
    for (const auto& profile : snapshot.profiles) {
        name = std::max(name, columns(brush.text(profile.name)));
        verdict = std::max(verdict, word_of(profile.verdict).size());
    }
    std::string out;
    for (const auto& profile : snapshot.profiles) {
        const std::string word = word_of(profile.verdict);
        out += pad(brush.text(profile.name), name) + "  " + pad(brush.text(profile.kind), 6) + "  " +
               brush.paint(word, paint_of(profile.verdict));
        if (!profile.clusters.empty()) out.append(verdict - word.size(), ' ');
        for (const auto& cluster : profile.clusters) out += "  " + brush.text(cluster.endpoint);
        out += "\n";
    }
    if (out.empty()) out = "no profile yet: memdbctl profile import --help\n";
    return out;
}

namespace {

/// With the uid, because nobody else's counts for `memdbctl rotate`.
std::string signer_text(const ProfileView& profile, const Brush& brush) {
    const auto by = [](std::optional<std::uint32_t> uid) { return uid ? ", set by uid " + std::to_string(*uid) : ""; };
    std::string text = brush.text(*profile.signer) + by(profile.signer_uid);
    if (profile.revoke_old.value_or(false)) {
        text += "; then revokes the old certificate";
        if (profile.revoke_old_uid != profile.signer_uid) text += by(profile.revoke_old_uid);
    }
    return text;
}

}  // namespace

std::string render_profile_facts(const ProfileView& profile, WallTime now, const Style& style) {
    const Brush brush(style);
    const auto day = [](WallTime time) {
        const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(time)};
        char text[32];
        std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()),
                      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
        return std::string(text);
    };
    std::string out = brush.text(profile.name) + "\n";
    out += labelled("kind", brush.text(profile.kind), style);
    out += labelled("wanted", std::string(to_string(profile.wanted)), style);
    out += labelled("verdict", std::string(to_string(profile.verdict)), style);
    for (const auto& cluster : profile.clusters) {
        out += labelled("cluster", cluster_text(cluster, brush), style);
        if (cluster.iam) out += labelled("auth", brush.text(iam_facts(*cluster.iam, now)), style);
    }
    if (const auto& credential = profile.credential) {
        out += labelled("subject", brush.text(credential->subject), style);
        out += labelled("issuer", brush.text(credential->issuer), style);
        out += labelled("serial", brush.text(credential->serial), style);
        out += labelled("valid",
                        day(credential->not_before) + " to " + day(credential->not_after) + ", " +
                            certificate_text(*credential, brush).substr(13),
                        style);
        if (credential->ca_not_after) out += labelled("CA to", day(*credential->ca_not_after), style);
        out += labelled("key", "generation " + std::to_string(credential->generation), style);
    }
    if (profile.signer) out += labelled("signer", signer_text(profile, brush), style);
    return out;
}

}  // namespace memdb::client
