"""From a signed HTTP request to its answer: parse, check, permit, perform, record."""
import json
import re
import threading
import traceback

from . import acm, ec2_client_vpn, ec2_client_vpn_networks, ec2_client_vpn_sessions, ec2_groups, ec2_network, logs, memorydb, sts
from .failure import AwsError, StandInMistake, Unchecked
from .intervention import Interventions
from .policy import Policy, denial
from .recorder import Call, Recorder
from .resources import made, resources
from .service_model import load
from .wire import error_bytes, parse_json, parse_query, reply_bytes, to_json

SIGNED = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")


def _merged(*modules):
    return {name: action for module in modules for name, action in module.ACTIONS.items()}


SERVICES = {"ec2": _merged(ec2_network, ec2_groups, ec2_client_vpn, ec2_client_vpn_networks, ec2_client_vpn_sessions), "acm": acm.ACTIONS,
            "memorydb": memorydb.ACTIONS, "logs": logs.ACTIONS, "sts": sts.ACTIONS}
NO_ANSWER = None
CHECK_WORDS = {"ec2": ("InvalidParameterValue", "MissingParameter", "UnknownParameter"), "json": ("ValidationException",) * 3, "query": ("ValidationError",) * 3}


class Dispatcher:
    def __init__(self, world, program, ended, extra=None):
        """extra: service -> actions, beside those of the stand-in."""
        self.world, self._program = world, program
        self.recorder, self.interventions, self.policy = Recorder(), Interventions(ended), None
        self.mistakes = []  # of the stand-in or of what the client sent; close() of the endpoint raises them
        self.lock = threading.RLock()
        self._services = {**SERVICES, **(extra or {})}
        self._models = {}

    def use_policy(self, document, who="apply"):
        self.policy = document if isinstance(document, Policy) or document is None else Policy(document, who)
        return self.policy

    def model(self, service):
        if service not in self._models:
            self._models[service] = load(self._program, service)
        return self._models[service]

    def answer(self, headers, body, gone=lambda: False):
        """(status, content type, bytes), or NO_ANSWER. gone: whether the client has hung up."""
        signed = SIGNED.search(headers.get("Authorization", ""))
        if not signed:
            return 403, "text/plain", b"not signed"
        key, region_name, service = signed.groups()
        if service not in self._services:
            return self._mistake(f"nobody taught the stand-in the service {service}")
        model, call = self.model(service), None
        try:
            with self.lock:
                call = self._parsed(model, headers, body, Call(key, region_name, service, "", {}))
            return self._answered(model, call, gone)
        except AwsError as error:
            if call and call.outcome == "unanswered":
                call.outcome = error.code
            return (error.status, *error_bytes(model, error))
        except StandInMistake as mistake:
            return self._mistake(str(mistake))
        except Exception:  # pylint: disable=broad-except  # whatever it is, the test must see it and not only the client
            return self._mistake(traceback.format_exc())

    def _mistake(self, words):
        self.mistakes.append(words)
        return 599, "text/plain", words.encode()

    def _parsed(self, model, headers, body, call):
        """The call, recorded. What does not fit the model never reaches a service."""
        if model.protocol == "json":
            call.action, call.given = parse_json(model, headers.get("X-Amz-Target", ""), body)
        else:
            call.action, call.given = parse_query(model, body)
        self.recorder.calls.append(call)
        problems = model.problems_of_request(call.action, call.given)
        if problems:
            wrong, missing, unknown = CHECK_WORDS[model.protocol]
            code = missing if problems[0].startswith("missing") else unknown if problems[0].startswith("unknown") else wrong
            call.outcome = code
            raise AwsError(code, f"the model says: {'; '.join(problems)}")
        if call.action not in self._services[call.service]:
            raise StandInMistake(f"nobody taught the stand-in {call.service} {call.action}")
        return call

    def _answered(self, model, call, gone):
        """Holds are waited for without the lock, so that a test can look meanwhile. Nobody is held twice."""
        with self.lock:
            held = call.changes and self.interventions.counts_before()
        if held and (not self.interventions.wait() or gone()):
            return NO_ANSWER  # as if it had never arrived
        with self.lock:
            answer = self._performed(model, call)
            held = not held and call.changes and self.interventions.counts_after()
        if held and not self.interventions.wait():
            return NO_ANSWER
        return answer

    def _performed(self, model, call):
        region = self.world.at(call.region)
        self.world.settle()
        call.touched = [one.arn for one in resources(region, call.service, call.action, call.given) if one.arn != "*"]
        try:
            injected = self.interventions.injected(call.action)
            if injected:
                raise injected.error(call.service) or denial(region, call, call.iam_action, (call.touched or ["*"])[0])
            if self.policy:
                call.who = self.policy.who
                self.policy.check(region, call)
            if call.given.get("DryRun"):
                raise AwsError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)
            given = {name: value for name, value in call.given.items() if name != "DryRun"}
            reply = self._services[call.service][call.action](region, given)
        except AwsError as error:
            call.outcome = error.code
            return (error.status, *error_bytes(model, error))
        call.outcome = "ok"
        call.touched += [one for one in made(region, call.service, reply) if one not in call.touched]
        self.world.settle()
        if isinstance(reply, Unchecked):
            return 200, "application/x-amz-json-1.1", json.dumps(to_json(reply)).encode()
        return (200, *reply_bytes(model, call.action, reply))
