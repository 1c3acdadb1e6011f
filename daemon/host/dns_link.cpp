#include "host/dns_link.hpp"

#include "base/time.hpp"

#include <arpa/inet.h>

#include <array>
#include <utility>

namespace memdb::host {
namespace asio = boost::asio;
using boost::system::error_code;

struct DnsLink::Watched {
    explicit Watched(asio::io_context& io) : descriptor(io) {}
    asio::posix::stream_descriptor descriptor;
    bool wants_read = false, wants_write = false;
    bool waits_read = false, waits_write = false;
};

DnsLink::DnsLink(asio::io_context& io, Sources sources) : io_(io), timer_(io), sources_(sources) {}

DnsLink::~DnsLink() {
    if (handle_ != nullptr) ares_destroy(handle_);  // calls back with ARES_EDESTRUCTION
}

std::shared_ptr<DnsLink> DnsLink::open(asio::io_context& io, const std::string& servers, Sources sources) {
    auto link = std::make_shared<DnsLink>(io, sources);
    return link->set_up(servers) == ARES_SUCCESS ? link : nullptr;
}

int DnsLink::set_up(const std::string& servers) {
    ares_options options{};
    options.flags = ARES_FLAG_NOSEARCH;  // cluster and endpoint names are complete
    options.timeout = 1000;
    options.tries = 2;
    options.sock_state_cb = [](void* self, ares_socket_t socket, int readable, int writable) {
        static_cast<DnsLink*>(self)->watch(socket, readable != 0, writable != 0);
    };
    options.sock_state_cb_data = this;
    std::array<char, 3> lookups{'f', 'b', '\0'};  // the hosts file first, then DNS
    if (sources_ == Sources::dns) lookups = {'b', '\0'};
    options.lookups = lookups.data();
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB | ARES_OPT_LOOKUPS |
               ARES_OPT_NOROTATE;
#ifdef ARES_OPT_QUERY_CACHE
    mask |= ARES_OPT_QUERY_CACHE;  // with a lifetime of 0: off; after a failover the answer must be new
#endif
    const int status = ares_init_options(&handle_, &options, mask);
    if (status != ARES_SUCCESS || servers.empty()) return status;
    return ares_set_servers_ports_csv(handle_, servers.c_str());
}

void DnsLink::ask(const std::string& name, ares_addrinfo_callback done, void* argument) {
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    ares_getaddrinfo(handle_, name.c_str(), nullptr, &hints, done, argument);
    arm();
}

std::string DnsLink::servers() const {
    ares_addr_port_node* list = nullptr;
    if (ares_get_servers_ports(handle_, &list) != ARES_SUCCESS || list == nullptr) return "(none)";
    std::string text;
    for (const ares_addr_port_node* node = list; node != nullptr; node = node->next) {
        std::array<char, INET6_ADDRSTRLEN> address{};
        inet_ntop(node->family, &node->addr, address.data(), address.size());
        text += (text.empty() ? "" : " or ") + std::string(address.data());
    }
    ares_free_data(list);
    return text;
}

void DnsLink::watch(ares_socket_t socket, bool readable, bool writable) {
    const auto known = sockets_.find(socket);
    if (!readable && !writable) {
        if (known == sockets_.end()) return;
        known->second->descriptor.release();  // c-ares closes it
        sockets_.erase(known);
        return;
    }
    auto watched = known != sockets_.end() ? known->second : std::make_shared<Watched>(io_);
    if (known == sockets_.end()) {
        error_code error;
        watched->descriptor.assign(socket, error);
        if (error) return;  // the question runs into its deadline
        sockets_[socket] = watched;
    }
    watched->wants_read = readable;
    watched->wants_write = writable;
    wait(watched);
}

void DnsLink::wait(const std::shared_ptr<Watched>& watched) {
    using Descriptor = asio::posix::stream_descriptor;
    const auto ready = [this, weak = std::weak_ptr(watched), self = weak_from_this()](bool reading) {
        return [this, weak, self, reading](const error_code& error) {
            const auto alive = weak.lock();
            const auto keep = self.lock();
            if (error || !alive || !keep || !alive->descriptor.is_open()) return;
            (reading ? alive->waits_read : alive->waits_write) = false;
            const ares_socket_t socket = alive->descriptor.native_handle();
            ares_process_fd(handle_, reading ? socket : ARES_SOCKET_BAD, reading ? ARES_SOCKET_BAD : socket);
            if (alive->descriptor.is_open()) wait(alive);
            arm();
        };
    };
    if (watched->wants_read && !std::exchange(watched->waits_read, true))
        watched->descriptor.async_wait(Descriptor::wait_read, ready(true));
    if (watched->wants_write && !std::exchange(watched->waits_write, true))
        watched->descriptor.async_wait(Descriptor::wait_write, ready(false));
}

/// c-ares' own repetitions. No question, no timer: an idle resolver wakes nobody.
void DnsLink::arm() {
    timeval left{};
    if (ares_timeout(handle_, nullptr, &left) == nullptr) {
        timer_.cancel();
        return;
    }
    timer_.expires_after(std::chrono::seconds(left.tv_sec) + Microseconds(left.tv_usec));
    timer_.async_wait([this, self = weak_from_this()](const error_code& error) {
        const auto keep = self.lock();
        if (error || !keep) return;
        ares_process_fd(handle_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        arm();
    });
}

}  // namespace memdb::host
