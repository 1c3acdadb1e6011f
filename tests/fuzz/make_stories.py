#!/usr/bin/python3
"""Writes the seeds of the machines' fuzzers: real stories, as the rows of bytes that tests/fuzz/story.hpp reads.

  tests/fuzz/make_stories.py        writes tests/fuzz/corpus/MACHINE_fuzz/story_NAME

An event is named as in its machine's variant, whose order is read from the header: run it again when that has changed.
"""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
LATER = [0, 1, 10, 50, 100, 300, 500, 700, 1000, 1500, 2000, 3000, 5000, 8000, 15000, 30000, 60000, 90000, 300000, 600000,
         3600000, 43200000]
DEADLINE = "at the deadline"


def alternatives(header, variant):
    text = (ROOT / "daemon" / header).read_text(encoding="utf-8")
    return re.search(rf"using {variant} =\s*std::variant<(.*?)>;", text, re.S)[1].replace("\n", " ").replace(" ", "").split(",")


def rows(numbers, story):
    """`story`: (event, later in ms or DEADLINE, a, b, upper bits of when), the last three 0 when left out."""
    out = bytearray()
    for event, later, *carried in story:
        number = numbers.index(event) if isinstance(event, str) else event
        a, b, upper = (*carried, 0, 0, 0)[:3]
        out += bytes([number, upper << 5 | (30 if later == DEADLINE else LATER.index(later)), a, b])
    return bytes(out)


# Bytes of tunnel_machine_fuzz.cpp: states of openvpn, words, and both servers of the endpoint.
AUTH, CONNECTED, RECONNECTING, EXITING = 4, 9, 10, 11
PING_RESTART, SIGTERM, SUCCESS, AUTH_FAILURE = 3, 6, 0x17, 12
TUNNEL_DEADLINE = (128, DEADLINE)
UP = [("ConnectRequested", 0), ("EndpointResolved", 50, 3), ("ManagementOpened", 100, 47, 100), ("HoldAsked", 10),
      ("StateChanged", 100, AUTH), ("OptionsPushed", 10, 1, 1), ("DeviceOpened", 10, 1), ("StateChanged", 100, CONNECTED, SUCCESS)]
BEAT = [TUNNEL_DEADLINE, ("HeartbeatAnswered", 10), ("ByteCounted", 100, 9, 9)]
LOST = [("StateChanged", 1000, RECONNECTING, PING_RESTART), ("HoldAsked", 10), ("EndpointResolved", 50, 3),
        ("StateChanged", 300, CONNECTED, SUCCESS)]
END = [("DisconnectRequested", 1000), ("StateChanged", 10, EXITING, SIGTERM), ("ProcessExited", 100, 11)]

TUNNEL = {
    "day": UP + BEAT * 3 + LOST + BEAT + END,
    "flapping": UP + LOST * 6 + [("HoldAsked", 0), ("ProcessExited", 100, 11), TUNNEL_DEADLINE] + END,
    "mute": UP + [TUNNEL_DEADLINE, TUNNEL_DEADLINE, TUNNEL_DEADLINE, TUNNEL_DEADLINE, TUNNEL_DEADLINE],
    "taken_over": [("ProcessFound", 0, 5, 3), ("Resynchronised", 10, 22, SUCCESS)] + BEAT + LOST + END,
    "not_taken_over": [("ProcessFound", 0, 5, 3), ("Resynchronised", 10, RECONNECTING, 3), ("ProcessExited", 100, 11)],
    "sleep": UP + [("SleepBegan", 1000), ("SleepEnded", 10, 100, 100), ("StateChanged", 10, RECONNECTING, PING_RESTART),
                   ("HoldAsked", 10), ("StateChanged", 300, CONNECTED, SUCCESS), ("ClockStepped", 1000)] + END,
    "offline": UP + [("NetworkChanged", 1000, 0), ("StateChanged", 8000, RECONNECTING, PING_RESTART), ("ProcessExited", 100, 11),
                     ("NetworkChanged", 60000, 1), ("EndpointResolved", 50, 3)] + END,
    "refused": UP[:4] + [("StateChanged", 100, EXITING, AUTH_FAILURE), ("ProcessExited", 10, 10), ("InputChanged", 60000)],
    "missing": UP[:2] + [("SpawnFailed", 10, 1, 1), ("InputChanged", 60000), ("EndpointUnresolved", 100, 1), TUNNEL_DEADLINE],
    "given_up": UP + [("ReconnectRequested", 8000, 19, 0xe), ("ProcessExited", 100, 11), TUNNEL_DEADLINE, ("EndpointResolved", 50, 3),
                      ("CheckRequested", 10), ("Forbidden", 10, 0, 1), ("ServerAnswered", 10, 1)],
}

# Of probe_machine_fuzz.cpp: kinds of replies, words, and the first byte, which is the target.
STATUS, ERROR, TEXT, ARRAY = range(4)
OK_WORD, PONG_WORD, WRONG_PASSWORD, UNKNOWN_COMMAND, ECHO = 1, 2, 4, 5, 11
FULL, PLAIN, BY_TOKEN = 0, 3, 12


def reply(kind, word, later=10):
    return ("ReplyReceived", later, kind, word)


PROBE_DEADLINE = (128, DEADLINE)
PONG = reply(STATUS, PONG_WORD)
PROVED = [("StartRequested", 0, 1), ("Resolved", 10, 1), ("Connected", 1, 1), ("Secured", 1, 1), reply(STATUS, OK_WORD), PONG]
PROBE = {
    "kept": (FULL, PROVED + [PROBE_DEADLINE, PONG, ("TopologyRequested", 10), reply(ARRAY, 0), ("BulkRequested", 10), PONG,
                             reply(TEXT, ECHO), ("StopRequested", 1000)]),
    "silent": (FULL, PROVED + [PROBE_DEADLINE] * 6 + [("ProbeRequested", 1000), ("Resolved", 10, 7), ("ConnectFailed", 10, 0, 1)]),
    "bulk_lost": (FULL, PROVED + [("BulkRequested", 10), PONG, PROBE_DEADLINE, ("Connected", 1, 1), ("Secured", 1, 1),
                                  reply(STATUS, OK_WORD), PONG]),
    "plain": (PLAIN, [("StartRequested", 0, 0), ("Resolved", 10, 3), ("ConnectFailed", 10, 0, 1), ("Connected", 10, 1), PONG,
                      ("TopologyRequested", 10), reply(ERROR, UNKNOWN_COMMAND), reply(ARRAY, 0), ("RhythmChanged", 10, 1, 9)]),
    "token": (BY_TOKEN, PROVED + [("ProbeRequested", 43200000), PONG, reply(ERROR, WRONG_PASSWORD), PONG, ("TokenChanged", 10, 2),
                                  PROBE_DEADLINE, PONG, reply(STATUS, OK_WORD), PONG]),
    "no_token": (4, PROVED[:4] + [("TokenChanged", 1000, 1), ("Resolved", 10, 1), ("Connected", 1, 1), ("Secured", 1, 1),
                                  reply(ERROR, WRONG_PASSWORD), ("TokenChanged", 1000, 2)]),
    "path": (FULL, PROVED + [("PathChanged", 1000), ("ResolveFailed", 10, 1), ("PathChanged", 10), ("Resolved", 10, 1), ("Connected", 1),
                             ("SecureFailed", 1, 0, 1), ("PeerClosed", 10, 1)]),
}

# Of cluster_tracker_fuzz.cpp: labels, members of the map and what is odd about it.
SEED, A1, R1, A2, R2 = range(5)
FOUR_NODES, IN_TWO_SHARDS, AN_ERROR = 0xcf, 3, 15
KNOWN = [("TrackingRequested", 0), ("NodeProved", 10, SEED), ("TopologyReceived", 10, FOUR_NODES, IN_TWO_SHARDS)]
ALL_OK = [("NodeProved", 10, node) for node in (A1, R1, A2, R2)]
TRACKER_DEADLINE = ("TrackerDeadlinePassed", DEADLINE)
TRACKER = {
    "proved": KNOWN + ALL_OK + [TRACKER_DEADLINE, TRACKER_DEADLINE, ("TopologyReceived", 10, FOUR_NODES, IN_TWO_SHARDS, A1)],
    "all_fail": KNOWN + ALL_OK + [("NodeMissed", 1000, A1)] + [("NodeBlamed", 300, node, 1) for node in (A1, R1, A2, R2)] + ALL_OK,
    "failover": KNOWN + ALL_OK + [("NodeBlamed", 300, A1, 0), ("TopologyReceived", 10, FOUR_NODES, 0x93, R1), ("NodeProved", 8000, A1)],
    "large_lost": KNOWN + ALL_OK + [("BulkChecked", 1000, A1, 2), ("BulkChecked", 1000, A1, 2), ("NodeBlamed", 300, A1, 2),
                                    ("NodeProved", 1000, A1), ("BulkChecked", 1000, A1, 1)],
    "no_cluster": [("TrackingRequested", 0), ("NodeProved", 10, SEED), ("TopologyReceived", 10, 0, AN_ERROR), ("PathChanged", 1000)],
    "paused": KNOWN + ALL_OK + [("TopologyMissed", 10, A1), ("TopologyMissed", 10, R1), ("TrackingEndRequested", 10),
                                ("TrackingRequested", 60000), ("ProbeNowRequested", 10), ("NodeForgotten", 10, A1)],
}

SLEEP_EVENTS = ["announced", "returned", "looked", "deadline"]
SLEEP = {
    "announced": [("announced", 0), ("looked", 1000), ("returned", 1000, 7), ("looked", 1000)],
    "unannounced": [("looked", 0), ("looked", 1000, 6), ("announced", 100), ("returned", 100)],
    "called_off": [("announced", 0), ("returned", 1000), ("announced", 60000), ("deadline", DEADLINE)],
}

KEPT, DOWN, NO_WAY = 3, 2, 1
WAKE = {
    "proved": [("SleepBegan", 0), ("Woke", 5000, KEPT, 200), ("PingAnswered", 300)],
    "restarted": [("SleepBegan", 0), ("Woke", 5000, KEPT, 200), ("ProofOverdue", DEADLINE), ("PingAnswered", 3000)],
    "offline": [("SleepBegan", 0), ("Woke", 5000, NO_WAY, 200), ("NetworkMoved", 1000, 1), ("NetworkMoved", 100, 0), ("TunnelLost", 10)],
    "down": [("Woke", 0, DOWN, 200), ("Unwanted", 1000)],
}

DNS = {
    "applied": [("DnsServiceSeen", 0, 1), ("DnsWanted", 0, 1, 0), ("DnsStepDone", 10, 8), ("DnsWanted", 60000, 0), ("DnsStepDone", 10, 8)],
    "late": [("DnsServiceSeen", 0, 1), ("DnsWanted", 0, 1, 0), ("DnsStepDone", 5000, 4), ("DnsDeadlinePassed", DEADLINE), ("DnsStepDone", 10, 8)],
    "denied": [("DnsWanted", 0, 1, 0), ("DnsServiceSeen", 10, 1), ("DnsStepDone", 10, 1), ("DnsTryAgain", 5000), ("DnsStepDone", 10, 8)],
    "moved": [("DnsServiceSeen", 0, 1), ("DnsWanted", 0, 1, 0), ("DnsWanted", 0, 1, 1), ("DnsStepDone", 10, 8), ("DnsStepDone", 10, 8), ("DnsStepDone", 10, 8)],
}

PORTAL = {"asked": [(2, 0, 1), (3, DEADLINE), (0, 100, 1), (3, DEADLINE), (0, 100, 0), (1, 1000)],
          "heard": [(2, 0, 1), (3, DEADLINE), (1, 100)]}

RENEWAL = {"quiet": [(0, 0, 11), (5, DEADLINE, 9, 4), (5, DEADLINE, 1, 1), (5, DEADLINE, 1, 1)],
           "busy": [(0, 0, 9)] + [(5, DEADLINE, 200, 20)] * 12,
           "blind": [(2, 0), (0, 0, 9), (5, DEADLINE)]}

UP_SINCE, SILENT, WAITING, RECEIVED, MORE, ADDRESSES, OK, ANSWER = range(8)
INCIDENT = {"tunnel_dead": [(UP_SINCE, 60000, 1, 255), (RECEIVED, 0, 1, 9), (SILENT, 0, 1, 10), (ANSWER, 100, 1), (ADDRESSES, 1000, 2, 1)],
            "path_dead": [(UP_SINCE, 60000, 1, 255), (SILENT, 0, 1, 10), (ANSWER, 1000, 0), (MORE, 5000, 5), (SILENT, 8000, 1, 90), (ADDRESSES, 15000, 2, 2)],
            "waiting": [(UP_SINCE, 0, 0), (WAITING, 0, 1), (OK, DEADLINE, 0), (ANSWER, 500, 0), (OK, DEADLINE), (UP_SINCE, 100, 1, 1)]}

# rotation_machine_fuzz.cpp reads choices, not rows: how it begins, then two bytes of time, an event, what that and the disk choose.
CALM = bytes([1, 1, 1, 0, 1, 1, 1, 0])
MADE = bytes([0, 9, 0, 1, 0, 9, 1, 1, 0, 9, 3, 1])  # asked, made, its certificate accepted
SEEN = bytes([0, 9, 11])
ROTATION = {"rotated": CALM + MADE + bytes([0, 9, 6, 1, 1, 0, 9]) + SEEN + bytes([0, 0, 0, 0, 1, 0, 1]),
            "refused": CALM + MADE + bytes([0, 9, 7, 0, 0, 9, 4, 1, 0, 9, 6, 1, 1, 0, 9]),
            "reverted": CALM + MADE + SEEN + bytes([0, 0, 1, 1, 1, 0]) + bytes([0, 9, 6, 1, 1, 0, 9]) + bytes([78, 0, 10, 78, 0, 10, 1, 0, 9]),
            "disk_full": CALM + MADE[:8] + bytes([0, 9, 3, 0, 0, 9, 0, 9, 4, 1])}

MACHINES = {
    "tunnel_machine": (TUNNEL, lambda: alternatives("tunnel/tunnel_event.hpp", "TunnelEvent")),
    "sleep_machine": (SLEEP, lambda: SLEEP_EVENTS),
    "wake_machine": (WAKE, lambda: alternatives("health/wake_machine.hpp", "WakeEvent")),
    "dns_machine": (DNS, lambda: alternatives("app/dns_machine.hpp", "DnsEvent")),
    "cluster_tracker": (TRACKER, lambda: alternatives("reach/cluster_tracker.hpp", "TrackerEvent")),
    "portal_machine": (PORTAL, list), "renewal_machine": (RENEWAL, list), "incident_machine": (INCIDENT, list),
}


def main():
    stories = {(machine, name): rows(numbers(), story)
               for machine, (told, numbers) in MACHINES.items() for name, story in told.items()}
    numbers = alternatives("reach/probe_state.hpp", "ProbeEvent")
    stories |= {("probe_machine", name): bytes([target]) + rows(numbers, story) for name, (target, story) in PROBE.items()}
    stories |= {("rotation_machine", name): story for name, story in ROTATION.items()}
    for (machine, name), story in stories.items():
        folder = ROOT / "tests" / "fuzz" / "corpus" / f"{machine}_fuzz"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"story_{name}").write_bytes(story)
    print(f"{len(stories)} stories")


if __name__ == "__main__":
    main()
