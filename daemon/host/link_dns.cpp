#include "host/link_dns.hpp"

namespace memdb::host {

std::string to_string(const LinkDomain& domain) { return (domain.routing_only ? "~" : "") + domain.name; }

std::string to_string(const LinkDns& dns) {
    std::string text;
    for (const DnsServer& server : dns.servers) text += (text.empty() ? "" : ", ") + to_string(server);
    std::string_view before = " for ";
    for (const LinkDomain& domain : dns.domains) {
        text.append(before).append(to_string(domain));
        before = ", ";
    }
    return text;
}

std::string_view to_string(DnsTrouble trouble) noexcept {
    switch (trouble) {
        case DnsTrouble::absent: return "absent";
        case DnsTrouble::denied: return "denied";
        case DnsTrouble::managed: return "managed";
        case DnsTrouble::no_link: return "no link";
        case DnsTrouble::late: return "late";
        case DnsTrouble::failed: return "failed";
    }
    return "?";
}

}  // namespace memdb::host
