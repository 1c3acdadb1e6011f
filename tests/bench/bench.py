"""What all measurements share: the lab, and an agent in the state that a measurement begins with."""
import shutil
import time

from measure import moment
from memdb import MEMDBD, Agent, wait_for

DEMO = "demo"


class Bench:
    def __init__(self, lab, args):
        self.lab, self.args = lab, args
        self.found = {}  # what one measurement leaves for the next, and for --json
        self.measured = {}  # for the table of budgets, by the key of its row
        self.failed = False  # something was not as it must be
        self._agent = None

    def runs(self, all_of_them):
        """How often to do something that the whole bench does so often."""
        return max(3, all_of_them // 4) if self.args.quick else all_of_them

    def agent(self, settings="", fresh=False):
        """Connected and reachable. With the same settings the one at work, unless it is to be fresh, without a history."""
        if self._agent and not fresh and self._agent.settings == settings:
            return self._agent
        self.fresh_agent(settings).ctl("connect", DEMO, "--wait", "--timeout", "30s")
        return self._agent

    def fresh_agent(self, settings="", cluster="clustercfg.demo.lab.memorydb.test"):
        """Without a history, with one profile that is not connected."""
        self.no_agent()
        self._agent = Agent(self.lab, MEMDBD)
        self._agent.start(settings)
        self._agent.import_demo(cluster=cluster)
        return self._agent

    def no_agent(self):
        """The lab whole, and nothing of ours in it."""
        self.lab("heal", "all")
        if self._agent:
            self._agent.stop()
        self._agent = None
        shutil.rmtree(self.lab.dir / "agent", ignore_errors=True)


def up_for(agent, seconds):
    """Whether the tunnel has been up so long."""
    tunnel = agent.api.profile(DEMO)["tunnel"]
    return tunnel["phase"] == "up" and time.time() - moment(tunnel["since"]) > seconds


def pass_time(seconds):
    wait_for(lambda until=time.monotonic() + seconds: time.monotonic() >= until, seconds + 5, "the time has passed", 0.05)


def table(columns, rows):
    """Aligned; numbers (given as text that begins with a digit) to the right."""
    widths = [max(len(row[i]) for row in [columns, *rows]) for i in range(len(columns))]
    numeric = [all(row[i][:1].isdigit() or row[i] in ("", "-") for row in rows) for i in range(len(columns))]
    return ["  ".join(cell.rjust(width) if right else cell.ljust(width) for cell, width, right in zip(row, widths, numeric)).rstrip()
            for row in [columns, *rows]]


def markdown(columns, rows):
    return ["| " + " | ".join(cells) + " |" for cells in [columns, ["---"] * len(columns), *rows]]
