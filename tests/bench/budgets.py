"""Design §12: every budget with what was measured for it, in one table; and `budgets`, which measures all of them in one run."""
import dataclasses
import math
import statistics
import textwrap

from bench import table

WIDTH = 100
COLUMNS = ["budget of design §12", "memdbd", "spread", "beside it", "ratio", "limit", "met"]


@dataclasses.dataclass(frozen=True)
class Budget:
    """One row. The limit is one of the median, or of its ratio to what stands beside it; `worst` is one of every run."""

    key: str
    what: str
    unit: str
    limit: float
    ratio: bool = False
    worst: float = math.inf
    digits: int = 1

    def say(self, value):
        return f"{value:.{self.digits}f} {self.unit}".strip()

    @property
    def limit_text(self):
        limit = f"{self.limit:.3g} {'x' if self.ratio else self.unit}".strip()
        return limit if math.isinf(self.worst) else f"{limit}, max {self.worst:.3g}"


BUDGETS = [  # in the order of design §12
    Budget("recovery", "kill -9 openvpn, next PING", "ms", 2, ratio=True, digits=0),
    Budget("silence", "silence, restart begun", "s", 3, worst=5),
    Budget("silence-one-way", "silence to server, restart", "s", 3, worst=5),
    Budget("memory", "PSS, 6 nodes", "MB", 8),
    Budget("idle-cpu", "CPU, 6 nodes", "%", 0.2, digits=2),
    Budget("idle-wakeups", "wake-ups, 6 nodes", "/s", 6),
    Budget("offline-wakeups", "wake-ups, offline", "/s", 0.2, digits=2),
    Budget("status", "memdbctl status", "ms", 1 / 3, ratio=True),
    Budget("warm-ping", "warm PING", "ms", 1.1, ratio=True, digits=2),
    Budget("farm-cpu", "CPU, 2000 nodes", "%", 50),
    Budget("farm-memory", "memory a node of 2000", "KiB", 64),
    Budget("farm-scale", "CPU a node of 2000, us/s", "", 1.2, ratio=True),
    Budget("rotation", "rotation, next PING", "ms", 2, ratio=True, digits=0),
    Budget("restart", "PINGs missed in a restart", "", 0, digits=0),
]
BY_KEY = {budget.key: budget for budget in BUDGETS}


@dataclasses.dataclass
class Measured:
    """What one run of the bench found for a budget: a value for each run, and the same of a bare tool."""

    ours: list
    beside: list = dataclasses.field(default_factory=list)
    beside_what: str = ""
    note: str = ""


def spread(values):
    """Least and most; of ten values and more the middle eight tenths."""
    ordered = sorted(values)
    if len(ordered) >= 10:
        tenths = statistics.quantiles(ordered, n=10, method="inclusive")
        return tenths[0], tenths[-1]
    return ordered[0], ordered[-1]


@dataclasses.dataclass
class Row:
    budget: Budget
    measured: Measured

    @property
    def median(self):
        return statistics.median(self.measured.ours)

    @property
    def beside(self):
        return statistics.median(self.measured.beside) if self.measured.beside else None

    @property
    def ratio(self):
        return self.median / self.beside if self.beside else None

    def over(self):
        """How many runs, taken alone, are over the limit."""
        limit = self.budget.limit * self.beside if self.budget.ratio else self.budget.limit
        return sum(value > limit for value in self.measured.ours)

    @property
    def is_met(self):
        value = self.ratio if self.budget.ratio else self.median
        return value is not None and value <= self.budget.limit and max(self.measured.ours) <= self.budget.worst

    def verdict(self):
        if not self.is_met:
            return "NO"
        return f"luck: {self.over()}/{len(self.measured.ours)}" if self.over() else "yes"

    def cells(self):
        budget, runs = self.budget, len(self.measured.ours)
        low, high = spread(self.measured.ours)
        width = f"{low:.{budget.digits}f}-{high:.{budget.digits}f} ({runs})" if runs > 1 else ""
        beside = f"{budget.say(self.beside)} {self.measured.beside_what}" if self.beside is not None else ""
        ratio = f"{self.ratio:.2f}" if self.ratio is not None else ""
        return [budget.what, budget.say(self.median), width, beside, ratio, budget.limit_text, self.verdict()]

    def as_json(self):
        low, high = spread(self.measured.ours)
        return {"budget": self.budget.key, "what": self.budget.what, "unit": self.budget.unit, "median": self.median, "spread": [low, high],
                "runs": self.measured.ours, "beside": self.beside, "beside_what": self.measured.beside_what,
                "beside_runs": self.measured.beside, "ratio": self.ratio, "limit": self.budget.limit, "limit_is_ratio": self.budget.ratio,
                "worst_allowed": None if math.isinf(self.budget.worst) else self.budget.worst, "met": self.is_met, "over": self.over(),
                "note": self.measured.note}


def rows_of(measured):
    """`measured` by key; in the order of the design."""
    return [Row(budget, measured[budget.key]) for budget in BUDGETS if budget.key in measured]


def lines_of(rows):
    """The table, and a line for each note below it."""
    if not rows:
        return []
    lines = table(COLUMNS, [row.cells() for row in rows])
    if any(row.is_met and row.over() for row in rows):
        lines.append("  luck: the median meets the limit, but so many runs, taken alone, do not")
    for row in rows:
        if row.measured.note:
            lines += textwrap.wrap(f"{row.budget.what}: {row.measured.note}", WIDTH, initial_indent="  ", subsequent_indent="    ")
    return lines


def missing(measured):
    return [budget.what for budget in BUDGETS if budget.key not in measured]
