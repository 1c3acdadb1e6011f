// Against a stand-in for logind on a bus of each test's own.
#include "host/sleep_watch.hpp"

#include "tests/support/private_bus.hpp"

#include <fcntl.h>
#include <poll.h>
#include <systemd/sd-bus.h>
#include <unistd.h>
#include <boost/asio.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace memdb::host {
namespace {

using Clock = std::chrono::steady_clock;

std::string target_of(int fd) {
    char target[64] = {};
    const std::string path = "/proc/self/fd/" + std::to_string(fd);
    return ::readlink(path.c_str(), target, sizeof target - 1) > 0 ? target : "";
}

/// logind, as far as sleep goes, on a thread of its own: gives pipe ends, and sees them closed.
class StandIn {
  public:
    StandIn() {
        EXPECT_GE(sd_bus_open_system(&bus_), 0);
        EXPECT_GE(sd_bus_add_object_vtable(bus_, nullptr, "/org/freedesktop/login1", "org.freedesktop.login1.Manager",
                                           table(), this),
                  0);
        EXPECT_GE(sd_bus_request_name(bus_, "org.freedesktop.login1", 0), 0);
        fd_ = sd_bus_get_fd(bus_);
        thread_ = std::thread([this] {
            while (!ending_) {
                {
                    const std::lock_guard lock(mutex_);
                    while (sd_bus_process(bus_, nullptr) > 0) {
                    }
                }
                pollfd ready{fd_, POLLIN, 0};
                ::poll(&ready, 1, 2);
            }
        });
    }
    ~StandIn() {
        ending_ = true;
        thread_.join();
        sd_bus_flush_close_unref(bus_);
        for (const int end : ends_) ::close(end);
    }
    StandIn(const StandIn&) = delete;
    StandIn& operator=(const StandIn&) = delete;
    StandIn(StandIn&&) = delete;
    StandIn& operator=(StandIn&&) = delete;

    void prepare(int sleeping) {
        const std::lock_guard lock(mutex_);
        EXPECT_GE(sd_bus_emit_signal(bus_, "/org/freedesktop/login1", "org.freedesktop.login1.Manager",
                                     "PrepareForSleep", "b", sleeping),
                  0);
    }
    void refuse(bool refused) { refused_ = refused; }
    [[nodiscard]] int refusals() const { return refusals_; }
    [[nodiscard]] std::string asked() {
        const std::lock_guard lock(mutex_);
        return asked_;
    }
    [[nodiscard]] std::size_t given() {
        const std::lock_guard lock(mutex_);
        return ends_.size();
    }
    /// Of the last one given.
    [[nodiscard]] std::string pipe() {
        const std::lock_guard lock(mutex_);
        return target_of(ends_.back());
    }
    /// How many inhibitors somebody holds.
    [[nodiscard]] int held() {
        const std::lock_guard lock(mutex_);
        int count = 0;
        for (const int end : ends_) {
            pollfd hung{end, 0, 0};
            count += ::poll(&hung, 1, 0) == 1 && (hung.revents & POLLHUP) != 0 ? 0 : 1;
        }
        return count;
    }

  private:
    static int inhibit(sd_bus_message* message, void* self, sd_bus_error* error) {
        auto& me = *static_cast<StandIn*>(self);
        if (me.refused_) {
            ++me.refusals_;
            return sd_bus_error_set(error, "org.freedesktop.login1.OperationInProgress", "asleep soon");
        }
        const char *what = "", *who = "", *why = "", *mode = "";
        if (sd_bus_message_read(message, "ssss", &what, &who, &why, &mode) < 0) return -EINVAL;
        me.asked_ = std::string(what) + " " + who + " " + mode;
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) return -errno;
        me.ends_.push_back(ends[0]);
        const int sent = sd_bus_reply_method_return(message, "h", ends[1]);
        ::close(ends[1]);
        return sent;
    }
    static const sd_bus_vtable* table() {
        static const sd_bus_vtable all[] = {SD_BUS_VTABLE_START(0),
                                            SD_BUS_METHOD("Inhibit", "ssss", "h", inhibit, SD_BUS_VTABLE_UNPRIVILEGED),
                                            SD_BUS_SIGNAL("PrepareForSleep", "b", 0), SD_BUS_VTABLE_END};
        return all;
    }

    sd_bus* bus_ = nullptr;
    int fd_ = -1;
    std::mutex mutex_;
    std::vector<int> ends_;
    std::string asked_;
    std::atomic<bool> refused_ = false, ending_ = false;
    std::atomic<int> refusals_ = 0;
    std::thread thread_;
};

struct Logind : testing::Test {
    void run_until(const std::function<bool()>& done, Duration limit = 10s) {
        const auto end = Clock::now() + limit;
        io.restart();
        while (!done() && Clock::now() < end) io.run_one_for(10ms);
        EXPECT_TRUE(done());
    }
    void open() {
        bus.start();
        logind = std::make_unique<StandIn>();
        link = std::make_unique<BusLink>(io);
        watch = std::make_unique<SleepWatch>(*link, [this](bool sleeping) { told.push_back(sleeping); });
        run_until([&] { return link->connected(); });
        settle();
    }
    /// Everything that was sent so far has been answered.
    void settle() {
        bool answered = false;
        link->call({"org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetId"}, 5s,
                   [&](const Result<sd_bus_message*>&) { answered = true; });
        run_until([&] { return answered; });
    }

    tests::PrivateBus bus;
    boost::asio::io_context io;
    std::unique_ptr<StandIn> logind;
    std::unique_ptr<BusLink> link;
    std::vector<bool> told;
    std::unique_ptr<SleepWatch> watch;
};

TEST_F(Logind, holds_a_delay_inhibitor_that_no_child_inherits_until_it_is_released) {
    open();
    watch->take();
    run_until([&] { return watch->holds() && logind->held() == 1; });
    EXPECT_EQ(logind->asked(), "sleep memdbd delay");
    int ends = 0, inheritable = 0;
    for (int fd = 3; fd < 1024; ++fd) {
        if (target_of(fd) != logind->pipe()) continue;
        ++ends;
        inheritable += (::fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0 ? 1 : 0;
    }
    EXPECT_EQ(ends, 2) << "the stand-in's end and ours, no duplicate";
    EXPECT_EQ(inheritable, 0) << "openvpn would hold it, and every sleep would wait for 5 s";
    watch->release();
    EXPECT_EQ(logind->held(), 0) << "at once, by closing the only descriptor";
    EXPECT_FALSE(watch->holds());
    watch->take();
    run_until([&] { return logind->held() == 1; });
    watch->take();
    settle();
    EXPECT_EQ(logind->given(), 2U) << "one is enough";
    watch.reset();
    EXPECT_EQ(logind->held(), 0);
}

TEST_F(Logind, tells_both_signals) {
    open();
    logind->prepare(1);
    logind->prepare(0);
    run_until([&] { return told.size() == 2; });
    EXPECT_EQ(told, (std::vector<bool>{true, false}));
}

TEST_F(Logind, what_is_given_after_the_release_is_not_kept) {
    open();
    watch->take();
    watch->release();
    run_until([&] { return logind->given() > 0; });
    settle();
    EXPECT_FALSE(watch->holds());
    run_until([&] { return logind->held() == 0; });
}

TEST_F(Logind, a_refusal_is_taken_as_none_and_asked_again_when_told) {
    open();
    logind->refuse(true);
    watch->take();
    run_until([&] { return logind->refusals() == 1; });
    settle();
    EXPECT_FALSE(watch->holds());
    EXPECT_EQ(logind->refusals(), 1);
    logind->refuse(false);
    watch->take();  // as after PrepareForSleep(false)
    run_until([&] { return logind->held() == 1; });
}

TEST_F(Logind, a_refusal_that_comes_after_the_next_wish_is_asked_again) {
    open();
    logind->refuse(true);
    watch->take();
    const auto end = Clock::now() + 10s;
    while (logind->refusals() == 0 && Clock::now() < end) std::this_thread::yield();  // the answer is not read yet
    ASSERT_EQ(logind->refusals(), 1);
    logind->refuse(false);
    watch->take();
    run_until([&] { return watch->holds() && logind->held() == 1; });
}

TEST_F(Logind, comes_late_and_is_restarted) {
    bus.start();
    link = std::make_unique<BusLink>(io);
    watch = std::make_unique<SleepWatch>(*link, [this](bool sleeping) { told.push_back(sleeping); });
    watch->take();
    run_until([&] { return link->connected(); });
    settle();
    EXPECT_FALSE(watch->holds()) << "no logind, no inhibitor, no noise";
    for (int round = 0; round < 2; ++round) {
        logind.reset();  // it forgets what it gave
        logind = std::make_unique<StandIn>();
        run_until([&] { return logind->held() == 1; });
        logind->prepare(1);
        run_until([&] { return told.size() == static_cast<std::size_t>(round) + 1; });
    }
    watch->release();
    logind.reset();
    logind = std::make_unique<StandIn>();
    settle();
    EXPECT_EQ(logind->given(), 0U) << "released is released";
}

TEST_F(Logind, the_bus_goes_and_comes_back) {
    open();
    watch->take();
    run_until([&] { return logind->held() == 1; });
    logind.reset();
    bus.stop();
    run_until([&] { return !link->connected(); });
    bus.start();
    logind = std::make_unique<StandIn>();
    run_until([&] { return logind->held() == 1; }, 20s);
    logind->prepare(1);
    run_until([&] { return !told.empty(); });
}

TEST_F(Logind, nobody_else_can_send_it_to_sleep) {
    open();
    sd_bus* forger = nullptr;
    ASSERT_GE(sd_bus_open_system(&forger), 0);
    ASSERT_GE(sd_bus_emit_signal(forger, "/org/freedesktop/login1", "org.freedesktop.login1.Manager", "PrepareForSleep",
                                 "b", 1),
              0);
    ASSERT_GE(sd_bus_flush(forger), 0);
    sd_bus_flush_close_unref(forger);
    logind->prepare(0);
    run_until([&] { return !told.empty(); });
    EXPECT_EQ(told, std::vector<bool>{false});
}

}  // namespace
}  // namespace memdb::host
