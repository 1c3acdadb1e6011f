// watch: the live view. Events wake it, a look each second samples the PINGs; nothing runs in the agent for it between.
#include "base/clock.hpp"
#include "client/agent_source.hpp"
#include "client/local_time.hpp"
#include "client/render_event.hpp"
#include "client/render_watch.hpp"
#include "client/text.hpp"
#include "client/watch_terminal.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>

namespace memdb::client {
namespace {

constexpr Duration kRhythm = 1s;
constexpr Duration kSlowRhythm = 5s;       ///< of a large cluster, whose state is long
constexpr std::size_t kLargeCluster = 64;  ///< nodes
constexpr Duration kPatience = 2s;         ///< for the agent's answers: the view must not stand still for long
constexpr Duration kTold = 5s;

bool concerns(const control::Event& event, const std::optional<std::string>& only) {
    return !only || event.profile.empty() || event.profile == *only;
}

class Watch {
  public:
    Watch(Context& context, WatchTerminal& terminal, WatchModel model)
        : context_(context),
          terminal_(terminal),
          model_(std::move(model)),
          source_(context),
          offset_(zone_offset(wall_now())) {}

    /// Until somebody ends it; returns the exit code.
    int run() {
        for (;;) {
            follow();
            if (!show()) return 1;  // no terminal any more: nobody is told
            pollfd wait[] = {{0, POLLIN, 0}, {terminal_.signal_fd(), POLLIN, 0}, {source_.fd(), POLLIN, 0}};
            const auto left = std::clamp<std::int64_t>((next_ - now()).count(), 0, kRhythm.count());
            (void)::poll(wait, 3, static_cast<int>(left));  // whatever woke us is looked at below
            if (const auto exit = take_signals()) return *exit;
            std::string typed;
            if (!terminal_.read(typed)) return 1;
            for (const Key key : decode_keys(typed))
                if (act(model_.press(key))) return 0;
        }
    }

  private:
    void take(Outcome<control::Snapshot> state) {
        if (state.has_error())
            model_.lose(state.error().message, wall_now());
        else
            model_.take(std::move(*state));
    }

    /// Events and, in a steady rhythm, a sample.
    void follow() {
        const bool due = now() >= next_;
        if (!source_.connected()) {
            if (!due) return;
            take(source_.connect());
            if (source_.connected() && begun_) model_.note(stamp() + "the agent answers");
            begun_ = true;
        } else {
            const auto events = source_.events(now());
            if (events.has_error()) {
                model_.lose(events.error().message, wall_now());
                model_.note(stamp() + clean(events.error().message, !context_.terminal.out.utf8));
            } else {
                for (const auto& event : *events) note(event);
                if (!events->empty() || due) take(source_.state());
            }
        }
        if (!due) return;
        model_.sample();
        next_ = now() + (model_.nodes() > kLargeCluster && source_.connected() ? kSlowRhythm : kRhythm);
    }

    [[nodiscard]] std::string stamp() const { return clock_text(wall_now(), offset_) + "  "; }

    void note(const control::Event& event) {
        if (!concerns(event, context_.arguments.profile)) return;
        std::string line = render_event(event, offset_, context_.terminal.out);
        while (line.ends_with('\n')) line.pop_back();
        model_.note(std::move(line));
    }

    bool show() {
        const ScreenSize size = terminal_.size();
        if (size != size_) shown_.clear();
        size_ = size;
        ScreenLines lines = render_watch(model_, size, wall_now(), context_.terminal.out);
        const std::string bytes = draw(shown_, lines, size);
        shown_ = std::move(lines);
        return bytes.empty() || terminal_.write(bytes);
    }

    std::optional<int> take_signals() {
        for (const int number : terminal_.signals()) {
            if (number == SIGINT) return 0;  // as q: it is how people leave a live view
            if (number == SIGTERM || number == SIGHUP) return 128 + number;
            if (number == SIGTSTP) {
                terminal_.suspend();
                shown_.clear();
            }
        }
        return std::nullopt;
    }

    /// True: the end.
    bool act(Asked asked) {
        switch (asked) {
            case Asked::nothing: return false;
            case Asked::quit: return true;
            case Asked::reconnect: reconnect(); return false;
            case Asked::doctor:
                (void)terminal_.run(
                    {"/proc/self/exe", "--socket", context_.client.socket(), "doctor", model_.selected()});
                shown_.clear();
                return false;
        }
        return false;
    }

    void reconnect() {
        if (model_.profile() == nullptr) return;
        const auto response =
            context_.client.request("POST", profile_path(model_.selected(), "/reconnect"), {}, kPatience);
        model_.tell(response.has_error() ? response.error().message : model_.selected() + " reconnects",
                    wall_now() + kTold);
    }

    Context& context_;
    WatchTerminal& terminal_;
    WatchModel model_;
    AgentSource source_;
    Duration offset_;
    TimePoint next_{};
    ScreenLines shown_;
    ScreenSize size_{0, 0};
    bool begun_ = false;
};

/// Line by line, for a pipe, a file, a log: the state, then changes; says when the agent is gone, and goes on.
int follow_plainly(Context& context) {
    AgentSource source(context);
    const Duration offset = zone_offset(wall_now());
    const std::string* only = context.arguments.profile ? &*context.arguments.profile : nullptr;
    for (;;) {
        const auto state = source.connect();
        if (state.has_value()) print(render_status(*state, only, wall_now(), context.terminal.out));
        while (source.connected()) {
            const auto events = source.events(now() + 1h);
            if (events.has_error())
                print(clock_text(wall_now(), offset) + "  " +
                      clean(events.error().message, !context.terminal.out.utf8) + "\n");
            else
                for (const auto& event : *events)
                    if (concerns(event, context.arguments.profile))
                        print(render_event(event, offset, context.terminal.out));
        }
        (void)::poll(nullptr, 0, static_cast<int>(kRhythm.count()));
    }
}

}  // namespace

int run_watch(Context& context) {
    if (context.arguments.json) {
        Arguments arguments = context.arguments;
        arguments.follow = true;
        Context following{arguments, context.terminal, context.client};
        return run_events(following);
    }
    const auto snapshot = get_snapshot(context);  // what is wrong at the start is said and ends it, as everywhere
    if (snapshot.has_error()) return complain(context, snapshot.error());
    if (context.arguments.profile) {
        const auto chosen = chosen_profile(context, *snapshot);
        if (chosen.has_error()) return complain(context, chosen.error());
    }
    if (!context.terminal.out_is_one || !context.terminal.in_is_one) return follow_plainly(context);
    auto terminal = WatchTerminal::open();
    if (terminal.has_error()) return complain(context, terminal.error());
    Watch watch(context, *terminal, WatchModel(context.arguments.profile.value_or("")));
    return watch.run();
}

}  // namespace memdb::client
