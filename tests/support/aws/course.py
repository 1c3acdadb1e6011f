"""What AWS does slowly: states one after the other, read off the clock whenever somebody looks. No thread, no sleep."""

FOREVER = None
GONE = None  # the state of what is no longer there


class Course:
    """Course(clock, ("associating", 0.2), ("associated", FOREVER)): each state lasts its seconds, the last one for ever."""

    def __init__(self, clock, *steps):
        self._clock, self._steps, self._since = clock, steps, clock()

    @property
    def state(self):
        left = self._clock() - self._since
        for state, seconds in self._steps[:-1]:
            if seconds is FOREVER or left < seconds:
                return state
            left -= seconds
        return self._steps[-1][0]

    @property
    def gone(self):
        return self.state is GONE


class Delays:
    """How long each kind of change takes, in seconds: Delays(0.2, associate=5, delete=FOREVER)."""

    KINDS = ("associate", "disassociate", "disassociated", "authorize", "revoke", "route", "delete", "crl", "terminate", "terminated")

    def __init__(self, usual=0.2, **special):
        for kind in special:
            assert kind in self.KINDS, f"no delay is called {kind}; there are {', '.join(self.KINDS)}"
        self._usual, self._special = usual, special

    def __getitem__(self, kind):
        assert kind in self.KINDS, kind
        return self._special.get(kind, self._usual)

    def set(self, usual=None, **special):
        if usual is not None:
            self._usual = usual
        for kind, seconds in special.items():
            assert kind in self.KINDS, kind
            self._special[kind] = seconds
