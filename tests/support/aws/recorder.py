"""Every call that was made: who, where, what, with what, and what became of it."""
import collections
import dataclasses

READING = ("Describe", "List", "Get", "Export", "Filter")


@dataclasses.dataclass
class Call:
    key: str
    region: str
    service: str
    action: str
    given: dict
    outcome: str = "unanswered"  # ok, an error code, or this: its client was left waiting
    touched: list = dataclasses.field(default_factory=list)  # ARNs
    who: str = ""

    @property
    def changes(self):
        """What a dry run asks for never happens."""
        return not self.action.startswith(READING) and not self.given.get("DryRun")

    @property
    def iam_action(self):
        return f"{self.service}:{self.action}"


class Recorder:
    def __init__(self):
        self.calls = []

    def of(self, action):
        """(access key, region, service, parameters) of each call of the action."""
        return [(one.key, one.region, one.service, one.given) for one in self.calls if one.action == action]

    def mutating(self):
        """Calls that are no Describe, List, Get, Export or Filter and no dry run; refused ones too: see Call.outcome."""
        return [one for one in self.calls if one.changes]

    def count_by_action(self):
        return dict(collections.Counter(one.action for one in self.calls))

    def clear(self):
        self.calls.clear()
