#include "host/sleep_watch.hpp"

#include "base/log.hpp"

#include <fcntl.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <utility>

namespace memdb::host {
namespace {

const char* const kLogind = "org.freedesktop.login1";
const char* const kPath = "/org/freedesktop/login1";
const char* const kManager = "org.freedesktop.login1.Manager";
const char* const kDriver = "org.freedesktop.DBus";
constexpr Duration kInhibitLimit = 5s;

}  // namespace

struct SleepWatch::Impl : std::enable_shared_from_this<Impl> {
    explicit Impl(BusLink& link, std::function<void(bool)> call) : bus(link), prepare(std::move(call)) {}
    ~Impl() { drop(); }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    void subscribe() {
        const auto weak = weak_from_this();
        there = bus.on_bus([weak](bool connected) {
            if (const auto self = weak.lock(); self && connected) self->ask();
        });
        signal = bus.on_signal({kLogind, kPath, kManager, "PrepareForSleep"}, [weak](sd_bus_message* message) {
            int sleeping = 0;
            if (sd_bus_message_read(message, "b", &sleeping) <= 0) return;
            if (const auto self = weak.lock()) self->prepare(sleeping != 0);
        });
        // A logind that was restarted may know nothing of what its predecessor gave.
        BusLink::Signal owner{kDriver, "/org/freedesktop/DBus", kDriver, "NameOwnerChanged", kLogind};
        owned = bus.on_signal(owner, [weak](sd_bus_message* message) {
            const char *name = "", *before = "", *after = "";
            if (sd_bus_message_read(message, "sss", &name, &before, &after) <= 0 || *after == '\0') return;
            if (const auto self = weak.lock()) self->ask();
        });
    }

    /// What is held stays until the new one is there.
    void ask() {
        if (!wanted) return;
        BusLink::Call inhibit{kLogind, kPath, kManager, "Inhibit"};
        inhibit.arguments = [](sd_bus_message* message) {
            return sd_bus_message_append(message, "ssss", "sleep", "memdbd", "Probes and timers of tunnels rest",
                                         "delay");
        };
        inhibit.starts_service = false;  // its start is told
        asking = true;
        again = false;
        bus.call(inhibit, kInhibitLimit,
                 [weak = weak_from_this(), mine = ++asked](const Result<sd_bus_message*>& reply) {
                     const auto self = weak.lock();
                     if (!self || !self->wanted || self->asked != mine) return;
                     self->asking = false;
                     self->answered(reply);
                     if (std::exchange(self->again, false) && reply.has_error()) self->ask();
                 });
    }

    void answered(const Result<sd_bus_message*>& reply) {
        if (reply.has_error()) return complain(reply.error());
        int given = -1;
        if (sd_bus_message_read(*reply, "h", &given) <= 0) return complain({Errc::io, "logind gave no descriptor"});
        const int own = ::fcntl(given, F_DUPFD_CLOEXEC, 3);  // the message owns `given`
        if (own < 0) return;
        drop();
        fd = own;
        told = false;
        logger("host")->debug("sleep waits for memdbd (a delay inhibitor of logind)");
    }

    void complain(const Failure& why) {
        const bool usual = why.code == Errc::not_found || why.code == Errc::peer_closed;  // no logind, no bus
        const auto level = usual || std::exchange(told, true) ? spdlog::level::debug : spdlog::level::info;
        logger("host")->log(level, "sleep does not wait for memdbd, ignoring: {}", why.message);
    }

    void drop() {
        if (fd >= 0) ::close(fd);
        fd = -1;
    }

    BusLink& bus;
    std::function<void(bool)> prepare;
    BusLink::Subscription there, signal, owned;
    bool wanted = false;
    std::uint64_t asked = 0;
    bool asking = false;  ///< the last of them has no answer yet
    bool again = false;   ///< wanted once more meanwhile: a refusal may tell of a moment that has passed
    int fd = -1;
    bool told = false;
};

SleepWatch::SleepWatch(BusLink& bus, std::function<void(bool)> prepare)
    : impl_(std::make_shared<Impl>(bus, std::move(prepare))) {
    impl_->subscribe();
}

SleepWatch::~SleepWatch() = default;

void SleepWatch::take() {
    impl_->wanted = true;
    if (impl_->asking) impl_->again = true;
    if (impl_->fd < 0 && !impl_->asking && impl_->bus.connected()) impl_->ask();
}

void SleepWatch::release() {
    impl_->wanted = impl_->asking = impl_->again = false;
    impl_->drop();
}

bool SleepWatch::holds() const noexcept { return impl_->fd >= 0; }

}  // namespace memdb::host
