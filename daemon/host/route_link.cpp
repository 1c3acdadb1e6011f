#include "host/route_link.hpp"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace memdb::host {
namespace {

constexpr timeval kAnswerLimit{0, 200'000};
constexpr int kDumpTries = 5;

/// The errno in the answer's end; 0 when there is none.
int error_in(const std::vector<NetlinkMessage>& answer) {
    const auto* end = answer.empty() ? nullptr : std::get_if<EndMessage>(&answer.back().body);
    return end == nullptr ? 0 : end->error;
}

/// Whether a question failed because there is no way, not because something is wrong with us.
bool means_unreachable(int error) {
    switch (error) {
        case ENETUNREACH:   // no route
        case EHOSTUNREACH:  // type unreachable
        case EACCES:        // type prohibit
        case EINVAL:        // type blackhole
        case ENETDOWN:
        case EAFNOSUPPORT:  // a kernel without IPv6
        case EOPNOTSUPP: return true;
        default: return false;
    }
}

/// Whether a route cannot be added because its gateway is on no attached network.
bool means_no_way(int error) { return error == ENETUNREACH || error == EHOSTUNREACH || error == ENETDOWN; }

/// IPv6 may answer with the route instead of an error.
bool is_dead_end(std::uint8_t type) {
    return type == RTN_BLACKHOLE || type == RTN_UNREACHABLE || type == RTN_PROHIBIT || type == RTN_THROW;
}

}  // namespace

void RouteLink::Close::operator()(mnl_socket* socket) const noexcept { mnl_socket_close(socket); }

Result<RouteLink::Socket> RouteLink::open_socket() {
    Socket socket(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC));
    if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0)
        return system_failure("opening a netlink socket", errno);
    if (::setsockopt(mnl_socket_get_fd(socket.get()), SOL_SOCKET, SO_RCVTIMEO, &kAnswerLimit, sizeof kAnswerLimit) != 0)
        return system_failure("limiting the wait of a netlink socket", errno);
    return socket;
}

Result<RouteLink> RouteLink::open() {
    auto socket = open_socket();
    if (!socket) return socket.error();
    return RouteLink(*std::move(socket));
}

Result<RouteLink::Messages> RouteLink::ask(const NetlinkRequest& request, bool is_dump) {
    if (!socket_) {
        auto fresh = open_socket();
        if (!fresh) return fresh.error();
        socket_ = *std::move(fresh);
    }
    if (mnl_socket_sendto(socket_.get(), request.data(), request.size()) < 0) {
        const int error = errno;
        socket_.reset();
        return system_failure("asking the kernel about routes", error);
    }
    auto answer = collect(sequence_, is_dump);
    if (!answer) socket_.reset();  // the rest of that answer must not be taken for another's
    return answer;
}

Result<RouteLink::Messages> RouteLink::collect(std::uint32_t sequence, bool is_dump) {
    alignas(nlmsghdr) std::array<std::byte, 32 * 1024> buffer;  // what the kernel puts into one piece at most
    Messages answer;
    for (;;) {
        const ssize_t size = mnl_socket_recvfrom(socket_.get(), buffer.data(), buffer.size());
        if (size < 0 && errno == EINTR) continue;
        if (size < 0 && errno == EAGAIN) return Failure{Errc::deadline_passed, "the kernel does not answer (netlink)"};
        if (size < 0) return system_failure("hearing from the kernel about routes", errno);
        auto messages = parse_netlink(std::span(buffer).first(static_cast<std::size_t>(size)));
        if (!messages) return messages.error();
        for (NetlinkMessage& message : *messages) {
            if (message.sequence != sequence) continue;
            const bool last = !is_dump || std::holds_alternative<EndMessage>(message.body);
            answer.push_back(std::move(message));
            if (last) return answer;
        }
        if (answer.size() > kDumpLimit)
            return Failure{Errc::too_large, fmt::format("more than {} routes or addresses on this host", kDumpLimit)};
    }
}

Result<RouteLink::Messages> RouteLink::dump(DumpOf what) {
    for (int attempt = 0; attempt < kDumpTries; ++attempt) {
        auto list = ask(encode_dump(what, ++sequence_), true);
        if (!list) return list.error();
        if (const int error = error_in(*list)) return system_failure("listing routes, addresses or links", error);
        if (std::ranges::any_of(*list, &NetlinkMessage::interrupted)) continue;
        list->pop_back();  // its end
        return list;
    }
    return Failure{Errc::busy, "this host's network changes faster than it can be read"};
}

Result<std::optional<LinkMessage>> RouteLink::link(const NetlinkRequest& request) {
    auto answer = ask(request, false);
    if (!answer) return answer.error();
    if (auto* found = std::get_if<LinkMessage>(&answer->front().body)) return std::optional(std::move(*found));
    const int error = error_in(*answer);
    if (error == ENODEV) return std::optional<LinkMessage>();
    return system_failure("looking at a network device", error);
}

Result<std::map<unsigned, LinkMessage>> RouteLink::links() {
    auto list = dump(DumpOf::links);
    if (!list) return list.error();
    std::map<unsigned, LinkMessage> found;
    for (NetlinkMessage& message : *list)
        if (auto* one = std::get_if<LinkMessage>(&message.body)) found.emplace(one->index, std::move(*one));
    return found;
}

Result<std::optional<LinkCounters>> RouteLink::counters(const std::string& device) {
    if (device.empty() || device.size() > 15) return std::optional<LinkCounters>();
    const auto found = link(encode_link_question(device, ++sequence_));
    if (!found) return found.error();
    return *found ? (*found)->counters : std::nullopt;
}

Result<std::optional<unsigned>> RouteLink::index_of(const std::string& device) {
    if (device.empty() || device.size() > 15) return std::optional<unsigned>();
    const auto found = link(encode_link_question(device, ++sequence_));
    if (!found) return found.error();
    return *found ? std::optional((*found)->index) : std::nullopt;
}

Result<std::optional<RouteMessage>> RouteLink::question(const IpAddress& to, RouteQuestion question, int& error) {
    auto answer = ask(encode_question(to, question, ++sequence_), false);
    if (!answer) return answer.error();
    error = error_in(*answer);
    if (auto* found = std::get_if<RouteMessage>(&answer->front().body)) return std::optional(std::move(*found));
    return std::optional<RouteMessage>();
}

Result<RouteAnswer> RouteLink::route_to(const IpAddress& to) {
    int error = 0;
    const auto path = question(to, RouteQuestion::path, error);
    if (!path) return path.error();
    if (means_unreachable(error) || (*path && is_dead_end((*path)->type))) return RouteAnswer{};
    if (!*path || (*path)->hops.empty()) return system_failure("looking up the route to " + to_string(to), error);

    const RouteMessage& chosen = **path;
    RouteAnswer answer{.kind = RouteAnswer::Kind::found,
                       .gateway = chosen.hops.front().gateway,
                       .source = chosen.source,
                       .table = chosen.table};
    if (const unsigned index = chosen.hops.front().index) {
        const auto device = link(encode_link_question(index, ++sequence_));
        if (!device) return device.error();
        if (*device) answer.device = (*device)->name;
    }
    // Asked apart: with the entry of the table comes neither the source address nor which of several next hops it is.
    const auto entry = question(to, RouteQuestion::match, error);
    if (!entry) return entry.error();
    if (*entry) {
        answer.matched = (*entry)->to;
        answer.table = (*entry)->table;
    }
    return answer;
}

Result<std::vector<Route>> RouteLink::routes() {
    auto list = dump(DumpOf::routes);
    if (!list) return list.error();
    const auto names = links();  // after the routes: a device has its name before it has a route
    if (!names) return names.error();
    std::vector<Route> found;
    for (const NetlinkMessage& message : *list) {
        const auto* entry = std::get_if<RouteMessage>(&message.body);
        if (entry == nullptr || entry->cached || entry->table == kLocalTable) continue;
        auto hops = routes_of(*entry);
        for (std::size_t i = 0; i < hops.size(); ++i) {
            const auto device = names->find(entry->hops[i].index);
            if (device == names->end()) continue;  // went meanwhile, and the route with it
            hops[i].device = device->second.name;
            found.push_back(std::move(hops[i]));
        }
    }
    return found;
}

Result<std::vector<LocalNetwork>> RouteLink::local_networks() {
    const auto list = dump(DumpOf::addresses);
    if (!list) return list.error();
    const auto names = links();
    if (!names) return names.error();
    std::vector<LocalNetwork> found;
    for (const NetlinkMessage& message : *list) {
        const auto* entry = std::get_if<AddressMessage>(&message.body);
        if (entry == nullptr || !entry->usable || is_loopback_or_link_local(entry->address)) continue;
        const auto device = names->find(entry->index);
        if (device == names->end() || !device->second.up || device->second.loopback) continue;
        found.push_back({device->second.name, entry->address, entry->network});
    }
    return found;
}

Result<void> RouteLink::change(const NetlinkRequest& request, const char* doing, const Route& route, int harmless) {
    const auto answer = ask(request, false);
    if (!answer) return answer.error();
    const int error = error_in(*answer);
    if (error == 0 || error == harmless) return {};
    Failure failure = system_failure(fmt::format("{} the route {}", doing, to_string(route)), error);
    if (error == EPERM) failure.code = Errc::not_permitted;
    if (error == ENODEV || means_no_way(error)) failure.code = Errc::not_found;
    return failure;
}

Result<void> RouteLink::add(const Route& route) {
    unsigned index = 0;
    if (!route.device.empty()) {
        const auto found = index_of(route.device);
        if (!found) return found.error();
        if (!*found) return Failure{Errc::not_found, "there is no network device " + route.device};
        index = **found;
    }
    return change(encode_add(route, index, ++sequence_), "adding", route, EEXIST);
}

Result<void> RouteLink::remove(const Route& route) {
    // The kernel would take the next best where this one is not: it ignores a metric of 0, and sees only the first
    // next hop of several.
    if (route.one_of_several) return Failure{Errc::bad_input, "one next hop of several cannot be removed"};
    const auto present = routes();
    if (!present) return present.error();
    const bool there = std::ranges::any_of(*present, [&](const Route& other) { return same_route(other, route); });
    if (!there) return {};
    const auto index = index_of(route.device);
    if (!index) return index.error();
    if (!*index) return {};
    return change(encode_remove(route, **index, ++sequence_), "removing", route, ESRCH);
}

}  // namespace memdb::host
