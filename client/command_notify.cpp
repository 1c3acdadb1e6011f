// notify: desktop notifications for the session it runs in, through the bus's own program: a library for one call would
// make every other command of memdbctl slower to start.
#include "base/clock.hpp"
#include "client/agent_source.hpp"
#include "client/child_process.hpp"
#include "client/commands.hpp"
#include "client/notify_tracker.hpp"
#include "client/text.hpp"

#include <poll.h>

#include <algorithm>
#include <charconv>
#include <map>

namespace memdb::client {
namespace {

constexpr Duration kRetry = 2s;          ///< between two tries to reach the agent
constexpr Duration kSendLimit = 10s;     ///< of one call on the bus
constexpr std::size_t kBodyBytes = 400;  ///< what fits a notification

/// The text of a body may hold markup (Desktop Notifications Specification); ours is none.
std::string plain_body(std::string_view text) {
    std::string out;
    for (const char c : text.substr(0, kBodyBytes)) {
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else
            out += c;
    }
    return out;
}

class Notifier {
  public:
    explicit Notifier(const Context& context) : context_(context), program_(find_program("busctl")) {}

    [[nodiscard]] bool can_send() const { return !program_.empty(); }

    void send(const std::vector<Notice>& notices) {
        for (const Notice& notice : notices) send(notice);
    }

  private:
    void send(const Notice& notice) {
        std::string lines;  // each cleaned for itself: a line break is allowed here
        for (std::size_t from = 0; from <= notice.body.size();) {
            const std::size_t to = std::min(notice.body.find('\n', from), notice.body.size());
            lines += (from > 0 ? "\n" : "") + clean(std::string_view(notice.body).substr(from, to - from), false);
            from = to + 1;
        }
        const std::string id = std::to_string(shown_[notice.about]);
        const char* const icon = notice.urgent ? "network-error" : "network-idle";
        const auto end = run_child({{program_,
                                     "--user",
                                     "--timeout=5",
                                     "--",
                                     "call",
                                     "org.freedesktop.Notifications",
                                     "/org/freedesktop/Notifications",
                                     "org.freedesktop.Notifications",
                                     "Notify",
                                     "susssasa{sv}i",
                                     "memdbctl",
                                     id,
                                     icon,
                                     clean(notice.summary, false),
                                     plain_body(lines),
                                     "0",
                                     "1",
                                     "urgency",
                                     "y",
                                     notice.urgent ? "2" : "1",
                                     "-1"},
                                    own_environment(),
                                    {},
                                    kOutputLimit,
                                    kSendLimit});
        if (end.has_error()) end_if_interrupted(end.error());
        if (end.has_error()) return warn(context_, "a notification was not shown: " + end.error().message);
        if (end->status != 0) return warn(context_, "a notification was not shown: " + child_failure("busctl", *end));
        remember(notice.about, end->output);
    }

    /// "u 42": what to replace the next time.
    void remember(const std::string& about, std::string_view reply) {
        if (!reply.starts_with("u ")) return;
        std::uint32_t number = 0;
        (void)std::from_chars(reply.data() + 2, reply.data() + reply.size(), number);  // 0 replaces nothing
        shown_[about] = number;
    }

    const Context& context_;
    std::string program_;
    std::map<std::string, std::uint32_t> shown_;  ///< the server's number of the last one, by what it is about
};

}  // namespace

int run_notify(Context& context) {
    Notifier notifier(context);
    if (!notifier.can_send()) return complain(context, {Exit::failed, "busctl is not there: it comes with systemd"});
    AgentSource source(context);
    NotifyTracker tracker;
    auto state = source.connect();
    if (state.has_error()) return complain(context, state.error());
    for (;;) {
        notifier.send(state.has_value() ? tracker.see(*state, now()) : tracker.miss(now()));
        if (!source.connected()) {
            (void)::poll(nullptr, 0, static_cast<int>(kRetry.count()));
            state = source.connect();
            continue;
        }
        const auto events = source.events(tracker.next(now()));
        if (events.has_error())
            state = events.error();
        else
            state = source.state();
    }
}

}  // namespace memdb::client
