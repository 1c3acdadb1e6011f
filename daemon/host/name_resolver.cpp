#include "host/name_resolver.hpp"

#include "base/clock.hpp"
#include "base/ip_network.hpp"
#include "host/dns_link.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <netinet/in.h>
#include <sys/stat.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
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

/// "10.20.0.2", "fd00::2", "10.20.0.2:53", "[fd00::2]:53" as c-ares reads it, always with a port; nothing for anything
/// else.
std::optional<std::string> one_server(std::string_view text) {
    std::string_view host = text, port = "53";
    const bool in_brackets = text.starts_with('[');
    const auto end = in_brackets ? text.find(']') : text.find(':');
    if (!parse_address(text) && end != std::string_view::npos) {
        host = in_brackets ? text.substr(1, end - 1) : text.substr(0, end);
        const std::string_view rest = text.substr(in_brackets ? end + 1 : end);
        if (!rest.empty() && rest.front() != ':') return std::nullopt;
        if (!rest.empty() || !in_brackets) port = rest.substr(1);
    }
    const auto address = parse_address(host);
    if (!address || (in_brackets && !address->is_v6)) return std::nullopt;
    std::uint16_t number = 0;
    const auto [last, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (error != std::errc() || last != port.data() + port.size() || number == 0) return std::nullopt;
    return fmt::format("{}{}{}:{}", address->is_v6 ? "[" : "", to_string(*address), address->is_v6 ? "]" : "", number);
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
        std::shared_ptr<DnsLink> link;
    };
    /// A link to one server that the caller named.
    struct Direct {
        std::string server;  // as c-ares reads it
        std::shared_ptr<DnsLink> link;
        TimePoint used;
    };

    Impl(asio::io_context& context, std::string csv) : io(context), servers(std::move(csv)) {
        ares_library_init(ARES_LIB_INIT_ALL);
    }
    ~Impl() {
        self.reset();  // what c-ares still calls finds nobody
        open.clear();
        system.reset();
        direct.clear();
        ares_library_cleanup();
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    /// The link for the files as they are now; nothing when c-ares cannot be set up.
    std::shared_ptr<DnsLink> current() {
        const std::array now_read{FileStamp("/etc/resolv.conf"), FileStamp("/etc/nsswitch.conf")};
        if (system && read == now_read) return system;
        auto fresh = DnsLink::open(io, servers, DnsLink::Sources::hosts_file_and_dns);
        if (!fresh) return nullptr;
        read = now_read;
        system = std::move(fresh);  // questions on the old one keep it until they end
        return system;
    }

    /// The link to `server`; nothing when c-ares cannot be set up.
    std::shared_ptr<DnsLink> link_to(const std::string& server) {
        auto known = std::ranges::find(direct, server, &Direct::server);
        if (known == direct.end()) {
            auto fresh = DnsLink::open(io, server, DnsLink::Sources::dns);
            if (!fresh) return nullptr;
            if (direct.size() >= kServerLimit) direct.erase(std::ranges::min_element(direct, {}, &Direct::used));
            known = direct.insert(direct.end(), Direct{server, std::move(fresh), {}});
        }
        known->used = now();
        return known->link;
    }

    /// Without a timer: it costs a little memory until the next question, but wakes nobody.
    void drop_idle() {
        std::erase_if(direct, [at = now()](const Direct& one) { return at - one.used > kServerIdle; });
    }

    void finish(Query query, Result<Addresses> result) {
        const auto found = open.find(query);
        if (found == open.end()) return;
        // Posted: this may run inside c-ares, or inside resolve() when the hosts file had the answer. The link goes
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
        const std::string asked = question.link->servers();
        Addresses addresses = status == ARES_SUCCESS && answer != nullptr ? addresses_of(answer) : Addresses{};
        if (status == ARES_SUCCESS && addresses.empty()) status = ARES_ENODATA;
        if (status == ARES_SUCCESS)
            (*alive)->finish(ticket->query, std::move(addresses));
        else
            (*alive)->finish(ticket->query, failure_of(status, question.name, asked));
    }

    std::pair<Query, std::shared_ptr<Open>> add(const std::string& name, Done done) {
        const auto question = std::make_shared<Open>(io, std::move(done), name);
        open.emplace(++last, question);
        return {last, question};
    }

    /// `link` is only called when somebody must be asked.
    Query start(const std::string& name, Duration limit, Done done,
                const std::function<std::shared_ptr<DnsLink>()>& link) {
        drop_idle();
        const auto [query, question] = add(name, std::move(done));
        error_code not_an_address;
        const auto literal = asio::ip::make_address(name, not_an_address);
        if (!not_an_address)
            finish(query, Addresses{literal});
        else if (name.empty() || name.size() > 253)
            finish(query, Failure{Errc::not_found, "the name is no host name"});
        else
            ask(query, question, link(), limit);
        return query;
    }

    void ask(Query query, const std::shared_ptr<Open>& question, std::shared_ptr<DnsLink> link, Duration limit) {
        question->link = std::move(link);
        if (!question->link)
            return finish(query, Failure{Errc::io, "the name resolver cannot be set up; look at /etc/resolv.conf"});
        question->timer.expires_after(limit);
        question->timer.async_wait([owner = std::weak_ptr(self), query,
                                    weak = std::weak_ptr(question)](const error_code& error) {
            const auto alive = owner.lock();
            const auto late = weak.lock();
            if (error || !alive || !late) return;
            (*alive)->finish(query, Failure{Errc::deadline_passed,
                                            fmt::format("the name server {} does not answer", late->link->servers())});
        });
        const std::shared_ptr<DnsLink> keep = question->link;
        keep->ask(question->name, &Impl::answered, std::make_unique<Ticket>(Ticket{self, query}).release());
    }

    asio::io_context& io;
    std::string servers;
    std::shared_ptr<DnsLink> system;
    std::vector<Direct> direct;
    std::array<FileStamp, 2> read{FileStamp(""), FileStamp("")};
    std::map<Query, std::shared_ptr<Open>> open;
    Query last = 0;
    std::shared_ptr<Impl*> self = std::make_shared<Impl*>(this);
};

NameResolver::NameResolver(asio::io_context& io, std::string servers)
    : impl_(std::make_unique<Impl>(io, std::move(servers))) {}

NameResolver::~NameResolver() = default;

NameResolver::Query NameResolver::resolve(const std::string& name, Duration limit, Done done) {
    return impl_->start(name, limit, std::move(done), [impl = impl_.get()] { return impl->current(); });
}

NameResolver::Query NameResolver::resolve_at(const std::string& server, const std::string& name, Duration limit,
                                             Done done) {
    const auto where = one_server(server);
    if (!where) {
        const Query query = impl_->add(name, std::move(done)).first;
        impl_->finish(query, Failure{Errc::bad_input, fmt::format("\"{}\" is no address of a name server", server)});
        return query;
    }
    return impl_->start(name, limit, std::move(done), [&] { return impl_->link_to(*where); });
}

void NameResolver::cancel(Query query) noexcept {
    const auto found = impl_->open.find(query);
    if (found == impl_->open.end()) return;
    const auto question = found->second;
    impl_->open.erase(found);
    // The link may be this question's alone: it goes from the loop, for c-ares may be calling us.
    asio::post(impl_->io, [question] {});
}

}  // namespace memdb::host
