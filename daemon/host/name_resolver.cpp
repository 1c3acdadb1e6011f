#define CARES_NO_DEPRECATED  // Debian 12 has 1.18, which lacks what newer versions recommend
#include "host/name_resolver.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <arpa/inet.h>
#include <sys/stat.h>

#include <ares.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <optional>
#include <utility>

namespace memdb::host {
namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// Which version of a file was read. Compared only.
struct FileStamp {
    dev_t device{};
    ino_t inode{};
    timespec changed{};
    explicit FileStamp(const char* path) {
        struct stat found {};
        if (::stat(path, &found) != 0) return;  // absent is a version of its own
        device = found.st_dev;
        inode = found.st_ino;
        changed = found.st_mtim;
    }
    bool operator==(const FileStamp& other) const noexcept {
        return device == other.device && inode == other.inode && changed.tv_sec == other.changed.tv_sec &&
               changed.tv_nsec == other.changed.tv_nsec;
    }
};

/// One c-ares channel: the configuration of one moment. Replaced when the files behind it change.
///
/// c-ares owns its sockets; ours only wait on them and are released before it closes them.
class Channel : public std::enable_shared_from_this<Channel> {
  public:
    Channel(asio::io_context& io, std::string servers) : io_(io), timer_(io), servers_(std::move(servers)) {}
    ~Channel() {
        if (handle_ != nullptr) ares_destroy(handle_);  // calls back with ARES_EDESTRUCTION
    }
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    [[nodiscard]] int open() {
        ares_options options{};
        options.flags = ARES_FLAG_NOSEARCH;  // cluster and endpoint names are complete
        options.timeout = 1000;
        options.tries = 2;
        options.sock_state_cb = [](void* self, ares_socket_t socket, int readable, int writable) {
            static_cast<Channel*>(self)->watch(socket, readable != 0, writable != 0);
        };
        options.sock_state_cb_data = this;
        std::array<char, 3> lookups{'f', 'b', '\0'};  // the hosts file first, then DNS
        options.lookups = lookups.data();
        int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB | ARES_OPT_LOOKUPS |
                   ARES_OPT_NOROTATE;
#ifdef ARES_OPT_QUERY_CACHE
        mask |= ARES_OPT_QUERY_CACHE;  // with a lifetime of 0: off; after a failover the answer must be new
#endif
        const int status = ares_init_options(&handle_, &options, mask);
        if (status != ARES_SUCCESS || servers_.empty()) return status;
        return ares_set_servers_ports_csv(handle_, servers_.c_str());
    }

    void ask(const std::string& name, ares_addrinfo_callback done, void* argument) {
        ares_addrinfo_hints hints{};
        hints.ai_family = AF_UNSPEC;
        hints.ai_socktype = SOCK_STREAM;
        ares_getaddrinfo(handle_, name.c_str(), nullptr, &hints, done, argument);
        arm();
    }

    /// The servers that are asked, for messages: "10.20.0.2", "192.0.2.53 or 192.0.2.54".
    [[nodiscard]] std::string servers() const {
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

  private:
    struct Watched {
        explicit Watched(asio::io_context& io) : descriptor(io) {}
        asio::posix::stream_descriptor descriptor;
        bool wants_read = false, wants_write = false;
        bool waits_read = false, waits_write = false;
    };

    void watch(ares_socket_t socket, bool readable, bool writable) {
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

    void wait(const std::shared_ptr<Watched>& watched) {
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
    void arm() {
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

    asio::io_context& io_;
    asio::steady_timer timer_;
    std::string servers_;
    std::map<ares_socket_t, std::shared_ptr<Watched>> sockets_;
    ares_channel handle_ = nullptr;
};

std::optional<asio::ip::address> address_of(const sockaddr& found) {
    if (found.sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &found, sizeof v4);
        return asio::ip::address_v4(ntohl(v4.sin_addr.s_addr));
    }
    if (found.sa_family != AF_INET6) return std::nullopt;
    sockaddr_in6 v6{};
    std::memcpy(&v6, &found, sizeof v6);
    asio::ip::address_v6::bytes_type bytes{};
    std::memcpy(bytes.data(), v6.sin6_addr.s6_addr, bytes.size());
    return asio::ip::address_v6(bytes);
}

NameResolver::Addresses addresses_of(const ares_addrinfo* answer) {
    constexpr std::size_t most = 32;
    NameResolver::Addresses found;
    for (const ares_addrinfo_node* node = answer->nodes; node != nullptr && found.size() < most; node = node->ai_next) {
        const auto address = address_of(*node->ai_addr);
        if (address && std::find(found.begin(), found.end(), *address) == found.end()) found.push_back(*address);
    }
    return found;
}

Failure failure_of(int status, const std::string& name, const std::string& servers) {
    switch (status) {
        case ARES_ENOTFOUND:
        case ARES_ENODATA:
        case ARES_ENONAME: return {Errc::not_found, fmt::format("no address for {} (asked {})", name, servers)};
        case ARES_ETIMEOUT: return {Errc::io, fmt::format("the name server {} does not answer", servers)};
        case ARES_ECONNREFUSED: return {Errc::io, fmt::format("the name server {} cannot be reached", servers)};
        case ARES_EBADNAME: return {Errc::not_found, "the name is no host name"};
        default:
            return {Errc::io, fmt::format("the name server {} gives no usable answer for {}: {}", servers, name,
                                          ares_strerror(status))};
    }
}

}  // namespace

struct NameResolver::Impl {
    /// One question. c-ares holds the address of `ticket` until it has called back, which may be after cancel().
    struct Ticket {
        std::weak_ptr<Impl*> owner;
        Query query;
    };
    struct Open {
        Open(asio::io_context& io, Done call, std::string what)
            : timer(io), done(std::move(call)), name(std::move(what)) {}
        asio::steady_timer timer;
        Done done;
        std::string name;
        std::shared_ptr<Channel> channel;
    };

    Impl(asio::io_context& context, std::string csv) : io(context), servers(std::move(csv)) {
        ares_library_init(ARES_LIB_INIT_ALL);
    }
    ~Impl() {
        self.reset();  // what c-ares still calls finds nobody
        open.clear();
        channel.reset();
        ares_library_cleanup();
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    /// The channel for the files as they are now; nothing when c-ares cannot be set up.
    std::shared_ptr<Channel> current() {
        const std::array now_read{FileStamp("/etc/resolv.conf"), FileStamp("/etc/nsswitch.conf")};
        if (channel && read == now_read) return channel;
        auto fresh = std::make_shared<Channel>(io, servers);
        if (fresh->open() != ARES_SUCCESS) return nullptr;
        read = now_read;
        channel = std::move(fresh);  // questions on the old one keep it until they end
        return channel;
    }

    void finish(Query query, Result<Addresses> result) {
        const auto found = open.find(query);
        if (found == open.end()) return;
        // Posted: this may run inside c-ares, or inside resolve() when the hosts file had the answer. The channel goes
        // along, because c-ares may not be destroyed from its own callback.
        found->second->timer.cancel();
        asio::post(io, [owner = std::weak_ptr(self), query, result = std::move(result)]() mutable {
            const auto alive = owner.lock();
            if (!alive) return;
            const auto still_open = (*alive)->open.find(query);
            if (still_open == (*alive)->open.end()) return;  // cancelled meanwhile
            const auto question = still_open->second;
            (*alive)->open.erase(still_open);
            question->done(std::move(result));
        });
    }

    static void answered(void* argument, int status, int, ares_addrinfo* answer) {
        const std::unique_ptr<Ticket> ticket(static_cast<Ticket*>(argument));
        const std::unique_ptr<ares_addrinfo, decltype(&ares_freeaddrinfo)> owned(answer, &ares_freeaddrinfo);
        const auto alive = ticket->owner.lock();
        if (!alive || status == ARES_EDESTRUCTION || status == ARES_ECANCELLED) return;
        const auto found = (*alive)->open.find(ticket->query);
        if (found == (*alive)->open.end()) return;
        const Open& question = *found->second;
        const std::string asked = question.channel->servers();
        Addresses addresses = status == ARES_SUCCESS && answer != nullptr ? addresses_of(answer) : Addresses{};
        if (status == ARES_SUCCESS && addresses.empty()) status = ARES_ENODATA;
        if (status == ARES_SUCCESS)
            (*alive)->finish(ticket->query, std::move(addresses));
        else
            (*alive)->finish(ticket->query, failure_of(status, question.name, asked));
    }

    void ask(Query query, const std::shared_ptr<Open>& question, Duration limit) {
        question->channel = current();
        if (!question->channel)
            return finish(query, Failure{Errc::io, "the name resolver cannot be set up; look at /etc/resolv.conf"});
        question->timer.expires_after(limit);
        question->timer.async_wait(
            [owner = std::weak_ptr(self), query, weak = std::weak_ptr(question)](const error_code& error) {
                const auto alive = owner.lock();
                const auto late = weak.lock();
                if (error || !alive || !late) return;
                (*alive)->finish(query, Failure{Errc::deadline_passed, fmt::format("the name server {} does not answer",
                                                                                   late->channel->servers())});
            });
        const std::shared_ptr<Channel> keep = question->channel;
        keep->ask(question->name, &Impl::answered, std::make_unique<Ticket>(Ticket{self, query}).release());
    }

    asio::io_context& io;
    std::string servers;
    std::shared_ptr<Channel> channel;
    std::array<FileStamp, 2> read{FileStamp(""), FileStamp("")};
    std::map<Query, std::shared_ptr<Open>> open;
    Query last = 0;
    std::shared_ptr<Impl*> self = std::make_shared<Impl*>(this);
};

NameResolver::NameResolver(asio::io_context& io, std::string servers)
    : impl_(std::make_unique<Impl>(io, std::move(servers))) {}

NameResolver::~NameResolver() = default;

NameResolver::Query NameResolver::resolve(const std::string& name, Duration limit, Done done) {
    const Query query = ++impl_->last;
    const auto question = std::make_shared<Impl::Open>(impl_->io, std::move(done), name);
    impl_->open.emplace(query, question);
    error_code not_an_address;
    const auto literal = asio::ip::make_address(name, not_an_address);
    if (!not_an_address)
        impl_->finish(query, Addresses{literal});
    else if (name.empty() || name.size() > 253)
        impl_->finish(query, Failure{Errc::not_found, "the name is no host name"});
    else
        impl_->ask(query, question, limit);
    return query;
}

void NameResolver::cancel(Query query) noexcept {
    const auto found = impl_->open.find(query);
    if (found == impl_->open.end()) return;
    const auto question = found->second;
    impl_->open.erase(found);
    // The channel may be this question's alone: it goes from the loop, for c-ares may be calling us.
    asio::post(impl_->io, [question] {});
}

}  // namespace memdb::host
