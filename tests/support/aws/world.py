"""The state of one account: a region that has everything and, for whoever signs for another one, empty regions.

What does not change by itself is kept as AWS writes it (dictionaries in the shapes of the models); what goes through states is an
object with a Course. Tags lie beside the objects, under the id or the ARN of what carries them.
"""
import datetime
import itertools
import random
import time

from .client_vpn_objects import Endpoint
from .course import Delays
from .failure import AwsError
from .snapshot import describe, things

ACCOUNT = "123456789012"


class NoHook:
    """What the stand-in tells the outside; lab_vpn.py has one that moves the lab."""

    def endpoint_name(self, region, endpoint_id):
        """The DNS name of an endpoint, without a label in front."""
        return f"{endpoint_id}.prod.clientvpn.{region.name}.amazonaws.com"

    def endpoint_id(self, region):
        return region.world.new_id("cvpn-endpoint-0")

    def serving(self, region, endpoint):
        """The endpoint has its first associated network, or another certificate: it lets clients in from here on."""

    def closed(self, region, endpoint):
        """The last network is gone."""

    def crl_changed(self, region, endpoint):
        pass

    def client_configuration(self, region, endpoint):
        """The text to export, or None: the stand-in writes it."""

    def connections(self, region, endpoint):
        """Living sessions as Connection objects, or None: those that the test made."""

    def terminate(self, region, endpoint, connection):
        pass

    def settled(self, region):
        """After every call: something may have changed."""

    def close(self):
        """The stand-in ends."""


class World:
    def __init__(self, account=ACCOUNT, region="us-east-1", delays=None, clock=time.monotonic, user="dev", hook=None, seed=1):
        self.account, self.home_name, self.user = account, region, user
        self.delays = delays if isinstance(delays, Delays) else Delays(0.2 if delays is None else delays)
        self.clock, self.hook = clock, hook or NoHook()
        self.page_size = 1000
        self.service_role = False  # whether the role that Client VPN needs exists: the first endpoint of an account makes it
        self.failing_associations = set()  # subnets of which the association ends in association-failed
        self.modify_moves_groups = False  # AWS takes up to 4 hours: only apply-security-groups acts at once
        self.endpoint_quota = 5
        self._random, self._count = random.Random(seed), itertools.count(1)
        self.regions = {}
        self.home = self.at(region)
        self._start, self._before = set(), None

    def at(self, name):
        if name not in self.regions:
            self.regions[name] = Region(self, name)
        return self.regions[name]

    def new_id(self, prefix, digits=16):
        return prefix + "".join(self._random.choice("0123456789abcdef") for _ in range(digits))

    def serial(self):
        return next(self._count)

    @property
    def user_arn(self):
        return f"arn:aws:iam::{self.account}:user/{self.user}"

    def now(self):
        return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)

    # --- what tests compare ---

    def snapshot(self):
        """Everything that lasts, with names instead of random ids and without times: equal when two worlds are alike."""
        self.settle()
        return {name: describe(region) for name, region in sorted(self.regions.items()) if any(things(region))}

    def mark_start(self):
        """From here on counts what leftovers() and is_as_before() say."""
        self.settle()
        self._start, self._before = self._things(), self.snapshot()

    def leftovers(self):
        """Each thing that was made since the start and is still there."""
        self.settle()
        return sorted(self._things() - self._start)

    def missing(self):
        """Each thing of the start that is gone."""
        self.settle()
        return sorted(self._start - self._things())

    def is_as_before(self):
        return not self.leftovers() and not self.missing() and self.snapshot() == self._before

    def _things(self):
        return {thing for region in self.regions.values() for thing in things(region)}

    def settle(self):
        for region in self.regions.values():
            region.settle()


class Region:
    def __init__(self, world, name):
        self.world, self.name, self.account = world, name, world.account
        self.vpcs, self.subnets, self.route_tables, self.groups, self.rules, self.interfaces = {}, {}, {}, {}, {}, {}
        self.clusters, self.subnet_groups, self.acls, self.users = {}, {}, {}, {}
        self.certificates, self.endpoints, self.log_groups = {}, {}, {}
        self.tags = {}
        self.tokens = {}  # (action, client token) -> (parameters, what was answered)

    def arn(self, service, what):
        return f"arn:aws:{service}:{self.name}:{self.account}:{what}"

    def tag_list(self, of):
        return [{"Key": key, "Value": value} for key, value in self.tags.get(of, {}).items()]

    def set_tags(self, of, tags):
        self.tags.setdefault(of, {}).update({tag["Key"]: tag.get("Value", "") for tag in tags})

    def tags_from(self, given, kind, of):
        """Those of the request's TagSpecifications. They must be for what the action makes."""
        for specification in given.get("TagSpecifications", []):
            if specification.get("ResourceType") != kind:
                raise AwsError("InvalidParameterValue", f"'{specification.get('ResourceType')}' is not a valid taggable resource type for this operation.")
            keys = [tag["Key"] for tag in specification.get("Tags", [])]
            if any(key.startswith("aws:") for key in keys):
                raise AwsError("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use")
            self.set_tags(of, specification.get("Tags", []))

    def endpoint(self, endpoint_id) -> Endpoint:
        if endpoint_id not in self.endpoints:
            raise AwsError("InvalidClientVpnEndpointId.NotFound", f"Endpoint {endpoint_id} does not exist")
        return self.endpoints[endpoint_id]

    def settle(self):
        """Takes away what has come to its end and tells the hook what the clock has brought."""
        for endpoint in list(self.endpoints.values()):
            endpoint.settle(self)
            if endpoint.course.gone:
                del self.endpoints[endpoint.id]
                self.tags.pop(endpoint.id, None)
        self.world.hook.settled(self)
