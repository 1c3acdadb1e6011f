"""What a test does to calls: an error instead of an answer, or no answer at all."""
import dataclasses
import threading

from .failure import AwsError

# name -> (code, message, status) of errors that everybody meets sooner or later.
KNOWN = {
    "throttled": ("RequestLimitExceeded", "Request limit exceeded.", 503),
    "expired": ("RequestExpired", "Request has expired.", 400),
    "expired-token": ("ExpiredTokenException", "The security token included in the request is expired", 400),
    "bad-credentials": ("AuthFailure", "AWS was not able to validate the provided access credentials", 401),
    "quota": ("ClientVpnEndpointLimitExceeded", "You have reached the limit of 5 Client VPN endpoints in this Region.", 400),
    "internal": ("InternalError", "An internal error has occurred", 500),
}


@dataclasses.dataclass
class Injection:
    action: str  # or `*`
    error: AwsError
    times: int
    after: int

    def strikes(self, action):
        if self.action not in ("*", action) or self.times == 0:
            return False
        if self.after > 0:
            self.after -= 1
            return False
        self.times -= 1
        return True


class Interventions:
    def __init__(self, ended):
        self._ended, self._injections = ended, []
        self._before = self._after = None  # how many changing calls are still to come until one is held
        self.held, self._go = threading.Event(), threading.Event()

    def inject(self, action, code, message="", status=400, times=1, after=0):
        """The action (or `*`) fails `times` times, `after` so many that work. code may be a word of KNOWN; times -1: always."""
        if code in KNOWN:
            code, known, status = KNOWN[code]
            message = message or known
        self._injections.append(Injection(action, AwsError(code, message or code, status), times, after))

    def injected(self, action):
        for one in self._injections:
            if one.strikes(action):
                return one.error
        return None

    def hold_after(self, nth=1):
        """The nth changing call from now is performed and never answered; `held` is set then."""
        self._arm()
        self._after = nth

    def hold_before(self, nth=1):
        """The nth changing call from now is neither performed nor answered; `held` is set then."""
        self._arm()
        self._before = nth

    def _arm(self):
        self.held.clear()
        self._go.clear()
        self._before = self._after = None

    def release(self):
        """Whoever is held gets an answer, and nobody else is held."""
        self._before = self._after = None
        self._go.set()

    def clear(self):
        self._injections.clear()
        self.release()

    def counts_before(self):
        """One more changing call comes; whether it is the one to hold."""
        self._before = self._before and self._before - 1
        if self._before != 0:
            return False
        self._before = None
        return True

    def counts_after(self):
        self._after = self._after and self._after - 1
        if self._after != 0:
            return False
        self._after = None
        return True

    def wait(self):
        """Called without any lock. False when the stand-in ends meanwhile."""
        self.held.set()
        while not self._ended.is_set():
            if self._go.wait(0.05):
                return True
        return False
