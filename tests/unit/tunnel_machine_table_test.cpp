// The whole table of the tunnel machine: every phase (with its sub-states) against every event. What must hold in every
// cell is in tunnel_machine_invariants_test.cpp, the stories are in tunnel_machine_test.cpp.
#include "tests/support/tunnel_cells.hpp"

#include <gtest/gtest.h>

using namespace memdb;
using namespace memdb::tunnel;
using namespace memdb::tunnel::cells;

namespace {

// Only the cells that are not ignored; the others must leave the state untouched. 19 states x 42 events = 798 cells.
struct Row {
    std::string_view state, event, why;
    Phase phase;
    std::string_view actions;
};

// clang-format off
const Row kTable[] = {
    {"stopped",             "connect",               "connect",                                   Phase::starting,    "resolve"},
    {"stopped",             "reconnect, asked",      "connect",                                   Phase::starting,    "resolve"},
    {"stopped",             "network lost",          "network lost",                              Phase::stopped,     ""},
    {"stopped",             "found",                 "found an openvpn",                          Phase::starting,    "resynchronise"},
    {"resolving",           "disconnect",            "disconnect while resolving",                Phase::stopped,     "cancel resolve"},
    {"resolving",           "network lost",          "network lost",                              Phase::waiting,     "cancel resolve"},
    {"resolving",           "network changed",       "network found",                             Phase::starting,    "cancel resolve, resolve"},
    {"resolving",           "forbidden",             "forbidden",                                 Phase::blocked,     "cancel resolve"},
    {"resolving",           "resolved",              "endpoint resolved",                         Phase::starting,    "spawn 192.0.2.1:443"},
    {"resolving",           "resolved to nothing",   "endpoint unresolved",                       Phase::starting,    "resolve"},
    {"resolving",           "unresolved",            "endpoint unresolved",                       Phase::starting,    "resolve"},
    {"resolving",           "deadline",              "resolve limit passed",                      Phase::starting,    "cancel resolve, resolve"},
    {"spawned",             "disconnect",            "disconnect",                                Phase::stopping,    "terminate"},
    {"spawned",             "input changed",         "input changed, for the next process",       Phase::starting,    ""},
    {"spawned",             "network lost",          "network lost",                              Phase::stopping,    "terminate"},
    {"spawned",             "network changed",       "network found",                             Phase::starting,    ""},
    {"spawned",             "forbidden",             "forbidden",                                 Phase::stopping,    "terminate"},
    {"spawned",             "spawn failed",          "spawn failed",                              Phase::starting,    "resolve"},
    {"spawned",             "openvpn missing",       "spawn failed",                              Phase::blocked,     ""},
    {"spawned",             "management opened",     "management opened",                         Phase::starting,    ""},
    {"spawned",             "management lost",       "management lost",                           Phase::stopping,    "terminate"},
    {"spawned",             "hold",                  "hold asked",                                Phase::handshaking, "subscribe, release hold"},
    {"spawned",             "options",               "options pushed",                            Phase::starting,    ""},
    {"spawned",             "device",                "device opened",                             Phase::starting,    ""},
    {"spawned",             "soft fault",            "fault seen",                                Phase::starting,    ""},
    {"spawned",             "untrusted",             "fault seen",                                Phase::starting,    ""},
    {"spawned",             "config refused",        "blocking fault",                            Phase::stopping,    "terminate"},
    {"spawned",             "auth failed",           "blocking fault",                            Phase::stopping,    "terminate"},
    {"spawned",             "exited",                "openvpn ended by itself",                   Phase::starting,    "resolve"},
    {"spawned",             "deadline",              "management limit passed",                   Phase::stopping,    "kill"},
    {"adopting",            "disconnect",            "disconnect",                                Phase::stopping,    "terminate"},
    {"adopting",            "reconnect, asked",      "reconnect with a new process",              Phase::stopping,    "terminate"},
    {"adopting",            "input changed",         "input changed, for the next process",       Phase::starting,    ""},
    {"adopting",            "network lost",          "network lost",                              Phase::starting,    ""},
    {"adopting",            "network changed",       "network found",                             Phase::starting,    ""},
    {"adopting",            "forbidden",             "forbidden",                                 Phase::stopping,    "terminate"},
    {"adopting",            "management lost",       "found it without a management connection",  Phase::stopping,    "terminate"},
    {"adopting",            "resynchronised",        "taken over",                                Phase::up,          ""},
    {"adopting",            "resynchronised, lost",  "found it not connected",                    Phase::stopping,    "terminate"},
    {"adopting",            "exited",                "found it ending",                           Phase::starting,    "resolve"},
    {"adopting",            "deadline",              "found it mute",                             Phase::stopping,    "kill"},
    {"handshaking",         "disconnect",            "disconnect",                                Phase::stopping,    "terminate"},
    {"handshaking",         "reconnect, asked",      "reconnect with a new process",              Phase::stopping,    "terminate"},
    {"handshaking",         "input changed",         "input changed, for the next process",       Phase::handshaking, ""},
    {"handshaking",         "network lost",          "network lost",                              Phase::stopping,    "terminate"},
    {"handshaking",         "network changed",       "network found",                             Phase::stopping,    "terminate"},
    {"handshaking",         "check",                 "heartbeat",                                 Phase::handshaking, "heartbeat"},
    {"handshaking",         "forbidden",             "forbidden",                                 Phase::stopping,    "terminate"},
    {"handshaking",         "management lost",       "management lost",                           Phase::stopping,    "terminate"},
    {"handshaking",         "hold",                  "hold asked again",                          Phase::handshaking, "release hold"},
    {"handshaking",         "AUTH",                  "server answered",                           Phase::handshaking, ""},
    {"handshaking",         "CONNECTED",             "connected",                                 Phase::up,          ""},
    {"handshaking",         "CONNECTED,ROUTE_ERROR", "connected with errors",                     Phase::up,          ""},
    {"handshaking",         "RECONNECTING",          "attempt ended by openvpn",                  Phase::stopping,    "terminate"},
    {"handshaking",         "EXITING,auth-failure",  "blocking fault",                            Phase::stopping,    "terminate"},
    {"handshaking",         "more bytes",            "bytes counted",                             Phase::handshaking, ""},
    {"handshaking",         "options",               "options pushed",                            Phase::handshaking, ""},
    {"handshaking",         "device",                "device opened",                             Phase::handshaking, ""},
    {"handshaking",         "soft fault",            "fault seen",                                Phase::handshaking, ""},
    {"handshaking",         "untrusted",             "fault seen",                                Phase::handshaking, ""},
    {"handshaking",         "auth failed",           "blocking fault",                            Phase::stopping,    "terminate"},
    {"handshaking",         "exited",                "openvpn ended by itself",                   Phase::starting,    "resolve"},
    {"handshaking",         "deadline",              "heartbeat",                                 Phase::handshaking, "heartbeat"},
    {"hold due",            "disconnect",            "disconnect",                                Phase::stopping,    "terminate"},
    {"hold due",            "reconnect, asked",      "reconnect with a new process",              Phase::stopping,    "terminate"},
    {"hold due",            "input changed",         "input changed, for the next process",       Phase::handshaking, ""},
    {"hold due",            "network lost",          "network lost",                              Phase::stopping,    "terminate"},
    {"hold due",            "network changed",       "network found",                             Phase::handshaking, ""},
    {"hold due",            "check",                 "heartbeat",                                 Phase::handshaking, "heartbeat"},
    {"hold due",            "forbidden",             "forbidden",                                 Phase::stopping,    "terminate"},
    {"hold due",            "management lost",       "management lost",                           Phase::stopping,    "terminate"},
    {"hold due",            "hold",                  "hold asked again",                          Phase::handshaking, "release hold"},
    {"hold due",            "AUTH",                  "server answered",                           Phase::handshaking, ""},
    {"hold due",            "CONNECTED",             "connected",                                 Phase::up,          ""},
    {"hold due",            "CONNECTED,ROUTE_ERROR", "connected with errors",                     Phase::up,          ""},
    {"hold due",            "EXITING,auth-failure",  "blocking fault",                            Phase::stopping,    "terminate"},
    {"hold due",            "more bytes",            "bytes counted",                             Phase::handshaking, ""},
    {"hold due",            "options",               "options pushed",                            Phase::handshaking, ""},
    {"hold due",            "device",                "device opened",                             Phase::handshaking, ""},
    {"hold due",            "soft fault",            "fault seen",                                Phase::handshaking, ""},
    {"hold due",            "untrusted",             "fault seen",                                Phase::handshaking, ""},
    {"hold due",            "auth failed",           "blocking fault",                            Phase::stopping,    "terminate"},
    {"hold due",            "exited",                "openvpn ended by itself",                   Phase::waiting,     ""},
    {"hold due",            "deadline",              "management limit passed",                   Phase::stopping,    "kill"},
    {"up",                  "disconnect",            "disconnect",                                Phase::stopping,    "terminate"},
    {"up",                  "reconnect, asked",      "reconnect in place",                        Phase::handshaking, "restart in place, resolve"},
    {"up",                  "reconnect, unasked",    "given up by the agent",                     Phase::stopping,    "terminate"},
    {"up",                  "input changed",         "input changed, for the next process",       Phase::up,          ""},
    {"up",                  "network lost",          "network lost",                              Phase::up,          ""},
    {"up",                  "check",                 "heartbeat",                                 Phase::up,          "heartbeat"},
    {"up",                  "forbidden",             "forbidden",                                 Phase::stopping,    "terminate"},
    {"up",                  "management lost",       "management lost",                           Phase::stopping,    "terminate"},
    {"up",                  "hold",                  "hold asked again",                          Phase::handshaking, "resolve, release hold"},
    {"up",                  "RECONNECTING",          "openvpn restarts",                          Phase::handshaking, "resolve"},
    {"up",                  "EXITING,auth-failure",  "fault seen",                                Phase::up,          ""},
    {"up",                  "more bytes",            "bytes counted",                             Phase::up,          ""},
    {"up",                  "options",               "options pushed",                            Phase::up,          ""},
    {"up",                  "device",                "device opened",                             Phase::up,          ""},
    {"up",                  "untrusted",             "fault seen",                                Phase::up,          ""},
    {"up",                  "auth failed",           "fault seen",                                Phase::up,          ""},
    {"up",                  "exited",                "openvpn ended by itself",                   Phase::starting,    "resolve"},
    {"up",                  "deadline",              "heartbeat",                                 Phase::up,          "heartbeat"},
    {"up, stale",           "disconnect",            "disconnect",                                Phase::stopping,    "terminate"},
    {"up, stale",           "reconnect, asked",      "reconnect with a new process",              Phase::stopping,    "terminate"},
    {"up, stale",           "reconnect, unasked",    "given up by the agent",                     Phase::stopping,    "terminate"},
    {"up, stale",           "network lost",          "network lost",                              Phase::up,          ""},
    {"up, stale",           "check",                 "heartbeat",                                 Phase::up,          "heartbeat"},
    {"up, stale",           "forbidden",             "forbidden",                                 Phase::stopping,    "terminate"},
    {"up, stale",           "management lost",       "management lost",                           Phase::stopping,    "terminate"},
    {"up, stale",           "hold",                  "openvpn restarts, the input has changed",   Phase::stopping,    "terminate"},
    {"up, stale",           "RECONNECTING",          "openvpn restarts, the input has changed",   Phase::stopping,    "terminate"},
    {"up, stale",           "EXITING,auth-failure",  "fault seen",                                Phase::up,          ""},
    {"up, stale",           "more bytes",            "bytes counted",                             Phase::up,          ""},
    {"up, stale",           "options",               "options pushed",                            Phase::up,          ""},
    {"up, stale",           "device",                "device opened",                             Phase::up,          ""},
    {"up, stale",           "untrusted",             "fault seen",                                Phase::up,          ""},
    {"up, stale",           "auth failed",           "fault seen",                                Phase::up,          ""},
    {"up, stale",           "exited",                "openvpn ended by itself",                   Phase::starting,    "resolve"},
    {"up, stale",           "deadline",              "heartbeat",                                 Phase::up,          "heartbeat"},
    {"up, offline",         "disconnect",            "disconnect",                                Phase::stopping,    "terminate"},
    {"up, offline",         "reconnect, asked",      "reconnect with a new process",              Phase::stopping,    "terminate"},
    {"up, offline",         "reconnect, unasked",    "given up by the agent",                     Phase::stopping,    "terminate"},
    {"up, offline",         "input changed",         "input changed, for the next process",       Phase::up,          ""},
    {"up, offline",         "network changed",       "network found",                             Phase::up,          ""},
    {"up, offline",         "check",                 "heartbeat",                                 Phase::up,          "heartbeat"},
    {"up, offline",         "forbidden",             "forbidden",                                 Phase::stopping,    "terminate"},
    {"up, offline",         "management lost",       "management lost",                           Phase::stopping,    "terminate"},
    {"up, offline",         "hold",                  "openvpn restarts without a network",        Phase::stopping,    "terminate"},
    {"up, offline",         "RECONNECTING",          "openvpn restarts without a network",        Phase::stopping,    "terminate"},
    {"up, offline",         "EXITING,auth-failure",  "fault seen",                                Phase::up,          ""},
    {"up, offline",         "more bytes",            "bytes counted",                             Phase::up,          ""},
    {"up, offline",         "options",               "options pushed",                            Phase::up,          ""},
    {"up, offline",         "device",                "device opened",                             Phase::up,          ""},
    {"up, offline",         "untrusted",             "fault seen",                                Phase::up,          ""},
    {"up, offline",         "auth failed",           "fault seen",                                Phase::up,          ""},
    {"up, offline",         "exited",                "openvpn ended by itself",                   Phase::waiting,     ""},
    {"up, offline",         "deadline",              "heartbeat",                                 Phase::up,          "heartbeat"},
    {"waiting",             "connect",               "connect while waiting",                     Phase::starting,    "resolve"},
    {"waiting",             "disconnect",            "disconnect while waiting",                  Phase::stopped,     ""},
    {"waiting",             "reconnect, asked",      "connect while waiting",                     Phase::starting,    "resolve"},
    {"waiting",             "input changed",         "input changed",                             Phase::starting,    "resolve"},
    {"waiting",             "network lost",          "network lost",                              Phase::waiting,     ""},
    {"waiting",             "network changed",       "network found",                             Phase::starting,    "resolve"},
    {"waiting",             "server answered",       "the server answers again",                  Phase::starting,    "resolve"},
    {"waiting",             "forbidden",             "forbidden",                                 Phase::blocked,     ""},
    {"waiting",             "deadline",              "retry",                                     Phase::starting,    "resolve"},
    {"waiting, offline",    "connect",               "no network, no attempt",                    Phase::waiting,     ""},
    {"waiting, offline",    "disconnect",            "disconnect while waiting",                  Phase::stopped,     ""},
    {"waiting, offline",    "reconnect, asked",      "no network, no attempt",                    Phase::waiting,     ""},
    {"waiting, offline",    "input changed",         "no network, no attempt",                    Phase::waiting,     ""},
    {"waiting, offline",    "network changed",       "network found",                             Phase::starting,    "resolve"},
    {"waiting, offline",    "forbidden",             "forbidden",                                 Phase::blocked,     ""},
    {"stopping",            "connect",               "connect after the stop",                    Phase::stopping,    ""},
    {"stopping",            "reconnect, asked",      "connect after the stop",                    Phase::stopping,    ""},
    {"stopping",            "network lost",          "network lost",                              Phase::stopping,    ""},
    {"stopping",            "network changed",       "network found",                             Phase::stopping,    ""},
    {"stopping",            "options",               "options pushed",                            Phase::stopping,    ""},
    {"stopping",            "device",                "device opened",                             Phase::stopping,    ""},
    {"stopping",            "exited",                "openvpn ended",                             Phase::stopped,     ""},
    {"stopping",            "deadline",              "kill",                                      Phase::stopping,    "kill"},
    {"stopping, restart",   "disconnect",            "restart called off",                        Phase::stopping,    ""},
    {"stopping, restart",   "network lost",          "network lost",                              Phase::stopping,    ""},
    {"stopping, restart",   "network changed",       "network found",                             Phase::stopping,    ""},
    {"stopping, restart",   "forbidden",             "forbidden",                                 Phase::stopping,    ""},
    {"stopping, restart",   "options",               "options pushed",                            Phase::stopping,    ""},
    {"stopping, restart",   "device",                "device opened",                             Phase::stopping,    ""},
    {"stopping, restart",   "untrusted",             "cause seen late",                           Phase::stopping,    ""},
    {"stopping, restart",   "config refused",        "cause seen late",                           Phase::stopping,    ""},
    {"stopping, restart",   "auth failed",           "cause seen late",                           Phase::stopping,    ""},
    {"stopping, restart",   "exited",                "openvpn ended",                             Phase::starting,    "resolve"},
    {"stopping, restart",   "deadline",              "kill",                                      Phase::stopping,    "kill"},
    {"stopping, blocked",   "connect",               "connect after the stop",                    Phase::stopping,    ""},
    {"stopping, blocked",   "disconnect",            "restart called off",                        Phase::stopping,    ""},
    {"stopping, blocked",   "reconnect, asked",      "connect after the stop",                    Phase::stopping,    ""},
    {"stopping, blocked",   "input changed",         "input changed while stopping",              Phase::stopping,    ""},
    {"stopping, blocked",   "network lost",          "network lost",                              Phase::stopping,    ""},
    {"stopping, blocked",   "network changed",       "network found",                             Phase::stopping,    ""},
    {"stopping, blocked",   "options",               "options pushed",                            Phase::stopping,    ""},
    {"stopping, blocked",   "device",                "device opened",                             Phase::stopping,    ""},
    {"stopping, blocked",   "exited",                "openvpn ended",                             Phase::blocked,     ""},
    {"stopping, blocked",   "deadline",              "kill",                                      Phase::stopping,    "kill"},
    {"stopping, killed",    "connect",               "connect after the stop",                    Phase::stopping,    ""},
    {"stopping, killed",    "reconnect, asked",      "connect after the stop",                    Phase::stopping,    ""},
    {"stopping, killed",    "network lost",          "network lost",                              Phase::stopping,    ""},
    {"stopping, killed",    "network changed",       "network found",                             Phase::stopping,    ""},
    {"stopping, killed",    "options",               "options pushed",                            Phase::stopping,    ""},
    {"stopping, killed",    "device",                "device opened",                             Phase::stopping,    ""},
    {"stopping, killed",    "exited",                "openvpn ended",                             Phase::stopped,     ""},
    {"stopping, killed",    "deadline",              "openvpn outlived the kill",                 Phase::stopped,     "abandon"},
    {"blocked",             "connect",               "connect while blocked",                     Phase::starting,    "resolve"},
    {"blocked",             "disconnect",            "disconnect while blocked",                  Phase::stopped,     ""},
    {"blocked",             "reconnect, asked",      "connect while blocked",                     Phase::starting,    "resolve"},
    {"blocked",             "input changed",         "input changed",                             Phase::starting,    "resolve"},
    {"blocked",             "network lost",          "network lost",                              Phase::blocked,     ""},
};
// clang-format on

std::string actions_of(const Step& got) {
    std::string text;
    for (const auto& action : got.actions) text += (text.empty() ? "" : ", ") + to_string(action);
    return text;
}

TEST(TunnelMachineTable, follows_the_table_in_every_cell) {
    std::size_t cells = 0, used = 0;
    for (const auto& [state_name, state] : states()) {
        for (const auto& [event_name, event] : events()) {
            SCOPED_TRACE(std::string(state_name) + " x " + std::string(event_name));
            const Step got = cell(state, event);
            const Row* row = nullptr;
            for (const Row& candidate : kTable)
                if (candidate.state == state_name && candidate.event == event_name) row = &candidate;
            cells += 1;
            if (row == nullptr) {
                EXPECT_EQ(got.why, "ignored");
                if (got.why != "ignored") std::cout << "ROW    {\"" << state_name << "\", \"" << event_name << "\", \"" << got.why << "\", Phase::" << to_string(got.state.phase) << ", \"" << actions_of(got) << "\"},\n";
                continue;
            }
            used += 1;
            EXPECT_EQ(got.why, row->why);
            EXPECT_EQ(to_string(got.state.phase), to_string(row->phase));
            EXPECT_EQ(actions_of(got), row->actions);
        }
    }
    EXPECT_EQ(cells, kCells);
    EXPECT_EQ(used, std::size(kTable));
    RecordProperty("cells", static_cast<int>(cells));
}

}  // namespace
