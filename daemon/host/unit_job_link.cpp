#include "host/unit_job_link.hpp"

#include "host/bus_link.hpp"

#include <systemd/sd-bus.h>
#include <unistd.h>

#include <cstdint>
#include <optional>

namespace memdb::host {
namespace {

const char* const kSystemd = "org.freedesktop.systemd1";

/// Three questions, one after the other: which unit, which job, what kind of job.
class Asking {
  public:
    Asking(BusLink& bus, Duration limit) : bus_(bus), limit_(limit) {}

    void begin() {
        BusLink::Call call{kSystemd, "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager", "GetUnitByPID"};
        call.arguments = [](sd_bus_message* message) {
            return sd_bus_message_append(message, "u", static_cast<std::uint32_t>(::getpid()));
        };
        call.starts_service = false;
        bus_.call(call, limit_, [this](const Result<sd_bus_message*>& reply) {
            const char* unit = nullptr;
            if (reply.has_error())
                answer_ = reply.error();
            else if (sd_bus_message_read(*reply, "o", &unit) <= 0)
                malformed();
            else
                ask_for_job(unit);
        });
    }

    std::optional<Result<std::string>> answer() { return answer_; }

  private:
    void ask_for_job(const char* unit) {
        get(unit, "org.freedesktop.systemd1.Unit", "Job", [this](sd_bus_message* reply) {
            std::uint32_t number = 0;
            const char* job = nullptr;
            if (sd_bus_message_read(reply, "v", "(uo)", &number, &job) <= 0) return malformed();
            if (number == 0)
                answer_ = Result<std::string>(std::string());
            else
                ask_for_type(job);
        });
    }

    void ask_for_type(const char* job) {
        get(job, "org.freedesktop.systemd1.Job", "JobType", [this](sd_bus_message* reply) {
            const char* type = nullptr;
            if (sd_bus_message_read(reply, "v", "s", &type) <= 0) return malformed();
            answer_ = Result<std::string>(std::string(type));
        });
    }

    template <class Then>
    void get(const char* path, const char* interface, const char* property, Then then) {
        BusLink::Call call{kSystemd, path, "org.freedesktop.DBus.Properties", "Get"};
        call.arguments = [=](sd_bus_message* message) {
            return sd_bus_message_append(message, "ss", interface, property);
        };
        bus_.call(call, limit_, [this, then](const Result<sd_bus_message*>& reply) {
            if (reply.has_error())
                answer_ = reply.error();
            else
                then(*reply);
        });
    }

    void malformed() { answer_ = Failure{Errc::malformed, "systemd's answer is none that is known"}; }

    BusLink& bus_;
    Duration limit_;
    std::optional<Result<std::string>> answer_;
};

}  // namespace

Result<std::string> unit_job(Duration limit) {
    boost::asio::io_context io;
    BusLink bus(io);
    Asking asking(bus, limit);
    const auto there = bus.on_bus([&](bool connected) {
        if (connected) asking.begin();
    });
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!asking.answer() && std::chrono::steady_clock::now() < end) io.run_one_until(end);
    if (auto answer = asking.answer()) return std::move(*answer);
    return Failure{bus.connected() ? Errc::deadline_passed : Errc::peer_closed, "systemd does not answer over D-Bus"};
}

}  // namespace memdb::host
