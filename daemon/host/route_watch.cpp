#include "host/route_watch.hpp"

#include "base/clock.hpp"
#include "host/host_change_tracker.hpp"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace memdb::host {
namespace {

using boost::asio::posix::stream_descriptor;
using boost::system::error_code;

constexpr std::array kGroups = {RTNLGRP_LINK,       RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE,
                                RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE,   RTNLGRP_IPV6_RULE,   RTNLGRP_NEXTHOP};
constexpr int kDatagramsPerTurn = 64;

}  // namespace

struct RouteWatch::Impl : std::enable_shared_from_this<Impl> {
    Impl(boost::asio::io_context& io, OnChange call) : descriptor(io), timer(io), on_change(std::move(call)) {}
    ~Impl() {
        if (descriptor.is_open()) (void)descriptor.release();  // mnl closes it
        if (socket != nullptr) mnl_socket_close(socket);
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    Result<void> open() {
        socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (socket == nullptr || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
            return system_failure("opening a netlink socket", errno);
        for (const int group : kGroups) {
            int wanted = group;
            if (mnl_socket_setsockopt(socket, NETLINK_ADD_MEMBERSHIP, &wanted, sizeof wanted) < 0)
                return system_failure("subscribing to changes of routes", errno);
        }
        error_code error;
        descriptor.assign(mnl_socket_get_fd(socket), error);
        if (error) return Failure{Errc::io, "watching a netlink socket: " + error.message()};
        return {};
    }

    /// What is there now is no news. When the lists cannot be had, what they would have said comes as news.
    void learn(RouteLink& link) {
        for (const DumpOf what : {DumpOf::links, DumpOf::addresses, DumpOf::routes})
            if (const auto list = link.dump(what))
                for (const NetlinkMessage& message : *list) (void)tracker.take(message);
    }

    void listen() {
        descriptor.async_wait(stream_descriptor::wait_read, [self = shared_from_this()](const error_code& error) {
            if (error || self->stopped) return;
            if (self->drain()) self->changed();
            self->listen();
        });
    }

    /// Takes what is there. True when something in it matters.
    bool drain() {
        alignas(nlmsghdr) std::array<std::byte, 32 * 1024> buffer;
        bool news = false;
        for (int turn = 0; turn < kDatagramsPerTurn; ++turn) {
            sockaddr_nl from{};
            iovec piece{buffer.data(), buffer.size()};
            msghdr message{};
            message.msg_name = &from;
            message.msg_namelen = sizeof from;
            message.msg_iov = &piece;
            message.msg_iovlen = 1;
            const ssize_t size = ::recvmsg(mnl_socket_get_fd(socket), &message, 0);
            if (size < 0 && errno == EINTR) continue;
            if (size < 0 && errno != ENOBUFS) return news;  // EAGAIN: that was all
            if (size >= 0 && from.nl_pid != 0) continue;    // not the kernel's
            const bool whole = size >= 0 && (message.msg_flags & MSG_TRUNC) == 0;
            const auto parsed =
                whole ? parse_netlink(std::span(buffer).first(static_cast<std::size_t>(size))) : Failure{};
            if (!parsed) {
                // Dropped by the kernel, or not understood: nothing that we remember is certain any more.
                tracker.forget();
                news = true;
                continue;
            }
            for (const NetlinkMessage& one : *parsed) news = tracker.take(one) || news;
        }
        return news;
    }

    void changed() {
        if (armed) return;
        armed = true;
        timer.expires_at(std::max(now() + kFirstWord, last_call + kQuiet));
        timer.async_wait([self = shared_from_this()](const error_code& error) {
            if (error || self->stopped) return;
            self->armed = false;
            self->last_call = now();
            const OnChange call = self->on_change;  // a copy: the call may end the watch
            if (call) call();
        });
    }

    void stop() {
        stopped = true;
        on_change = nullptr;
        error_code ignored;
        descriptor.cancel(ignored);
        timer.cancel();
    }

    mnl_socket* socket = nullptr;
    stream_descriptor descriptor;
    boost::asio::steady_timer timer;
    OnChange on_change;
    HostChangeTracker tracker;
    TimePoint last_call = now() - kQuiet;
    bool armed = false, stopped = false;
};

Result<std::unique_ptr<RouteWatch>> RouteWatch::open(boost::asio::io_context& io, OnChange on_change) {
    auto link = RouteLink::open();
    if (!link) return link.error();
    auto impl = std::make_shared<Impl>(io, std::move(on_change));
    if (const auto opened = impl->open(); !opened) return opened.error();
    impl->learn(*link);  // after subscribing: nothing is missed, neither in the lists nor in what comes after them
    impl->listen();
    return std::unique_ptr<RouteWatch>(new RouteWatch(*std::move(link), std::move(impl)));
}

RouteWatch::RouteWatch(RouteLink link, std::shared_ptr<Impl> impl) : link_(std::move(link)), impl_(std::move(impl)) {}

RouteWatch::~RouteWatch() { impl_->stop(); }

}  // namespace memdb::host
