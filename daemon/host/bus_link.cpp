#include "host/bus_link.hpp"

#include <poll.h>
#include <systemd/sd-bus.h>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <deque>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

namespace memdb::host {
namespace {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;
using boost::system::error_code;

constexpr Duration kFirstPause = 1s;
constexpr Duration kLongestPause = 60s;
const char* const kDriver = "org.freedesktop.DBus";
const char* const kDriverPath = "/org/freedesktop/DBus";
constexpr int kTurnLimit = 64;  ///< messages handled before other work of the loop gets its turn

Errc code_of(std::string_view name) {
    const auto ends = [&](std::string_view tail) { return name.ends_with(tail); };
    if (ends(".AccessDenied") || ends(".InteractiveAuthorizationRequired") || ends(".AuthFailed") ||
        name.starts_with("org.freedesktop.PolicyKit1.Error."))
        return Errc::not_permitted;
    if (ends(".ServiceUnknown") || ends(".NameHasNoOwner") || ends(".UnknownObject") || ends(".UnknownMethod") ||
        ends(".NoSuchLink") || ends(".NoSuchUnit") || ends(".NoSuchUnitError"))
        return Errc::not_found;
    if (ends(".Timeout") || ends(".TimedOut")) return Errc::deadline_passed;
    if (ends(".LinkBusy")) return Errc::busy;
    if (ends(".Disconnected") || ends(".NoReply")) return Errc::peer_closed;
    return Errc::io;
}

Failure failure_of(const sd_bus_error& error) {
    const std::string name = error.name != nullptr ? error.name : "no error name";
    return {code_of(name), name + (error.message != nullptr ? std::string(": ") + error.message : "")};
}

std::uint64_t usec(Duration limit) {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(limit).count());
}

}  // namespace

/// One subscription, on one connection after the other.
struct BusLink::Listener {
    std::function<void(bool)> on_bus;  ///< of on_bus()
    Signal signal;                     ///< of on_signal()
    std::function<void(sd_bus_message*)> on_signal;
    std::string owner;  ///< the unique name behind signal.sender; empty while nobody has it

    Listener() = default;
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener() { detach(); }

    void attach(sd_bus* bus) {
        if (!on_signal) return;
        // A refused match shows as silence only; the next connection tries again.
        (void)sd_bus_add_match_async(bus, add_slot(), rule(signal).c_str(), &Listener::on_message, nullptr, this);
        if (signal.sender == kDriver) {
            owner = kDriver;  // the bus itself: no connection can have that name
            return;
        }
        const Signal owners{kDriver, kDriverPath, kDriver, "NameOwnerChanged", signal.sender};
        (void)sd_bus_add_match_async(bus, add_slot(), rule(owners).c_str(), &Listener::on_owner_changed, nullptr, this);
        (void)sd_bus_call_method_async(bus, add_slot(), kDriver, kDriverPath, kDriver, "GetNameOwner",
                                       &Listener::on_owner, this, "s", signal.sender.c_str());
    }

    void detach() noexcept {
        for (sd_bus_slot* slot : slots_) sd_bus_slot_unref(slot);
        slots_.clear();
        owner.clear();
    }

  private:
    sd_bus_slot** add_slot() {
        slots_.push_back(nullptr);
        return &slots_.back();
    }

    static std::string rule(const Signal& of) {
        std::string rule = "type='signal',sender='" + of.sender + "',path='" + of.path + "',interface='" +
                           of.interface + "',member='" + of.member + "'";
        if (!of.first_argument.empty()) rule += ",arg0='" + of.first_argument + "'";
        return rule;
    }

    /// Anybody on the bus can send a signal to us alone, past the rule that the bus itself goes by; and sd-bus, which
    /// does not know who has which name, lets it through.
    static int on_message(sd_bus_message* message, void* listener, sd_bus_error*) {
        auto* const self = static_cast<Listener*>(listener);
        const char* const sender = sd_bus_message_get_sender(message);
        if (self->owner.empty() || sender == nullptr || self->owner != sender) return 0;
        const auto call = self->on_signal;  // it may end its own subscription
        call(message);
        return 0;
    }

    static int on_owner(sd_bus_message* reply, void* listener, sd_bus_error*) {
        const char* name = nullptr;
        if (sd_bus_message_is_method_error(reply, nullptr) == 0 && sd_bus_message_read(reply, "s", &name) > 0)
            static_cast<Listener*>(listener)->owner = name;
        return 0;
    }

    static int on_owner_changed(sd_bus_message* message, void* listener, sd_bus_error*) {
        const char *name = nullptr, *before = nullptr, *now = nullptr;
        const char* const sender = sd_bus_message_get_sender(message);
        if (sender != nullptr && std::string_view(sender) == kDriver &&
            sd_bus_message_read(message, "sss", &name, &before, &now) > 0)
            static_cast<Listener*>(listener)->owner = now;
        return 0;
    }

    std::deque<sd_bus_slot*> slots_;  ///< sd-bus writes into it
};

struct BusLink::Impl : std::enable_shared_from_this<Impl> {
    struct Pending {
        Impl* owner;
        sd_bus_slot* slot = nullptr;
        std::string what;
        asio::steady_timer::time_point deadline;
        Done done;
    };

    explicit Impl(asio::io_context& loop) : io(loop), descriptor(loop), timer(loop), retry(loop) {}

    // --- the connection ---

    void connect() {
        if (closed || bus != nullptr) return;
        sd_bus* opened = nullptr;
        if (sd_bus_open_system(&opened) < 0) return look_again();
        bus = opened;
        error_code error;
        descriptor.assign(sd_bus_get_fd(bus), error);
        if (error) return lost();
        for (const auto& listener : living()) listener->attach(bus);
        // Its first answer: the bus is there, not only its socket.
        sd_bus_slot* slot = nullptr;
        if (sd_bus_call_method_async(bus, &slot, kDriver, kDriverPath, "org.freedesktop.DBus.Peer", "Ping",
                                     &Impl::on_greeted, this, "") < 0)
            return lost();
        greeting = slot;
        pump();
    }

    static int on_greeted(sd_bus_message* reply, void* self, sd_bus_error*) {
        auto* const impl = static_cast<Impl*>(self);
        // Any answer will do: dbus-broker and dbus-daemon differ in what they say to Ping.
        if (sd_bus_message_is_method_error(reply, "org.freedesktop.DBus.Error.Disconnected") > 0) return 0;
        impl->greeted = true;
        impl->pause = kFirstPause;
        for (const auto& listener : impl->living())
            if (listener->on_bus) listener->on_bus(true);
        return 0;
    }

    void look_again() {
        retry.expires_after(pause);
        pause = std::min<Duration>(pause * 2, kLongestPause);
        retry.async_wait([weak = weak_from_this()](const error_code& error) {
            if (const auto self = weak.lock(); self && !error) self->connect();
        });
    }

    void close() noexcept {
        error_code ignored;
        timer.cancel();
        if (descriptor.is_open()) {
            descriptor.cancel(ignored);
            (void)descriptor.release();  // the fd is the bus's
        }
        reading = writing = greeted = false;
        ++era;
        for (const auto& listener : living()) listener->detach();
        sd_bus_slot_unref(std::exchange(greeting, nullptr));
        for (auto& [id, pending] : calls) sd_bus_slot_unref(std::exchange(pending->slot, nullptr));
        if (bus != nullptr) sd_bus_close_unref(std::exchange(bus, nullptr));
    }

    void lost() {
        const bool was_there = greeted;
        close();
        for (auto& [id, pending] : std::exchange(calls, {}))
            pending->done(Failure{Errc::peer_closed, "the system bus has closed the connection"});
        if (was_there)
            for (const auto& listener : living())
                if (listener->on_bus && !closed) listener->on_bus(false);
        if (!closed) look_again();
    }

    // --- driving it ---

    void pump() {
        const auto self = shared_from_this();
        int result = 1;
        for (int turn = 0; turn < kTurnLimit && result > 0 && bus != nullptr; ++turn)
            result = sd_bus_process(bus, nullptr);
        if (closed || bus == nullptr) return;
        if (result < 0) return lost();
        if (result > 0) return later();
        arm();
    }

    void later() {
        if (std::exchange(posted, true)) return;
        asio::post(io, [weak = weak_from_this()] {
            const auto self = weak.lock();
            if (!self) return;
            self->posted = false;
            if (!self->closed && self->bus != nullptr) self->pump();
        });
    }

    void arm() {
        const int events = sd_bus_get_events(bus);
        if (events < 0) return lost();
        if ((events & POLLIN) != 0 && !std::exchange(reading, true)) wait(stream_descriptor::wait_read, reading);
        if ((events & POLLOUT) != 0 && !std::exchange(writing, true)) wait(stream_descriptor::wait_write, writing);
        std::uint64_t at = UINT64_MAX;
        timer.cancel();
        if (sd_bus_get_timeout(bus, &at) < 0 || at == UINT64_MAX) return;
        timer.expires_at(asio::steady_timer::time_point(std::chrono::microseconds(static_cast<std::int64_t>(at))));
        timer.async_wait([weak = weak_from_this()](const error_code& error) {
            if (const auto self = weak.lock(); self && !error && self->bus != nullptr) self->pump();
        });
    }

    void wait(stream_descriptor::wait_type what, bool& flag) {
        descriptor.async_wait(what, [weak = weak_from_this(), &flag, mine = era](const error_code& error) {
            const auto self = weak.lock();
            if (!self || self->era != mine) return;  // of an earlier connection
            flag = false;
            if (!error) self->pump();
        });
    }

    // --- users ---

    std::vector<std::shared_ptr<Listener>> living() {
        std::vector<std::shared_ptr<Listener>> alive;
        std::erase_if(listeners, [](const auto& weak) { return weak.expired(); });
        for (const auto& weak : listeners)
            if (auto listener = weak.lock()) alive.push_back(std::move(listener));
        return alive;
    }

    void call(const Call& wanted, Duration limit, Done done) {
        if (bus == nullptr) return refuse(std::move(done), {Errc::peer_closed, "there is no system bus"});
        sd_bus_message* message = nullptr;
        int result = sd_bus_message_new_method_call(bus, &message, wanted.destination.c_str(), wanted.path.c_str(),
                                                    wanted.interface.c_str(), wanted.member.c_str());
        if (result >= 0) result = sd_bus_message_set_auto_start(message, wanted.starts_service ? 1 : 0);
        if (result >= 0 && wanted.arguments) result = wanted.arguments(message);
        auto pending =
            std::make_unique<Pending>(Pending{this, nullptr, wanted.interface + "." + wanted.member,
                                              asio::steady_timer::clock_type::now() + limit, std::move(done)});
        if (result >= 0)
            result = sd_bus_call_async(bus, &pending->slot, message, &Impl::on_reply, pending.get(), usec(limit));
        sd_bus_message_unref(message);
        if (result < 0) return refuse(std::move(pending->done), system_failure("calling " + wanted.member, -result));
        calls.emplace(pending.get(), std::move(pending));
        later();
    }

    static int on_reply(sd_bus_message* reply, void* data, sd_bus_error*) {
        auto* const key = static_cast<Pending*>(data);
        const auto self = key->owner->shared_from_this();
        const auto found = self->calls.find(key);
        if (found == self->calls.end()) return 0;
        const std::unique_ptr<Pending> pending = std::move(found->second);
        self->calls.erase(found);
        const sd_bus_error* const error = sd_bus_message_get_error(reply);
        // NoReply is sd-bus's own word for a deadline, and the bus's for a service that has gone.
        if (error != nullptr && asio::steady_timer::clock_type::now() >= pending->deadline)
            pending->done(Failure{Errc::deadline_passed, pending->what + " was not answered in time"});
        else if (error != nullptr)
            pending->done(failure_of(*error));
        else
            pending->done(reply);
        sd_bus_slot_unref(pending->slot);
        return 0;
    }

    void refuse(Done done, Failure why) {
        asio::post(io, [weak = weak_from_this(), call = std::move(done), why = std::move(why)] {
            if (const auto self = weak.lock(); self && !self->closed) call(why);
        });
    }

    asio::io_context& io;
    stream_descriptor descriptor;
    asio::steady_timer timer, retry;
    sd_bus* bus = nullptr;
    sd_bus_slot* greeting = nullptr;
    Duration pause = kFirstPause;
    std::uint64_t era = 0;  ///< counts connections: a wait that was begun in an earlier one says nothing
    bool closed = false, greeted = false, reading = false, writing = false, posted = false;
    std::vector<std::weak_ptr<Listener>> listeners;
    std::map<Pending*, std::unique_ptr<Pending>> calls;
};

BusLink::BusLink(asio::io_context& io) : impl_(std::make_shared<Impl>(io)) {
    asio::post(io, [weak = std::weak_ptr(impl_)] {
        if (const auto self = weak.lock()) self->connect();
    });
}

BusLink::~BusLink() {
    impl_->closed = true;
    impl_->retry.cancel();
    impl_->close();
    impl_->calls.clear();
}

BusLink::Subscription BusLink::on_bus(std::function<void(bool)> call) {
    auto listener = std::make_shared<Listener>();
    listener->on_bus = std::move(call);
    impl_->listeners.push_back(listener);
    if (impl_->greeted)
        asio::post(impl_->io, [weak = std::weak_ptr(listener), self = impl_] {
            const auto alive = weak.lock();
            if (alive && self->greeted) alive->on_bus(true);
        });
    return Subscription(std::move(listener));
}

BusLink::Subscription BusLink::on_signal(Signal signal, std::function<void(sd_bus_message*)> call) {
    auto listener = std::make_shared<Listener>();
    listener->signal = std::move(signal);
    listener->on_signal = std::move(call);
    impl_->listeners.push_back(listener);
    if (impl_->bus != nullptr) {
        listener->attach(impl_->bus);
        impl_->later();
    }
    return Subscription(std::move(listener));
}

void BusLink::call(const Call& call, Duration limit, Done done) { impl_->call(call, limit, std::move(done)); }

bool BusLink::connected() const noexcept { return impl_->greeted; }

}  // namespace memdb::host
