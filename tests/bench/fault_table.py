"""Every fault of the lab: what is shown, after how long, the way back, and what it cost. Issue 3, show 1."""
import sys

from bench import markdown
from episode import complaints, live_through
from faults import FAULTS, SERVER, catalogue

COLUMNS = ["fault", "first finding shown", "after", "reachable again", "restarts"]
STAND = 25.0  # seconds: longer than a second opinion takes


def row_of(out):
    first = out.first or "none"
    shown = f"{out.shown:.1f} s" if out.first else "-"
    way = "by itself in" if out.fault.itself else "connect, in" if out.fault.cure else "healed, in"
    return [out.fault.name + (f" {out.fault.argument}" if out.fault.argument.islower() and "-" not in out.fault.argument else ""),
            first, shown, f"{way} {out.recovered:.1f} s", str(out.restarts)]


def aligned(cells):
    widths = [max(len(fault.label) for fault in FAULTS if fault.argument != SERVER), max(map(len, catalogue())), 7, 19, 8]
    fits = [str.ljust, str.ljust, str.rjust, str.ljust, str.rjust]
    return " ".join(fit(cell, width) for fit, cell, width in zip(fits, cells, widths))


def said_of(out):
    followed = [code for _, code, *_ in out.findings if code != out.first]
    return {"fault": out.fault.label, "first": out.first or None, "shown_s": round(out.shown, 2) if out.first else None,
            "then": followed, "verdict": out.worst, "by_itself": out.fault.itself, "recovered_s": round(out.recovered, 2),
            "restarts": out.restarts, "attempts": out.attempts, "stood_s": round(out.stood, 1), "log_lines": out.lines, "wrong": complaints(out)}


def faults(bench):
    chosen = [fault for fault in FAULTS if not bench.args.only or fault.name in bench.args.only]
    rows, outs = [], []
    as_text = not bench.args.markdown
    if as_text:
        print(aligned(COLUMNS), flush=True)
    for fault in chosen:
        try:
            outs.append(live_through(bench.lab, bench.agent(fresh=True), fault, stand=bench.args.stand))
            rows.append(row_of(outs[-1]))
            wrong = complaints(outs[-1])
        except AssertionError as late:
            rows.append([fault.label, "FAILED", "-", "-", "-"])
            wrong = [str(late).splitlines()[0]]
        bench.failed = bench.failed or bool(wrong)
        if as_text:  # at once: all of them take a quarter of an hour
            print(aligned(rows[-1]), flush=True)
        for line in wrong:
            print(f"bench: {fault.label}: {line}", file=sys.stderr, flush=True)
    bench.found["faults"] = [said_of(out) for out in outs]
    if bench.args.markdown:
        print("\n".join(markdown(COLUMNS, rows)))
    else:
        print(f"\nEach with a fresh memdbd at its default settings; the fault stands {bench.args.stand:.0f} s, unless it was overcome earlier. After: from the start")
        print("of `lab fault`. Reachable again, with nothing left to say: from there too, or from the end of `lab heal`. Restarts: tunnels that")
        print("were up and lost while the fault stood, without what the injection itself killed.")


MEASUREMENTS = {"faults": faults}
