#include "host/resolved_link.hpp"

#include <sys/socket.h>
#include <systemd/sd-bus.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace memdb::host {
namespace {

const char* const kService = "org.freedesktop.resolve1";
const char* const kDriver = "org.freedesktop.DBus";
const char* const kDriverPath = "/org/freedesktop/DBus";

/// Appends arguments; the first failure is kept.
class Arguments {
  public:
    explicit Arguments(sd_bus_message* message) : message_(message) {}

    template <class... Values>
    void add(const char* types, Values... values) {
        keep(sd_bus_message_append(message_, types, values...));
    }
    void address(const IpAddress& address) {
        add("i", address.is_v6 ? AF_INET6 : AF_INET);
        keep(sd_bus_message_append_array(message_, 'y', address.bytes.data(), address.is_v6 ? 16 : 4));
    }
    template <class Body>
    void container(char type, const char* contents, Body body) {
        keep(sd_bus_message_open_container(message_, type, contents));
        body();
        keep(sd_bus_message_close_container(message_));
    }
    [[nodiscard]] int result() const noexcept { return result_; }

  private:
    void keep(int result) {
        if (result_ >= 0 && result < 0) result_ = result;
    }
    sd_bus_message* message_;
    int result_ = 0;
};

BusLink::Call call_of(const char* member, std::function<void(Arguments&)> fill) {
    BusLink::Call call{kService, "/org/freedesktop/resolve1", "org.freedesktop.resolve1.Manager", member};
    call.starts_service = false;
    call.arguments = [fill = std::move(fill)](sd_bus_message* message) {
        Arguments arguments(message);
        fill(arguments);
        return arguments.result();
    };
    return call;
}

BusLink::Call set_servers(int link, const std::vector<DnsServer>& servers) {
    const bool plain = std::ranges::all_of(servers, [](const DnsServer& s) { return s.port == DnsServer::kPort; });
    const char* const entry = plain ? "iay" : "iayqs";  // the longer one is younger (systemd 246)
    return call_of(plain ? "SetLinkDNS" : "SetLinkDNSEx", [=](Arguments& arguments) {
        arguments.add("i", link);
        arguments.container('a', plain ? "(iay)" : "(iayqs)", [&] {
            for (const DnsServer& server : servers)
                arguments.container('r', entry, [&] {
                    arguments.address(server.address);
                    if (!plain) arguments.add("qs", static_cast<unsigned>(server.port), "");
                });
        });
    });
}

BusLink::Call set_domains(int link, const std::vector<LinkDomain>& domains) {
    return call_of("SetLinkDomains", [=](Arguments& arguments) {
        arguments.add("i", link);
        arguments.container('a', "(sb)", [&] {
            for (const LinkDomain& domain : domains)
                arguments.add("(sb)", domain.name.c_str(), static_cast<int>(domain.routing_only));
        });
    });
}

BusLink::Call set_default_route(int link, bool on) {
    return call_of("SetLinkDefaultRoute", [=](Arguments& a) { a.add("ib", link, static_cast<int>(on)); });
}

BusLink::Call revert_call(int link) {
    return call_of("RevertLink", [=](Arguments& a) { a.add("i", link); });
}

DnsTrouble trouble_of(const Failure& failure) {
    switch (failure.code) {
        case Errc::not_permitted: return DnsTrouble::denied;
        case Errc::busy: return DnsTrouble::managed;
        case Errc::deadline_passed:
        case Errc::peer_closed: return DnsTrouble::late;
        case Errc::not_found:
            if (failure.message.starts_with("org.freedesktop.resolve1.")) return DnsTrouble::no_link;
            if (failure.message.find(".Unknown") != std::string::npos) return DnsTrouble::failed;  // an older one
            return DnsTrouble::absent;
        case Errc::bad_input:
        case Errc::already_exists:
        case Errc::too_large:
        case Errc::malformed:
        case Errc::io:
        case Errc::internal: break;
    }
    return DnsTrouble::failed;
}

DnsFailure failure_of(const Failure& failure) { return {trouble_of(failure), failure.message}; }

/// Who is not there has nothing to take back.
bool is_gone(const Failure& failure) {
    const DnsTrouble trouble = trouble_of(failure);
    return trouble == DnsTrouble::absent || trouble == DnsTrouble::no_link;
}

}  // namespace

/// Calls, one after the other.
struct ResolvedLink::Course {
    int link;
    std::vector<BusLink::Call> calls;
    Done done;
    std::size_t at = 0;
};

ResolvedLink::ResolvedLink(BusLink& bus, std::function<void()> changed, Duration call_limit)
    : bus_(bus), changed_(std::move(changed)), call_limit_(call_limit) {
    const BusLink::Signal owners{kDriver, kDriverPath, kDriver, "NameOwnerChanged", kService};
    subscriptions_.push_back(bus_.on_signal(owners, [this](sd_bus_message* message) {
        const char *name = nullptr, *before = nullptr, *now = nullptr;
        if (sd_bus_message_read(message, "sss", &name, &before, &now) > 0) note(*now != '\0', *now != '\0');
    }));
    subscriptions_.push_back(bus_.on_bus([this](bool connected) {
        if (connected) return ask_who_runs();
        note(false, false);
    }));
}

ResolvedLink::~ResolvedLink() = default;

void ResolvedLink::ask_who_runs() {
    BusLink::Call call{kDriver, kDriverPath, kDriver, "NameHasOwner"};
    call.arguments = [](sd_bus_message* message) { return sd_bus_message_append(message, "s", kService); };
    bus_.call(call, call_limit_, [this, life = std::weak_ptr(life_)](const Result<sd_bus_message*>& reply) {
        int has_owner = 0;
        if (life.expired() || reply.has_error() || sd_bus_message_read(*reply, "b", &has_owner) <= 0) return;
        note(has_owner != 0, has_owner != 0);
    });
}

void ResolvedLink::note(bool running, bool is_another) {
    const bool is_news = running_ != running || is_another;
    running_ = running;
    if (is_news && changed_) changed_();
}

void ResolvedLink::apply(unsigned link, const LinkDns& dns, Done done) {
    const int number = static_cast<int>(link);
    // Servers last: until then nothing is asked of the device. Without the first call it would be for every name.
    next(std::make_shared<Course>(Course{number,
                                         {set_default_route(number, dns.default_route),
                                          set_domains(number, dns.domains), set_servers(number, dns.servers)},
                                         std::move(done)}));
}

void ResolvedLink::next(std::shared_ptr<Course> course) {
    const BusLink::Call& call = course->calls[course->at++];
    bus_.call(call, call_limit_, [this, life = std::weak_ptr(life_), course](const Result<sd_bus_message*>& reply) {
        if (life.expired()) return;
        if (reply.has_error()) return undo(course, failure_of(reply.error()));
        if (course->at < course->calls.size()) return next(course);
        course->done(std::nullopt);
    });
}

void ResolvedLink::undo(std::shared_ptr<Course> course, DnsFailure why) {
    if (why.trouble == DnsTrouble::absent || why.trouble == DnsTrouble::no_link) return course->done(std::move(why));
    bus_.call(revert_call(course->link), call_limit_,
              [life = std::weak_ptr(life_), course, why = std::move(why)](const Result<sd_bus_message*>&) {
                  if (!life.expired()) course->done(why);  // what was refused first says more
              });
}

void ResolvedLink::revert(unsigned link, Done done) {
    bus_.call(revert_call(static_cast<int>(link)), call_limit_,
              [life = std::weak_ptr(life_), done = std::move(done)](const Result<sd_bus_message*>& reply) {
                  if (life.expired()) return;
                  const bool failed = reply.has_error() && !is_gone(reply.error());
                  done(failed ? std::optional(failure_of(reply.error())) : std::nullopt);
              });
}

Result<void> revert_link_dns(unsigned link, Duration limit) {
    boost::asio::io_context io;
    BusLink bus(io);
    std::optional<Result<void>> outcome;
    const auto told = bus.on_bus([&](bool connected) {
        if (!connected) return;
        bus.call(revert_call(static_cast<int>(link)), limit, [&](const Result<sd_bus_message*>& reply) {
            outcome = reply.has_error() && !is_gone(reply.error()) ? Result<void>(reply.error()) : Result<void>();
            io.stop();
        });
    });
    io.run_for(limit);
    if (outcome) return *std::move(outcome);
    if (!bus.connected()) return {};  // without a bus nobody can have set anything
    return Failure{Errc::deadline_passed, "systemd-resolved does not answer"};
}

}  // namespace memdb::host
