// One child: openvpn, or the program that signs. Started with an exact argv and an empty environment, watched through a
// pidfd, ended by signals. Or one that an earlier memdbd has started, and that is no child any more.
//
// Nothing ties its life to memdbd's (openvpn's hangs on the management connection, design §4), so that it can outlive a
// restart of memdbd.
#pragma once

#include "base/error.hpp"
#include "host/leftover_process.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace memdb::host {

class ChildProcess {
  public:
    static constexpr std::size_t kLineLimit = 2048;  ///< of its output; longer lines are skipped

    /// Called from the loop only, never from inside a member function; none after abandon().
    struct Handlers {
        std::function<void(std::string_view line)> printed;  ///< stdout and stderr, in the order written
        std::function<void(std::string status)> exited;      ///< once, after the last line: "status 1", "signal 9"
    };

    explicit ChildProcess(boost::asio::io_context& io);
    ~ChildProcess();  ///< as abandon()
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    /// What the child gets of ours.
    struct Heritage {
        int input = -1;                   ///< its stdin, which stays the caller's; -1: /dev/null
        bool keeps_capabilities = false;  ///< memdbd's ambient CAP_NET_ADMIN: openvpn needs it, what signs does not
    };

    /// Starts `argv[0]`, an absolute path, and returns the pid. stdout and stderr are one pipe to us; no other file
    /// descriptor is inherited, no signal blocked or ignored; a process group of its own, so that Ctrl-C in a terminal
    /// asks memdbd alone.
    ///
    /// Errc::not_found (no such program), Errc::not_permitted (not executable), Errc::io. Blocks for about 1 ms.
    Result<int> spawn(const std::vector<std::string>& argv, Handlers handlers, Heritage heritage);

    /// Watches a process that an earlier memdbd has started. It prints nothing to us, and how it ends cannot be known.
    ///
    /// Errc::not_found when the process with that pid is not, or no longer, the one that is meant; Errc::io.
    Result<void> adopt(const ProcessMark& mark, Handlers handlers);

    /// SIGTERM or, forced, SIGKILL. Nothing if it has ended.
    void terminate(bool force) noexcept;

    /// Forgets the process; it is still reaped when it ends.
    void abandon() noexcept;

  private:
    struct Impl;
    boost::asio::io_context& io_;
    std::shared_ptr<Impl> impl_;
};

}  // namespace memdb::host
