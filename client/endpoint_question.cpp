#include "client/endpoint_question.hpp"

#include "base/clock.hpp"
#include "client/descriptor.hpp"
#include "tunnel/endpoint_label.hpp"
#include "tunnel/hard_reset_codec.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <future>
#include <memory>
#include <random>
#include <thread>
#include <utility>

namespace memdb::client {
namespace {

using config::Transport;

constexpr int kTries = 2;

std::string random_label() {
    std::random_device random;
    return tunnel::endpoint_label(std::uint64_t{random()} << 32U | random());
}

doctor::NameSeen look_up(const std::string& name, config::AddressFamily family) {
    doctor::NameSeen seen;
    seen.name = name;
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_DGRAM;
    wanted.ai_family = family == config::AddressFamily::ipv4   ? AF_INET
                       : family == config::AddressFamily::ipv6 ? AF_INET6
                                                               : AF_UNSPEC;
    addrinfo* found = nullptr;
    const int error = ::getaddrinfo(name.c_str(), nullptr, &wanted, &found);
    if (error != 0) {
        seen.trouble = ::gai_strerror(error);
        return seen;
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
        char text[NI_MAXHOST] = {};
        if (::getnameinfo(each->ai_addr, each->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0)
            seen.addresses.emplace_back(text);
    }
    return seen;
}

/// One address, asked.
struct Asked {
    Descriptor socket;
    doctor::ServerSeen seen;
    tunnel::SessionId id{};
    std::string bytes;  ///< over TCP: so far
    bool decided = false;
    bool sent = false;
};

bool fill(sockaddr_storage& to, socklen_t& size, const std::string& address, std::uint16_t port) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&to);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&to);
    if (::inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        size = sizeof *v4;
        return true;
    }
    if (::inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr) != 1) return false;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    size = sizeof *v6;
    return true;
}

void decide(Asked& asked, bool answered, std::string evidence) {
    asked.seen.answered = answered;
    asked.seen.evidence = std::move(evidence);
    asked.decided = true;
}

void begin(Asked& asked, const config::Remote& remote, const std::string& address) {
    asked.seen.server = config::endpoint_text(address, remote.port);
    std::random_device random;
    std::ranges::generate(asked.id, [&] { return static_cast<std::uint8_t>(random() | 1u); });
    sockaddr_storage to{};
    socklen_t size = 0;
    if (!fill(to, size, address, remote.port)) return decide(asked, false, "not an address");
    const int type = remote.transport == Transport::udp ? SOCK_DGRAM : SOCK_STREAM;
    asked.socket = Descriptor(::socket(to.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (asked.socket.fd() < 0) return decide(asked, false, std::strerror(errno));
    if (::connect(asked.socket.fd(), reinterpret_cast<const sockaddr*>(&to), size) == 0 || errno == EINPROGRESS) return;
    asked.seen.asked = errno != ENETUNREACH && errno != EAFNOSUPPORT;
    decide(asked, false, std::strerror(errno));
}

void send(Asked& asked, Transport transport) {
    const std::string packet = tunnel::encode_hard_reset(asked.id, transport);
    asked.sent = ::send(asked.socket.fd(), packet.data(), packet.size(), MSG_NOSIGNAL) > 0;
}

void receive(Asked& asked, Transport transport, const Stopwatch& since) {
    char bytes[tunnel::kHardResetReplyLimit];
    const ssize_t size = ::recv(asked.socket.fd(), bytes, sizeof bytes, 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    // A refusal over UDP is only evidence: whoever forges one cannot hide the server's answer.
    if (size < 0 && transport == Transport::udp) {
        asked.seen.evidence = std::strerror(errno);
        return;
    }
    if (size <= 0) return decide(asked, false, size == 0 ? "it closed the connection" : std::strerror(errno));
    if (transport == Transport::udp) asked.bytes.clear();
    asked.bytes.append(bytes, static_cast<std::size_t>(size));
    const auto read = tunnel::read_hard_reset(asked.bytes, asked.id, transport);
    if (read == tunnel::HardResetReply::answer) {
        asked.seen.took = since.elapsed();
        return decide(asked, true, "an answer");
    }
    if (read == tunnel::HardResetReply::foreign) asked.seen.evidence = "an answer, but not OpenVPN's";
    if (asked.bytes.size() >= tunnel::kHardResetReplyLimit) decide(asked, false, "an answer, but not OpenVPN's");
}

/// One round: everybody who is not decided is sent a packet, and has until `until`.
void ask_round(std::vector<Asked>& all, Transport transport, TimePoint until, const Stopwatch& since) {
    if (transport == Transport::udp)
        for (Asked& asked : all)
            if (!asked.decided) send(asked, transport);
    while (now() < until) {
        std::vector<pollfd> waits;
        std::vector<Asked*> open;
        for (Asked& asked : all) {
            if (asked.decided) continue;
            const bool connecting = transport == Transport::tcp && !asked.sent;
            waits.push_back({asked.socket.fd(), static_cast<short>(connecting ? POLLOUT : POLLIN), 0});
            open.push_back(&asked);
        }
        if (open.empty()) return;
        const auto left = std::max<Duration::rep>((until - now()).count(), 0);
        if (::poll(waits.data(), waits.size(), static_cast<int>(left)) <= 0) continue;
        for (std::size_t i = 0; i < open.size(); ++i) {
            if (waits[i].revents == 0) continue;
            int error = 0;
            socklen_t size = sizeof error;
            if (transport == Transport::tcp && !open[i]->sent) {
                ::getsockopt(waits[i].fd, SOL_SOCKET, SO_ERROR, &error, &size);
                if (error != 0)
                    decide(*open[i], false, std::strerror(error));
                else
                    send(*open[i], transport);
                continue;
            }
            receive(*open[i], transport, since);
        }
    }
}

}  // namespace

doctor::NameSeen ask_name(const config::Remote& remote, bool random_label_wanted, Duration limit) {
    sockaddr_storage ignored{};
    socklen_t size = 0;
    const bool literal = fill(ignored, size, remote.host, remote.port);
    const std::string name = random_label_wanted && !literal ? random_label() + "." + remote.host : remote.host;
    // getaddrinfo has no deadline: it is given a thread of its own, and left behind when it hangs.
    auto promise = std::make_shared<std::promise<doctor::NameSeen>>();
    auto future = promise->get_future();
    std::thread([promise, name, family = remote.family] { promise->set_value(look_up(name, family)); }).detach();
    if (future.wait_for(limit) == std::future_status::ready) return future.get();
    doctor::NameSeen late;
    late.name = name;
    late.trouble = "no answer from DNS in time";
    return late;
}

std::vector<doctor::ServerSeen> ask_servers(const config::Remote& remote, const std::vector<std::string>& addresses,
                                            Duration limit) {
    std::vector<Asked> all(addresses.size());
    const Stopwatch since;
    for (std::size_t i = 0; i < addresses.size(); ++i) begin(all[i], remote, addresses[i]);
    for (int round = 0; round < kTries; ++round) ask_round(all, remote.transport, now() + limit, since);
    std::vector<doctor::ServerSeen> seen;
    for (Asked& asked : all) {
        if (!asked.decided && asked.seen.evidence.empty()) asked.seen.evidence = "no answer to 2 packets";
        seen.push_back(std::move(asked.seen));
    }
    return seen;
}

}  // namespace memdb::client
