#include "doctor/suspect_policy.hpp"

#include "doctor/suspect_catalog.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace memdb::doctor {
namespace {

using health::Certainty;
using health::Suspect;

/// One suspect as evidence is put on the scales.
class Scales {
  public:
    Scales(const SuspectRow& row, const AwsNames& names) {
        suspect_.cause = row.cause;
        suspect_.sentence = row.sentence;
        suspect_.decide = decide_text(row, names);
    }
    void favour(int weight, std::string text) {
        weight_ += weight;
        suspect_.in_favour.push_back(std::move(text));
    }
    void oppose(int weight, std::string text) {
        weight_ -= weight;
        suspect_.against.push_back(std::move(text));
    }
    void exclude(std::string text) {
        suspect_.against.push_back(std::move(text));
        excluded_ = true;
    }
    void confirm(std::string text) {
        suspect_.in_favour.push_back(std::move(text));
        confirmed_ = true;
    }
    [[nodiscard]] int weight() const { return confirmed_ ? 1000 : excluded_ ? -1000 : weight_; }
    [[nodiscard]] Suspect told() const {
        Suspect suspect = suspect_;
        suspect.certainty = confirmed_     ? Certainty::confirmed
                            : excluded_    ? Certainty::excluded
                            : weight_ >= 3 ? Certainty::likely
                            : weight_ >= 0 ? Certainty::possible
                                           : Certainty::unlikely;
        return suspect;
    }

  private:
    Suspect suspect_;
    int weight_ = 0;
    bool excluded_ = false, confirmed_ = false;
};

std::size_t answering(const Scene& scene) {
    if (!scene.servers) return 0;
    return static_cast<std::size_t>(std::ranges::count(*scene.servers, true, &ServerSeen::answered));
}

const NameSeen* vpc_name(const Scene& scene) {
    const auto at = std::ranges::find_if(scene.cluster_names, [](const NameSeen& n) { return !n.server.empty(); });
    return at == scene.cluster_names.end() ? nullptr : &*at;
}

// --- the endpoint refuses the handshake without a word
// ----------------------------------------------------------------

void weigh_expired_list(const Scene& scene, Scales& scales) {
    if (scene.connected_before) scales.favour(2, "this very certificate was accepted before");
    if (scene.earlier_trial && !scene.earlier_trial->accepted)
        scales.favour(2, fmt::format("the certificate before it (generation {}) is refused too",
                                     scene.earlier_trial->generation));
    if (scene.earlier_trial && scene.earlier_trial->accepted)
        scales.exclude(fmt::format("generation {} is accepted by the same endpoint", scene.earlier_trial->generation));
    if (!scene.view.credential || !scene.view.credential->crl) return;
    const auto& crl = *scene.view.credential->crl;
    if (!crl.days_left) return;
    if (*crl.days_left < 0)
        scales.favour(4, fmt::format("the list that memdbd was given ended {} days ago", -*crl.days_left));
    else
        scales.oppose(2, fmt::format("the list that memdbd was given holds for {} more days, if it is the endpoint's",
                                     *crl.days_left));
}

void weigh_revoked(const Scene& scene, Scales& scales) {
    if (scene.connected_before) scales.favour(1, "this very certificate was accepted before");
    if (scene.earlier_trial && scene.earlier_trial->accepted)
        scales.favour(4, fmt::format("generation {} is accepted by the same endpoint, this one is not",
                                     scene.earlier_trial->generation));
    if (scene.earlier_trial && !scene.earlier_trial->accepted)
        scales.oppose(1, fmt::format("generation {} is refused too", scene.earlier_trial->generation));
    if (!scene.view.credential || !scene.view.credential->crl) return;
    const auto& crl = *scene.view.credential->crl;
    if (crl.revoked)
        scales.favour(5, "it is on the list that memdbd was given");
    else
        scales.oppose(1, "it is not on the list that memdbd was given");
}

void weigh_other_authority(const Scene& scene, Scales& scales) {
    if (scene.connected_before) return scales.exclude("this very certificate was accepted before");
    scales.favour(1, "this certificate has not been accepted since memdbd began");
    if (scene.view.credential && scene.view.credential->chain) {
        if (scene.view.credential->chain->verified)
            scales.oppose(2, "it was issued by a CA of the endpoint's own configuration");
        else
            scales.favour(2, "it was issued by no CA of the endpoint's configuration");
    }
    if (scene.earlier_trial && scene.earlier_trial->accepted)
        scales.favour(1,
                      fmt::format("generation {} is accepted by the same endpoint", scene.earlier_trial->generation));
}

void weigh_large_handshake(const Scene& scene, Scales& scales) {
    if (scene.over_tcp) return scales.exclude("the tunnel goes over TCP, which cuts large packets itself");
    scales.oppose(1, "a link that loses large packets is rare on the way to the endpoint");
    if (answering(scene) > 0) scales.favour(1, "small packets are answered");
}

void weigh_blocked_port_answered(const Scene& scene, Scales& scales) {
    if (answering(scene) > 0) return scales.exclude("the endpoint answers OpenVPN's first packet");
    scales.favour(1, "no first packet was answered");
}

void weigh_server_certificate(const Scene& scene, Scales& scales) {
    if (scene.view.credential && scene.view.credential->server) {
        const auto days = scene.view.credential->server->days_left;
        if (days < 0) return scales.favour(4, fmt::format("the copy in the configuration ended {} days ago", -days));
        return scales.oppose(2, fmt::format("the copy in the configuration holds for {} more days", days));
    }
    scales.oppose(2, "openvpn would have said so: it sees the server's certificate first");
}

// --- the endpoint is silent
// ---------------------------------------------------------------------------------------------

void weigh_blocked_port(const Scene& scene, Scales& scales) {
    if (answering(scene) > 0) return scales.exclude("some of its addresses answer through the same network");
    scales.favour(2, "none of its addresses answers");
    if (!scene.over_tcp) scales.favour(1, "it is UDP, which guest and office networks often block");
    if (scene.connected_before) scales.favour(1, "it worked before; this network may be another one");
}

void weigh_endpoint_gone(const Scene& scene, Scales& scales) {
    if (answering(scene) > 0) return scales.exclude("some of its addresses answer");
    scales.favour(1, "none of its addresses answers");
    if (scene.endpoint_name && scene.endpoint_name->trouble.empty() && !scene.endpoint_name->addresses.empty())
        scales.oppose(1, "its name still has addresses");
    if (scene.connected_before) scales.oppose(1, "it worked since memdbd began");
}

// --- the endpoint works, the nodes are silent
// ------------------------------------------------------------------------------

bool vpc_resolver_answers(const Scene& scene) {
    const NameSeen* const name = vpc_name(scene);
    return name != nullptr && name->answered;
}

void weigh_no_rule(const Scene& scene, Scales& scales) {
    if (vpc_resolver_answers(scene))
        return scales.oppose(3, "the VPC's resolver answers through the tunnel, so something is authorized");
    if (vpc_name(scene) != nullptr)
        scales.favour(4, "not even the VPC's resolver answers: " + vpc_name(scene)->trouble);
    scales.favour(1, "the endpoint drops without a word what no rule allows");
}

void weigh_no_association(const Scene& scene, Scales& scales) {
    if (vpc_resolver_answers(scene)) return scales.exclude("the VPC's resolver answers through the tunnel");
    scales.favour(1, "nothing in the VPC answers");
    if (scene.pushed_routes.empty())
        scales.favour(2, "the endpoint has pushed no route");
    else
        scales.oppose(1, "the endpoint has pushed a route to the VPC");
}

void weigh_no_route(const Scene& scene, Scales& scales) {
    if (vpc_resolver_answers(scene))
        scales.oppose(2, "the VPC's resolver answers through the tunnel");
    else
        scales.favour(1, "nothing in the VPC answers");
    if (scene.view.clusters.size() == 1 && scene.pushed_routes.empty())
        scales.favour(2, "the endpoint has pushed no route");
}

void weigh_closed_group(const Scene& scene, Scales& scales) {
    if (vpc_resolver_answers(scene))
        scales.favour(4, "the VPC's resolver answers through the tunnel, the cluster's port does not");
    else if (vpc_name(scene) != nullptr)
        scales.oppose(2, "not even the VPC's resolver answers, which no security group stops");
    scales.favour(1, "a security group drops without a word");
}

void weigh_range_in_group(const Scene& scene, Scales& scales) {
    if (vpc_resolver_answers(scene))
        scales.favour(3, "the VPC's resolver answers through the tunnel, the cluster's port does not");
    else if (vpc_name(scene) != nullptr)
        scales.oppose(2, "not even the VPC's resolver answers");
    if (scene.view.tunnel && scene.view.tunnel->address)
        scales.favour(0, fmt::format("AWS translates {}, so a rule for the client range never matches",
                                     *scene.view.tunnel->address));
}

void weigh_cluster_down(const Scene& scene, Scales& scales) {
    if (scene.ping && std::ranges::any_of(*scene.ping, [](const PingSeen& p) { return p.took.has_value(); }))
        return scales.exclude("some nodes answer");
    scales.oppose(1, "all nodes at once are seldom down");
    if (vpc_resolver_answers(scene)) scales.favour(1, "the VPC's resolver answers through the tunnel");
}

using Weigh = void (*)(const Scene&, Scales&);
struct Charge {
    std::string_view finding;
    std::string_view cause;
    Weigh weigh;
};

constexpr Charge kCharges[] = {
    {"handshake-rejected", "crl-expired", weigh_expired_list},
    {"handshake-rejected", "client-revoked", weigh_revoked},
    {"handshake-rejected", "client-ca-wrong", weigh_other_authority},
    {"handshake-rejected", "server-cert-expired", weigh_server_certificate},
    {"handshake-rejected", "large-packets-lost", weigh_large_handshake},
    {"handshake-rejected", "port-blocked", weigh_blocked_port_answered},
    {"endpoint-silent", "port-blocked", weigh_blocked_port},
    {"endpoint-silent", "endpoint-not-available", weigh_endpoint_gone},
    {"tunnel-silent", "port-blocked", weigh_blocked_port},
    {"tunnel-silent", "endpoint-not-available", weigh_endpoint_gone},
    {"port-filtered", "security-group-closed", weigh_closed_group},
    {"port-filtered", "security-group-allows-vpn-range", weigh_range_in_group},
    {"port-filtered", "authorization-rule-missing", weigh_no_rule},
    {"port-filtered", "route-missing", weigh_no_route},
    {"port-filtered", "association-missing", weigh_no_association},
    {"port-filtered", "cluster-down", weigh_cluster_down},
    {"authorization-missing", "authorization-rule-missing", weigh_no_rule},
    {"authorization-missing", "route-missing", weigh_no_route},
    {"authorization-missing", "association-missing", weigh_no_association},
};

}  // namespace

std::vector<Suspect> suspects_of(std::string_view finding, const Scene& scene) {
    const AwsNames names = aws_names_of(scene.view);
    std::vector<std::pair<int, Suspect>> weighed;
    for (const Charge& charge : kCharges) {
        if (charge.finding != finding) continue;
        Scales scales(suspect_row(charge.cause), names);
        charge.weigh(scene, scales);
        weighed.emplace_back(scales.weight(), scales.told());
    }
    std::ranges::stable_sort(weighed, std::greater{}, &std::pair<int, Suspect>::first);
    std::vector<Suspect> out;
    out.reserve(weighed.size());
    for (auto& [weight, suspect] : weighed) out.push_back(std::move(suspect));
    return out;
}

}  // namespace memdb::doctor
