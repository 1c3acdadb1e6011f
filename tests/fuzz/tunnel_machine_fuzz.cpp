// Any row of events, in any order and at any time, for the tunnel machine. After each its invariants hold, a passed
// deadline is acted on and none is left in the past, one openvpn runs at most; and from wherever it ends a disconnect
// is done within 5 s, and a world where everything works leads to a tunnel.
#include "tests/fuzz/story.hpp"
#include "tests/support/tunnel_invariants.hpp"

using namespace memdb;
using namespace memdb::tunnel;
using fuzz::Row;

namespace {

constexpr TunnelTimings kTimings{};

const std::string kWords[] = {"",
                              "x",
                              "request",
                              "ping-restart",
                              "inactive",
                              "network-unreachable",
                              "SIGTERM",
                              "SUCCESS",
                              "ROUTE_ERROR",
                              "server-pushed-halt",
                              "signal 9",
                              "signal 15",
                              "auth-failure",
                              "tunnel-silent",
                              "\xff\n\x1b[31m",
                              std::string(300, 'a')};
const std::string& word(unsigned byte) { return Row::of(kWords, byte); }

ServerAddress server(unsigned byte) {
    const char* const addresses[] = {"192.0.2.1", "192.0.2.3", "2001:db8::1", ""};
    return {Row::of(addresses, byte), 443, Row::bit(byte, 2) ? config::Transport::tcp : config::Transport::udp};
}

/// Seconds as openvpn says them.
std::int64_t seconds(unsigned byte) {
    constexpr std::int64_t all[] = {0, 1000, 1003, 1004, 1'800'000'000, kLatestStateTime};
    return Row::of(all, byte);
}

StateLine line(const Row& row) {
    StateLine out;
    out.time = seconds(row.a / 16U);
    out.state = static_cast<OpenvpnState>(row.a % 13U);
    out.detail = word(row.b);
    if (Row::bit(row.b, 4)) out.tun_ip = "10.0.0.2";
    if (Row::bit(row.b, 5)) out.tun_ip6 = "fd00::2";
    return out;
}

struct Fill {
    TimePoint now;

    void operator()(ReconnectRequested& e, const Row& r) const {
        e = {word(r.a), Row::bit(r.b, 0), Row::of(kCauses, r.a), word(r.b), {}};
        if (Row::bit(r.b, 1)) e.server = server(r.b / 4U);
    }
    void operator()(NetworkChanged& e, const Row& r) const { e.online = Row::bit(r.a, 0); }
    void operator()(ServerAnswered& e, const Row& r) const { e.server = server(r.a); }
    void operator()(SleepEnded& e, const Row& r) const { e.slept = Duration(r.a * r.b * 1000L); }
    void operator()(Forbidden& e, const Row& r) const {
        const Cause cause = Row::of(kCauses, r.a);
        e = {blocks(cause) ? cause : Cause::profile_overlap, word(r.b)};
    }
    void operator()(EndpointResolved& e, const Row& r) const {
        for (unsigned i = 0; i < 8; ++i)
            if (Row::bit(r.a, i)) e.addresses.push_back(server(i));
        if (Row::bit(r.b, 0)) e.addresses.insert(e.addresses.end(), r.b, server(r.b / 2U));
    }
    void operator()(EndpointUnresolved& e, const Row& r) const { e.why = word(r.a); }
    void operator()(SpawnFailed& e, const Row& r) const { e = {Row::of(kCauses, r.a), word(r.b)}; }
    void operator()(ManagementOpened& e, const Row& r) const { e.pid = r.a * r.b; }
    void operator()(ManagementLost& e, const Row& r) const { e = {word(r.a), Row::bit(r.b, 0)}; }
    void operator()(ProcessFound& e, const Row& r) const {
        e = {.pid = r.a, .server = server(r.a), .device = word(r.b)};
        e.connected_at = now + (Row::bit(r.b, 0) ? 1h : -1h);
        e.session_from = WallTime(1000s);
        e.restarts = r.b % 12U;
        for (unsigned i = 0; i < std::min(r.b % 12U, 8U); ++i)
            e.losses.push_back(now - Duration((6L - i) * r.a * 1000L));
        e.last_restart_cause = word(r.a);
        e.stale = Row::bit(r.b, 7);
    }
    void operator()(Resynchronised& e, const Row& r) const { e.line = line(r); }
    void operator()(StateChanged& e, const Row& r) const { e.line = line(r); }
    void operator()(ByteCounted& e, const Row& r) const { e = {r.a * 1000UL, r.b == 255 ? ~0UL : r.b}; }
    void operator()(OptionsPushed& e, const Row& r) const {
        if (Row::bit(r.a, 0)) e.options.ping = Duration(r.b * 1000L);
        e.options.redirect_gateway = Row::bit(r.a, 1);
    }
    void operator()(DeviceOpened& e, const Row& r) const { e.name = word(r.a); }
    void operator()(FaultSeen& e, const Row& r) const {
        e = {r.a == 0 ? Cause::none : Row::of(kCauses, r.a), word(r.b)};
    }
    void operator()(ProcessExited& e, const Row& r) const { e.status = word(r.a); }
};

class Play {
  public:
    void happens(const TunnelEvent& event, double jitter01) {
        const Step done = step(s_, event, now, jitter01, kTimings);
        trail_.add(to_string(event), done.why);
        trail_.expect(broken_in(s_, event, now, done));
        count_processes(event, done);
        trail_.expect(to_string(s_.phase) != "?" && !to_string(event).empty(), "a word is missing");
        s_ = done.state;
    }

    /// As its one timer does.
    void deadline_passes(double jitter01) {
        if (const auto at = next_deadline(s_); at && *at > now) {
            const Step early = step(s_, DeadlinePassed{}, now, jitter01, kTimings);
            trail_.expect(early.why == "ignored", "a deadline that is early changes something");
        }
        for (int i = 0; next_deadline(s_).value_or(now + 1ms) <= now; ++i) {
            trail_.expect(i < 6, "deadlines in the past, again and again: a hot loop");
            const TunnelState before = s_;
            happens(DeadlinePassed{}, jitter01);
            trail_.expect(s_ != before, "a deadline that passed changes nothing: a hot loop");
        }
    }

    /// Whatever happened: as soon as the world is good, and nobody is against it, there is a tunnel.
    void comes_up() {
        happens(SleepEnded{}, 1.0);
        happens(NetworkChanged{true}, 1.0);
        for (int i = 0; i < 60 && s_.phase != Phase::up; ++i) happens(good_event(), 1.0);
        trail_.expect(s_.phase == Phase::up, "everything works, and no tunnel comes up");
    }

    void ends() const { trail_.expect(broken_end(s_, now)); }

    [[nodiscard]] std::optional<TimePoint> deadline() const { return next_deadline(s_); }

    TimePoint now{1000h};

  private:
    /// One openvpn at most, and the machine knows of it.
    void count_processes(const TunnelEvent& event, const Step& done) {
        if (std::holds_alternative<ProcessExited>(event) || std::holds_alternative<SpawnFailed>(event))
            runs_ = runs_ && done.why == "ignored";
        if (std::holds_alternative<ProcessFound>(event)) runs_ = runs_ || done.why != "ignored";
        for (const TunnelAction& action : done.actions) {
            if (std::holds_alternative<AbandonOpenvpn>(action)) runs_ = false;
            if (!std::holds_alternative<SpawnOpenvpn>(action)) continue;
            trail_.expect(!runs_, "two of openvpn");
            runs_ = true;
        }
        trail_.expect(has_process(done.state) == runs_, "it is not known whether openvpn runs");
    }

    TunnelEvent good_event() {
        switch (s_.phase) {
            case Phase::stopped: return ConnectRequested{};
            case Phase::blocked: return InputChanged{};
            case Phase::stopping: return ProcessExited{"signal 15"};
            case Phase::waiting: now = std::max(now, next_deadline(s_).value_or(now)); return DeadlinePassed{};
            case Phase::handshaking:
            case Phase::up: break;
            case Phase::starting:
                if (s_.starting == Starting::resolving) return EndpointResolved{{server(0), server(1)}};
                if (s_.starting == Starting::spawned) return HoldAsked{};
                return Resynchronised{connected()};
        }
        if (s_.hold_due) return HoldAsked{};
        return StateChanged{connected()};
    }

    static StateLine connected() {
        StateLine line;
        line.state = OpenvpnState::connected;
        line.detail = "SUCCESS";
        return line;
    }

    TunnelState s_;
    bool runs_ = false;
    fuzz::Trail trail_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Play play;
    fuzz::for_each_row(data, size, [&](const Row& row) {
        play.now = fuzz::moment_of(row.when, play.now, play.deadline());
        const double jitter01 = row.when / 255.0;
        if (row.what >= 128) return play.deadline_passes(jitter01);
        play.happens(fuzz::event_of<TunnelEvent>(row, Fill{play.now}), jitter01);
    });
    play.ends();
    play.comes_up();
    return 0;
}
