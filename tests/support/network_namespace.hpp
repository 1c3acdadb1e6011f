// A network namespace of a test's own: runs the body in a thread that lives in it; it is gone with the thread. Needs
// root.
#pragma once

#include <gtest/gtest.h>

#include <linux/capability.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <string>
#include <thread>

namespace memdb::tests {

/// Runs a shell line in the calling thread's namespace; a test failure when it fails.
inline void sh(const std::string& line) { ASSERT_EQ(std::system(("{ " + line + "; } 2>&1").c_str()), 0) << line; }

/// Calls `body` in a fresh namespace in which only `lo` exists, and is up.
inline void in_own_network(const std::function<void()>& body) {
    std::thread([&] {
        ASSERT_EQ(::unshare(CLONE_NEWNET), 0) << "needs root";
        sh("ip link set lo up");
        if (!::testing::Test::HasFatalFailure()) body();
    }).join();
}

/// The usual laptop: `lan` is 192.0.2.2/24 and fd00:2::2/64, `far` its other end; the gateway is 192.0.2.1.
inline void make_laptop() {
    // No link-local addresses: they would come up a second later, and be news.
    sh("ip link add lan type veth peer name far && ip link set lan addrgenmode none && ip link set far addrgenmode none"
       " && ip address add 192.0.2.2/24 dev lan && ip -6 address add fd00:2::2/64 dev lan nodad"
       " && ip link set lan up && ip link set far up && ip route add default via 192.0.2.1 dev lan");
}

/// From here on the calling thread has no CAP_NET_ADMIN.
inline void drop_net_admin() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct sets[2]{};
    ASSERT_EQ(::syscall(SYS_capget, &header, sets), 0);
    sets[0].effective &= ~(1U << CAP_NET_ADMIN);
    ASSERT_EQ(::syscall(SYS_capset, &header, sets), 0);
}

}  // namespace memdb::tests
