// Questions to the kernel about routes, addresses and links, and changes of routes; over one netlink socket.
//
// Every function blocks, normally for well under a millisecond: the kernel answers within the call, and after 200 ms
// without an answer it is given up with Errc::deadline_passed. Reading needs no privilege. Both families everywhere;
// neither /proc nor /sys is used. One user at a time; no loop is needed.
#pragma once

#include "base/error.hpp"
#include "host/netlink_codec.hpp"
#include "host/route.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

struct mnl_socket;

namespace memdb::host {

class RouteLink {
  public:
    static constexpr std::size_t kDumpLimit = 64 * 1024;  ///< entries of one list; beyond it Errc::too_large

    /// Errc::io when the kernel gives no socket. Its namespace is the calling thread's.
    static Result<RouteLink> open();

    /// How the kernel would send to `to` now, over all tables and rules.
    Result<RouteAnswer> route_to(const IpAddress& to);

    /// The unicast routes of all tables but `local`. Errc::busy when they change faster than they can be read.
    Result<std::vector<Route>> routes();

    /// The addresses of links that are up, without loopback and link-local ones. Errc::busy as above.
    Result<std::vector<LocalNetwork>> local_networks();

    /// Nothing when there is no such device.
    Result<std::optional<LinkCounters>> counters(const std::string& device);

    /// The number of a device, which no later one gets before the next boot; nothing when there is no such device.
    Result<std::optional<unsigned>> index_of(const std::string& device);

    /// Adds the route; success when it is there already. It never displaces another: of one with the same destination
    /// and metric IPv4 goes on using the older, IPv6 uses both. Errc::not_permitted without CAP_NET_ADMIN,
    /// Errc::not_found when there is no such device, it is down, or the gateway is on none of the attached networks;
    /// Errc::io when the kernel refuses otherwise.
    Result<void> add(const Route& route);

    /// Removes exactly this route (same_route), whoever made it; success when it is not there. Errc::not_permitted;
    /// Errc::bad_input for one next hop of several, which the kernel might not tell from the others.
    Result<void> remove(const Route& route);

    /// One list as the kernel gives it. Errc::busy, Errc::too_large.
    Result<std::vector<NetlinkMessage>> dump(DumpOf what);

  private:
    struct Close {
        void operator()(mnl_socket* socket) const noexcept;
    };
    using Socket = std::unique_ptr<mnl_socket, Close>;
    using Messages = std::vector<NetlinkMessage>;

    explicit RouteLink(Socket socket) : socket_(std::move(socket)) {}

    static Result<Socket> open_socket();
    /// Sends, and collects the answer up to its end. What the kernel refused is an EndMessage with its errno.
    Result<Messages> ask(const NetlinkRequest& request, bool is_dump);
    Result<Messages> collect(std::uint32_t sequence, bool is_dump);
    Result<std::optional<LinkMessage>> link(const NetlinkRequest& request);
    Result<std::optional<RouteMessage>> question(const IpAddress& to, RouteQuestion question, int& error);
    Result<std::map<unsigned, LinkMessage>> links();
    Result<void> change(const NetlinkRequest& request, const char* doing, const Route& route, int harmless);

    Socket socket_;  ///< none after a failure in the middle of an answer; the next question opens another
    std::uint32_t sequence_ = 0;
};

}  // namespace memdb::host
