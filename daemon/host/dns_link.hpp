// One c-ares channel on the agent's loop: the servers and the configuration of the moment it was opened.
//
// Sends, waits, repeats and reads answers; what they mean is name_resolver's business. c-ares opens and closes the
// sockets; ours only wait on them and are released before it closes them. Without a question there is no socket and no
// timer: an idle link wakes nobody.
#pragma once

#define CARES_NO_DEPRECATED  // Debian 12 has 1.18, which lacks what newer versions recommend
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <ares.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace memdb::host {

/// Held by shared_ptr; may not go while c-ares calls back (post it to the loop). Then c-ares calls the callbacks of
/// open questions with ARES_EDESTRUCTION.
class DnsLink : public std::enable_shared_from_this<DnsLink> {
  public:
    enum class Sources : std::uint8_t { hosts_file_and_dns, dns };

    /// A link that can ask; nothing when c-ares cannot be set up (no memory) or `servers` is malformed.
    ///
    /// @param servers  "ADDRESS[:PORT],…", IPv6 as "[ADDRESS]:PORT"; empty: those of /etc/resolv.conf.
    static std::shared_ptr<DnsLink> open(boost::asio::io_context& io, const std::string& servers, Sources sources);

    DnsLink(boost::asio::io_context& io, Sources sources);  ///< use open()
    ~DnsLink();
    DnsLink(const DnsLink&) = delete;
    DnsLink& operator=(const DnsLink&) = delete;

    /// A and AAAA records of `name`, complete as it is. `done` is called once, perhaps from inside this call.
    void ask(const std::string& name, ares_addrinfo_callback done, void* argument);

    /// The servers that are asked, for messages: "10.20.0.2", "192.0.2.53 or 192.0.2.54".
    [[nodiscard]] std::string servers() const;

  private:
    struct Watched;
    int set_up(const std::string& servers);
    void watch(ares_socket_t socket, bool readable, bool writable);
    void wait(const std::shared_ptr<Watched>& watched);
    void arm();

    boost::asio::io_context& io_;
    boost::asio::steady_timer timer_;
    Sources sources_;
    std::map<ares_socket_t, std::shared_ptr<Watched>> sockets_;
    ares_channel handle_ = nullptr;
};

}  // namespace memdb::host
