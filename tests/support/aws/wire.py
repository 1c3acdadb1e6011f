"""From bytes to plain Python values and back, by the model: EC2's and STS's query with XML, and JSON 1.0 and 1.1."""
import base64
import datetime
import json
import urllib.parse
from xml.sax.saxutils import escape

from .failure import AwsError, StandInMistake

REQUEST_ID = "7a62c49f-347e-4fc4-9331-6e8eEXAMPLE"
ISO = "%Y-%m-%dT%H:%M:%S.000Z"


# --- the query protocol: what is asked ---

def parse_query(model, body):
    """(action, values). A parameter that the model does not have is refused, as EC2 does."""
    flat = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
    action, version = flat.pop("Action"), flat.pop("Version")
    if action not in model.operations or version != model.metadata["apiVersion"]:
        raise AwsError("InvalidAction", f"The action {action} is not valid for this web service.")
    tree = {}
    for name, text in flat.items():
        at = tree
        for part in name.split(".")[:-1]:
            at = at.setdefault(part, {})
        at[name.split(".")[-1]] = text
    shape = model.input(action)
    if shape is None and tree:
        raise AwsError("UnknownParameter", f"The parameter {next(iter(tree))} is not recognized")
    return action, (_query_value(model, shape, tree, "") if shape else {})


def _query_name(model, name, shape):
    """EC2 writes every name with a capital; a queryName goes before everything."""
    if model.protocol != "ec2":
        return shape.wire_name(name)
    if "queryName" in shape.about:
        return shape.about["queryName"]
    wire = shape.wire_name(name)
    return wire[0].upper() + wire[1:]


def _query_value(model, shape, tree, path):
    if shape.type == "structure":
        if not isinstance(tree, dict):
            raise AwsError("InvalidParameterValue", f"{path} must be a structure")
        names = {_query_name(model, name, member): (name, member) for name, member in shape.members().items()}
        value = {}
        for wire, inner in tree.items():
            if wire not in names:
                raise AwsError("UnknownParameter", f"The parameter {path + '.' if path else ''}{wire} is not recognized")
            name, member = names[wire]
            value[name] = _query_value(model, member, inner, f"{path + '.' if path else ''}{wire}")
        return value
    if shape.type == "list":
        if tree == "":
            return []
        if not isinstance(tree, dict) or sorted(tree, key=_number) != [str(n) for n in range(1, len(tree) + 1)]:
            raise AwsError("InvalidParameterValue", f"{path} must be a list that counts from 1")
        return [_query_value(model, shape.inner(), tree[index], f"{path}.{index}") for index in sorted(tree, key=_number)]
    if not isinstance(tree, str):
        raise AwsError("InvalidParameterValue", f"{path} must be a single value")
    return _query_scalar(shape, tree, path)


def _number(text):
    return int(text) if text.isdigit() else 0


def _query_scalar(shape, text, path):
    try:
        if shape.type in ("integer", "long"):
            return int(text)
        if shape.type == "boolean":
            return {"true": True, "false": False}[text]
        if shape.type in ("float", "double"):
            return float(text)
        if shape.type == "blob":
            return base64.b64decode(text, validate=True)
        if shape.type == "timestamp":
            return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except (ValueError, KeyError):
        raise AwsError("InvalidParameterValue", f"Invalid value '{text}' for {path}: not a {shape.type}") from None
    return text


# --- the query protocol: what is answered ---

def xml_reply(model, action, value):
    shape = model.output(action)
    inner = _xml_members(shape, value) if shape else ""
    space = model.metadata["xmlNamespace"]
    if model.protocol == "ec2":
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<{action}Response xmlns="{space}"><requestId>{REQUEST_ID}</requestId>{inner}</{action}Response>'
    return (f'<{action}Response xmlns="{space}"><{action}Result>{inner}</{action}Result>'
            f"<ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata></{action}Response>")


def xml_error(model, error):
    said = f"<Error>{'' if model.protocol == 'ec2' else '<Type>Sender</Type>'}<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message></Error>"
    if model.protocol == "ec2":
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors>{said}</Errors><RequestID>{REQUEST_ID}</RequestID></Response>'
    return f'<ErrorResponse xmlns="{model.metadata["xmlNamespace"]}">{said}<RequestId>{REQUEST_ID}</RequestId></ErrorResponse>'


def _xml_members(shape, value):
    members = shape.members()
    return "".join(_xml(members[name], members[name].wire_name(name), item) for name, item in value.items())


def _xml(shape, tag, value):
    if shape.type == "structure":
        return f"<{tag}>{_xml_members(shape, value)}</{tag}>"
    if shape.type == "list":
        if not value:
            return f"<{tag}/>"
        item = shape.inner().wire_name("item")
        return f"<{tag}>" + "".join(_xml(shape.inner(), item, one) for one in value) + f"</{tag}>"
    if shape.type == "boolean":
        return f"<{tag}>{'true' if value else 'false'}</{tag}>"
    if shape.type == "timestamp":
        return f"<{tag}>{value.astimezone(datetime.timezone.utc).strftime(ISO)}</{tag}>"
    if shape.type == "blob":
        return f"<{tag}>{base64.b64encode(value).decode()}</{tag}>"
    # What a line break becomes in an attribute does not matter here, but a CR in text would be lost.
    return f"<{tag}>{escape(str(value), {chr(13): '&#13;'})}</{tag}>"


# --- JSON ---

def parse_json(model, target, body):
    prefix, _, action = target.partition(".")
    if prefix != model.metadata["targetPrefix"] or action not in model.operations:
        raise AwsError("UnknownOperationException", f"{target} is not an operation of {model.service}")
    try:
        value = json.loads(body)
    except ValueError:
        raise AwsError("SerializationException", "the body is not JSON") from None
    shape = model.input(action)
    return action, (_from_json(shape, value) if shape else value)


def _from_json(shape, value):
    """Blobs from base64, times from seconds; whatever else does not fit the model is left for the model to find."""
    if shape.type == "structure" and isinstance(value, dict):
        members = shape.members()
        return {name: _from_json(members[name], item) if name in members else item for name, item in value.items() if item is not None}
    if shape.type == "list" and isinstance(value, list):
        return [_from_json(shape.inner(), item) for item in value]
    if shape.type == "map" and isinstance(value, dict):
        return {key: _from_json(shape.inner("value"), item) for key, item in value.items()}
    if shape.type == "blob" and isinstance(value, str):
        try:
            return base64.b64decode(value, validate=True)
        except ValueError:
            raise AwsError("SerializationException", "a blob is not base64") from None
    if shape.type == "timestamp" and isinstance(value, (int, float)):
        return datetime.datetime.fromtimestamp(value, datetime.timezone.utc)
    return value


def to_json(value):
    """For a JSON answer: times as seconds, blobs as base64."""
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [to_json(item) for item in value]
    if isinstance(value, datetime.datetime):
        return value.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


# --- both ---

def reply_bytes(model, action, value):
    """(content type, bytes). A value that does not fit the model fails the test."""
    problems = model.problems_of_reply(action, value)
    if problems:
        raise StandInMistake(f"the stand-in's reply to {action}: {'; '.join(problems)}")
    if model.protocol == "json":
        return f"application/x-amz-json-{model.metadata['jsonVersion']}", json.dumps(to_json(value)).encode()
    return "text/xml;charset=UTF-8", xml_reply(model, action, value).encode()


def error_bytes(model, error):
    if model.protocol == "json":
        # Services differ in how they write this member, and clients read both.
        said = {"__type": error.code, "message": error.message, "Message": error.message}
        return f"application/x-amz-json-{model.metadata['jsonVersion']}", json.dumps(said).encode()
    return "text/xml;charset=UTF-8", xml_error(model, error).encode()
