// Any row of wishes, services that come and go and steps that fail, for the DNS machine. At the end everything works:
// what is wanted is applied, and when nothing is, what was touched is reverted.
#include "tests/fuzz/story.hpp"
#include "tests/support/dns_invariants.hpp"

using namespace memdb;
using namespace memdb::app;
using fuzz::Row;

namespace {

DnsTarget target(unsigned byte) {
    const char* const domains[] = {"a.test", "b.test", "."};
    return {7 + byte % 3U, {{{*parse_address("10.20.0.2")}}, {{Row::of(domains, byte / 4U), true}}, Row::bit(byte, 7)}};
}

struct Fill {
    void operator()(DnsWanted& e, const Row& r) const {
        if (r.a % 4U != 0) e.target = target(r.b);
    }
    void operator()(DnsServiceSeen& e, const Row& r) const {
        if (r.a % 3U != 0) e.running = r.a % 3U == 1;
    }
    void operator()(DnsStepDone& e, const Row& r) const {
        if (!Row::bit(r.a, 3)) e.failure = {static_cast<host::DnsTrouble>(r.a % 6U), Row::bit(r.b, 0) ? "because" : ""};
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::string_view kNames[] = {"wanted", "service seen", "step done", "try again", "deadline"};
    static_assert(std::size(kNames) == std::variant_size_v<DnsEvent>);
    DnsState state;
    TimePoint now(1h);
    fuzz::Trail trail;
    const auto happens = [&](const DnsEvent& event) {
        const DnsStep done = step(state, event, now);
        trail.add(Row::of(kNames, static_cast<unsigned>(event.index())), done.why);
        trail.expect(broken_in(state, event, now, done));
        state = done.state;
    };
    fuzz::for_each_row(data, size, [&](const Row& row) {
        now = fuzz::moment_of(row.when, now, state.retry_at);
        happens(fuzz::event_of<DnsEvent>(row, Fill{}));
    });
    happens(DnsServiceSeen{true});
    for (int i = 0; i < 4 && state.under_way; ++i) happens(DnsStepDone{});
    trail.expect(!state.under_way && (!state.wanted || state.applied == state.wanted),
                 "never applied, though all works");
    happens(DnsWanted{});
    for (int i = 0; i < 4 && state.under_way; ++i) happens(DnsStepDone{});
    trail.expect(!state.under_way && !state.touched, "never taken back");
    return 0;
}
