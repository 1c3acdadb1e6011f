"""What a Client VPN endpoint consists of. Each part goes through the states that AWS gives it."""
import dataclasses
import datetime

from .course import Course


@dataclasses.dataclass
class Association:
    id: str
    subnet: str
    vpc: str
    groups: list
    interface: str
    course: Course


@dataclasses.dataclass
class AuthorizationRule:
    cidr: str
    group: str  # "" is everybody
    description: str
    course: Course


@dataclasses.dataclass
class Route:
    destination: str
    subnet: str
    origin: str  # associate: AWS added it; add-route: somebody did
    description: str
    course: Course


@dataclasses.dataclass
class Connection:
    id: str
    common_name: str
    client_ip: str
    established: datetime.datetime
    ingress_bytes: int = 0
    egress_bytes: int = 0
    ended: datetime.datetime = None
    course: Course = None

    @property
    def state(self):
        return self.course.state if self.course else "active"


@dataclasses.dataclass
class Endpoint:
    id: str
    dns_name: str
    created: datetime.datetime
    settings: dict  # the request's own words, as changed since
    course: Course
    vpc: str = ""
    groups: list = dataclasses.field(default_factory=list)
    associations: list = dataclasses.field(default_factory=list)
    rules: list = dataclasses.field(default_factory=list)
    routes: list = dataclasses.field(default_factory=list)
    connections: list = dataclasses.field(default_factory=list)
    crl: str = ""
    crl_course: Course = None
    announced: bool = False  # the hook knows that it serves

    @property
    def state(self):
        if self.course.state != "open":
            return self.course.state
        return "available" if self.serving() else "pending-associate"

    def serving(self):
        return any(one.course.state == "associated" for one in self.associations)

    def settle(self, region):
        for association in [one for one in self.associations if one.course.state in ("disassociated", None)]:
            # The interface outlives the route, as on AWS, where it keeps its group from being deleted for a while.
            region.interfaces.pop(association.interface, None)
        self.associations = [one for one in self.associations if not one.course.gone]
        self.rules = [one for one in self.rules if not one.course.gone]
        self.routes = [one for one in self.routes if not one.course.gone]
        self.connections = [one for one in self.connections if one.course is None or not one.course.gone]
        if self.serving() and not self.announced:
            self.announced = True
            region.world.hook.serving(region, self)
        elif not self.serving() and self.announced:
            self.announced = False
            region.world.hook.closed(region, self)
