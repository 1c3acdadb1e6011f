"""A path that went dead: memdbd's detection and recovery beside plain openvpn with the same pushed timers. Issue 3, show 2."""
import contextlib
import random
import statistics
import subprocess
import time

from bench import DEMO, markdown, pass_time, table, up_for
from budgets import Measured
from memdb import Events, wait_for

CASES = ["udp-blocked", "asym-to-server", "asym-to-client", "server-down"]
ROWS = {"udp-blocked": "silence", "asym-to-server": "silence-one-way"}  # of the table of budgets
COLUMNS = ["fault", "", "runs", "restart begun", "worst", "back after healing", "worst"]
READY = "Initialization Sequence Completed"
NOTICED = "Inactivity timeout (--ping-restart), restarting"


class Plain:
    """A stock openvpn beside memdbd: the downloaded configuration and the second certificate, without device or routes."""

    def __init__(self, lab):
        self.log = open(lab.dir / "logs" / "plain.log", "w+")
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", lab.laptop, "openvpn", "--config", str(lab.dir / "downloaded-client-config.ovpn"), "--cert",
             str(lab.dir / "client2.crt"), "--key", str(lab.dir / "client2.key"), "--remote", "192.0.2.1", "443", "udp",
             "--dev", "null", "--dev-type", "tun", "--ifconfig-noexec", "--route-noexec"],
            stdout=self.log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        self.text = ""
        self.reader = open(self.log.name)
        self.wait(READY, 10)

    def wait(self, words, limit):
        """The moment at which the log says `words`, after what was read before."""
        def said():
            self.text += self.reader.read()
            return words in self.text

        wait_for(said, limit, f"plain openvpn says {words}", 0.005)
        self.text = self.text.partition(words)[2]
        return time.monotonic()

    def close(self):
        self.process.terminate()
        self.process.wait(10)
        self.reader.close()
        self.log.close()


def first_event(events, kind, start, test, limit, what):
    return wait_for(lambda: [at for at, event in events.of(kind, start) if test(event)], limit, what, 0.002)[0]


def one(bench, case, plain):
    """Seconds to the detection and to the recovery, of memdbd and, if it takes part, of plain openvpn."""
    agent = bench.agent(fresh=True)
    wait_for(lambda: up_for(agent, 4), 20, "the tunnel has been up for 4 s")
    pass_time(random.uniform(0, 1))  # anywhere between two PINGs
    events = Events(agent.socket)
    start = time.monotonic()
    bench.lab("fault", case)
    noticed = first_event(events, "phase", start, lambda e: e["to"] != "up", 30, f"{case}: memdbd gives the tunnel up") - start
    plain_noticed = plain.wait(NOTICED, 90) - start if plain else None
    bench.lab("heal", case)
    healed = time.monotonic()
    back = first_event(events, "node", healed - 0.2, lambda e: e.get("to") == "ok", 90, f"{case}: a PING is answered") - healed
    plain_back = plain.wait(READY, 320) - healed if plain else None
    agent.api.wait_verdict(DEMO, "reachable", 60)
    events.close()
    return (noticed, max(back, 0.0)), (plain_noticed, plain_back)


def cells(case, who, results):
    noticed, back = [r[0] for r in results], [max(r[1], 0.0) for r in results]
    return [case, who, str(len(results))] + [f"{f(values):.2f} s" for values in (noticed, back) for f in (statistics.median, max)]


def silence(bench, cases=None):
    rows = []
    for case in cases or bench.args.only or CASES:
        short = [one(bench, case, None)[0] for _ in range(bench.args.runs or bench.runs(10))]
        rows.append(cells(case, "memdbd, healed once it has begun", short))
        both = []
        for _ in range(bench.args.plain_runs or (1 if bench.args.quick else 3)):
            bench.lab("heal", "all")
            with contextlib.closing(Plain(bench.lab)) as plain:
                both.append(one(bench, case, plain))
        if both:
            rows.append(cells("", "memdbd, beside plain openvpn", [ours for ours, _ in both]))
            rows.append(cells("", "plain openvpn", [theirs for _, theirs in both]))
        if case in ROWS:
            noticed = [[result[0] for result in results] for results in (short, [theirs for _, theirs in both])]
            bench.measured[ROWS[case]] = Measured(*noticed, "openvpn")
    print("\n".join((markdown if bench.args.markdown else table)(COLUMNS, rows)))
    print("\nMedian and worst. A fresh memdbd at its default settings for each run (a history of losses would make it back off, rightly);")
    print("the fault comes 4 to 5 s after the tunnel came up. Restart begun: from the start of `lab fault` until the tunnel leaves `up`,")
    print("for plain openvpn until it logs --ping-restart. Back: from the end of `lab heal` until the first PING over TLS, for plain openvpn")
    print("until it is connected. Beside each other both stand the same fault until plain openvpn has noticed, too.")


MEASUREMENTS = {"silence": silence}
