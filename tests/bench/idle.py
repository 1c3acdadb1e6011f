"""What memdbd needs while all is well and nobody asks it anything."""
from bench import DEMO, pass_time
from budgets import Measured
from measure import show, watched

WINDOW = 10  # seconds: of each there is a value of its own


def column(windows, name):
    return [window[name] for window in windows]


def idle(bench):
    agent = bench.agent()
    pass_time(5)
    pid, seconds = agent.pid, 30 if bench.args.quick else bench.args.minutes * 60
    windows = watched(pid, seconds, WINDOW)
    cpu, wakeups, last = column(windows, "cpu_percent"), column(windows, "wakeups_s"), windows[-1]
    show("idle", f"{seconds / 60:.1f} min in windows of {WINDOW} s: CPU {max(cpu):.3f} % of a core at most, {max(wakeups):.1f} wake-ups a second at most")
    show("", f"PSS {last['Pss']:.1f} MB; pages of its own {last['Private']:.1f} MB, with all that it shares with others {last['Rss']:.1f} MB")
    show("", f"log lines: {agent.log_lines()}; verdict {agent.api.profile(DEMO)['verdict']}")
    note = f"{last['Private']:.1f} MB its own; PSS depends on who else uses the same libraries, up to {last['Rss']:.1f} MB (RSS)"
    bench.measured["memory"] = Measured(column(windows, "Pss"), note=note)
    bench.measured["idle-cpu"] = Measured(cpu)
    bench.measured["idle-wakeups"] = Measured(wakeups)


MEASUREMENTS = {"idle": idle}
