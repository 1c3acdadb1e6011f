"""What a soak does and in which order, from its seed alone: the same seed does the same, however long each step takes."""
import dataclasses
import random

from faults import FAULTS

AT_ONCE = 3  # faults and disconnected profiles
# (how often, what, whether it is done to one profile)
ACTIONS = ((3, "rotate", True), (2, "disconnect", True), (2, "reconnect", True), (2, "end", False), (2, "kill", False))
RESTARTS = ("end", "kill")
ACTION = 0.15  # of all steps


@dataclasses.dataclass(frozen=True)
class Step:
    what: str  # "break", "heal", "connect" or one of ACTIONS
    on: object  # a fault, a profile, or ""
    pause: float  # seconds after it


def pool(profiles):
    """Faults that may stand beside each other. None for which another memdbd is needed: that would be another process to measure."""
    faults = [fault for fault in FAULTS if fault.provoke not in ("start", "restart")]
    if len(profiles) > 1:
        twins = [dataclasses.replace(fault, argument="twin-0001-002") for fault in faults if fault.name in ("node-down", "node-loading", "node-slow")]
        faults = [fault for fault in faults if fault.name != "client-cert-revoked"] + twins
        faults += [dataclasses.replace(fault, argument=f"SERIAL {name}") for fault in FAULTS if fault.name == "client-cert-revoked" for name in profiles]
    return faults


class Plan:
    """Knows what it has had broken, not what came of it."""

    def __init__(self, seed, profiles, actions=False, restarts=False):
        self.random = random.Random(seed)
        self.profiles, self.pool = profiles, pool(profiles)
        self.actions = [one for one in ACTIONS if actions and (restarts or one[1] not in RESTARTS)]
        self.standing = []  # faults and profiles

    def __iter__(self):
        return self

    def __next__(self):
        what, on = self.choose()
        return Step(what, on, self.random.uniform(1, 10))

    def choose(self):
        if self.actions and self.random.random() < ACTION:
            _, what, of_profile = self.random.choices(self.actions, [weight for weight, *_ in self.actions])[0]
            on = self.random.choice(self.profiles) if of_profile else ""
            if what != "disconnect":
                return what, on
            if on not in self.standing:
                self.standing.append(on)
                return what, on
        if self.standing and (len(self.standing) >= AT_ONCE or self.random.random() < 0.5):
            healed = self.standing.pop(self.random.randrange(len(self.standing)))
            return ("connect" if healed in self.profiles else "heal"), healed
        names = [getattr(one, "name", one) for one in self.standing]
        fault = self.random.choice([fault for fault in self.pool if fault.name not in names])
        if fault.name not in ("openvpn-killed", "session-cut"):
            self.standing.append(fault)
        return "break", fault

    def all_healed(self):
        self.standing = []
