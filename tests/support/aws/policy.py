"""An IAM policy document: what it allows. Of IAM only what a policy of ours may use; anything else fails the test aloud."""
import fnmatch
import json
import pathlib

from .failure import AwsError
from .resources import Resource, request_tags, resources

STATEMENT_KEYS = {"Sid", "Effect", "Action", "Resource", "Condition"}
# Actions whose TagSpecifications need ec2:CreateTags on what they make.
TAGGING = {"CreateSecurityGroup", "CreateClientVpnEndpoint", "AuthorizeSecurityGroupIngress"}
SERVICE_ROLE = "aws-service-role/clientvpn.amazonaws.com/AWSServiceRoleForClientVPN"


def _list(value):
    return value if isinstance(value, list) else [value]


class Policy:
    def __init__(self, document, who="apply"):
        """document: JSON text, a dictionary, or the path of a file."""
        if isinstance(document, pathlib.Path):
            document = document.read_text(encoding="utf-8")
        self.document = json.loads(document) if isinstance(document, str) else document
        assert self.document["Version"] == "2012-10-17", "a policy without this version has no variables"
        self.statements, self.who = _list(self.document["Statement"]), who
        for one in self.statements:
            assert set(one) <= STATEMENT_KEYS and one["Effect"] == "Allow", f"the stand-in cannot evaluate {one}"
        self.used = set()  # actions that something needed

    def actions(self):
        return {action for one in self.statements for action in _list(one["Action"])}

    def unused(self):
        """Actions of the document that no call has needed so far."""
        return sorted(pattern for pattern in self.actions() if not any(_like(action, pattern, fold=True) for action in self.used))

    def check(self, region, call):
        """An AwsError if the call needs what the document does not allow."""
        tags = request_tags(call.given)
        for resource in resources(region, call.service, call.action, call.given):
            self._need(region, call, call.iam_action, resource, tags, {})
        if call.action in TAGGING and tags:
            for resource in resources(region, call.service, call.action, call.given):
                if resource.new:
                    self._need(region, call, "ec2:CreateTags", resource, tags, {"ec2:CreateAction": call.action})
        if call.service == "acm" and call.action == "ImportCertificate" and tags:
            self._need(region, call, "acm:AddTagsToCertificate", Resource(region.arn("acm", "certificate/*"), {}, True), tags, {})
        if call.service == "logs" and call.action == "CreateLogGroup" and tags:
            self._need(region, call, "logs:TagResource", resources(region, "logs", call.action, call.given)[0], tags, {})
        if call.action == "CreateClientVpnEndpoint" and not region.world.service_role:
            role = Resource(f"arn:aws:iam::{region.account}:role/{SERVICE_ROLE}", {})
            self._need(region, call, "iam:CreateServiceLinkedRole", role, {}, {"iam:AWSServiceName": "clientvpn.amazonaws.com"})

    def _need(self, region, call, action, resource, tags, more):
        self.used.add(action)
        context = {"aws:RequestedRegion": region.name, "aws:ResourceAccount": region.account, **more}
        context |= {f"aws:ResourceTag/{key}": value for key, value in resource.tags.items()}
        if call.service == "ec2":
            context |= {f"ec2:ResourceTag/{key}": value for key, value in resource.tags.items()}
        if resource.new:
            context |= {f"aws:RequestTag/{key}": value for key, value in tags.items()}
            context["aws:TagKeys"] = list(tags)
        if not any(_allows(one, action, resource.arn, context) for one in self.statements):
            raise denial(region, call, action, resource.arn)


def _allows(statement, action, arn, context):
    return (any(_like(action, one, fold=True) for one in _list(statement["Action"]))
            and any(_like(arn, one) for one in _list(statement["Resource"]))
            and all(_holds(test, wanted, context) for test, wanted in statement.get("Condition", {}).items()))


def _like(text, pattern, fold=False):
    """`*` in what is asked about (a resource that has no name) is met by a pattern that ends so."""
    if fold:
        text, pattern = text.lower(), pattern.lower()
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))


def _holds(test, wanted, context):
    every, _, operator = test.rpartition(":")
    if_exists = operator.endswith("IfExists")
    operator = operator.removesuffix("IfExists")
    known = operator in ("StringEquals", "StringLike", "Null", "ArnLike", "ArnEquals") and every in ("", "ForAllValues", "ForAnyValue")
    assert known, f"the stand-in cannot evaluate the condition {test}"
    for key, values in wanted.items():
        values, has = [str(one) for one in _list(values)], context.get(key)
        assert key.startswith(("aws:", "ec2:", "iam:")), f"the stand-in does not know {key}"
        if operator == "Null":
            if (has is None) != (values[0].lower() == "true"):
                return False
            continue
        if has is None:
            if if_exists or every == "ForAllValues":
                continue
            return False
        fits = [any(one == value if operator == "StringEquals" else _like(one, value) for value in values) for one in _list(has)]
        if not (any(fits) if every == "ForAnyValue" else all(fits)):
            return False
    return True


def denial(region, call, action, arn):
    """As each service words it."""
    user = region.world.user_arn
    if call.service == "ec2":
        if action.startswith("iam:"):
            return AwsError("UnauthorizedOperation", "You are not authorized to perform this operation. Please ensure that you have the "
                            "iam:CreateServiceLinkedRole permission configure for your user/role", 403)
        on = "" if arn == "*" else f" on resource: {arn}"
        return AwsError("UnauthorizedOperation", f"You are not authorized to perform this operation. User: {user} is not authorized to perform: {action}{on} "
                        f"because no identity-based policy allows the {action} action. Encoded authorization failure message: 4Ws-uBJ8p8yzEXAMPLE", 403)
    code = "AccessDenied" if call.service == "sts" else "AccessDeniedException"
    return AwsError(code, f"User: {user} is not authorized to perform: {action} on resource: {arn} "
                    f"because no identity-based policy allows the {action} action")
