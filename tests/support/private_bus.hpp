// A D-Bus of a test's own, by the real dbus-daemon; while it lives, "the system bus" of this process is that one.
#pragma once

#include "tests/support/child.hpp"
#include "tests/support/scratch_folder.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>

namespace memdb::tests {

class PrivateBus {
  public:
    PrivateBus() {
        put(config(), R"(<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "x">
<busconfig><type>custom</type><listen>unix:path=)" +
                          socket() + R"(</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>)");
        ::setenv("DBUS_SYSTEM_BUS_ADDRESS", ("unix:path=" + socket()).c_str(), 1);
    }
    ~PrivateBus() { ::unsetenv("DBUS_SYSTEM_BUS_ADDRESS"); }
    PrivateBus(const PrivateBus&) = delete;
    PrivateBus& operator=(const PrivateBus&) = delete;
    PrivateBus(PrivateBus&&) = delete;
    PrivateBus& operator=(PrivateBus&&) = delete;

    /// Returns when it takes connections.
    void start() {
        daemon_ = std::make_unique<Child>(std::vector<std::string>{
            "sh", "-c", "exec dbus-daemon --config-file=" + config() + " --nofork --nosyslog --nopidfile 2>" + log()});
        const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (!answers() && std::chrono::steady_clock::now() < limit)
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        ASSERT_TRUE(answers()) << "dbus-daemon (package dbus) does not listen: " << content(log());
    }
    void stop() {
        daemon_.reset();
        ::unlink(socket().c_str());
    }
    void freeze(bool frozen) const { daemon_->signal(frozen ? SIGSTOP : SIGCONT); }

  private:
    [[nodiscard]] std::string config() const { return folder_.path() / "bus.conf"; }
    [[nodiscard]] std::string log() const { return folder_.path() / "log"; }
    [[nodiscard]] std::string socket() const { return folder_.path() / "bus"; }
    [[nodiscard]] bool answers() const {
        const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un to{};
        to.sun_family = AF_UNIX;
        std::strncpy(to.sun_path, socket().c_str(), sizeof to.sun_path - 1);
        const bool connected = ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
        ::close(fd);
        return connected;
    }

    ScratchFolder folder_;
    std::unique_ptr<Child> daemon_;
};

}  // namespace memdb::tests
