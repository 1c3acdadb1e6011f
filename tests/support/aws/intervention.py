"""What a test does to calls: an error instead of an answer, or no answer at all."""
import dataclasses
import threading

from .failure import AwsError

# word -> (code, message, status) of errors that everybody meets sooner or later: as EC2, as the services that speak JSON, and as STS says it.
INVALID = "The security token included in the request is invalid."
OVER = "The security token included in the request is expired"
KNOWN = {
    "throttled": (("RequestLimitExceeded", "Request limit exceeded.", 503), ("ThrottlingException", "Rate exceeded", 400), ("Throttling", "Rate exceeded", 400)),
    "expired": (("RequestExpired", "Request has expired.", 400), ("ExpiredTokenException", OVER, 400), ("ExpiredToken", OVER, 403)),
    "bad-credentials": (("AuthFailure", "AWS was not able to validate the provided access credentials", 401),
                        ("UnrecognizedClientException", INVALID, 400), ("InvalidClientTokenId", INVALID, 403)),
    "quota": (("ClientVpnEndpointLimitExceeded", "You have reached the limit of 5 Client VPN endpoints in this Region.", 400),
              ("LimitExceededException", "Cannot import more certificates than the limit of 2500.", 400), ("LimitExceeded", "Limit exceeded", 400)),
    "internal": (("InternalError", "An internal error has occurred", 500), ("InternalServerException", "An internal error has occurred", 500),
                 ("InternalFailure", "An internal error has occurred", 500)),
}
DENIED = "denied"  # as a policy would, in the words of the service


@dataclasses.dataclass
class Injection:
    action: str  # or `*`
    code: str
    message: str
    status: int
    times: int
    after: int

    def error(self, service):
        """None for DENIED: what is denied depends on the call."""
        if self.code == DENIED:
            return None
        if self.code in KNOWN:
            code, message, status = KNOWN[self.code][{"ec2": 0, "sts": 2}.get(service, 1)]
            return AwsError(code, self.message or message, status)
        return AwsError(self.code, self.message or self.code, self.status)

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
        """The action (or `*`) fails `times` times, `after` so many that work. code may be a word of KNOWN, or "denied"; times -1: always."""
        self._injections.append(Injection(action, code, message, status, times, after))

    def injected(self, action):
        """The Injection that this call meets, or None."""
        return next((one for one in self._injections if one.strikes(action)), None)

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
