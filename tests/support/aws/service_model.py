"""One service's model: what its actions take and give. Holds plain Python values against it.

Required members, enums, types, lengths, ranges and patterns are checked; a member that the model does not know is an error.
"""
import datetime
import re

from .model_files import botocore_data, model_json

# Members whose model is stricter than the service: none so far. botocore itself checks neither enums nor patterns.
SCALARS = {"string": str, "character": str, "integer": int, "long": int, "boolean": bool, "float": (int, float), "double": (int, float),
           "blob": bytes, "timestamp": datetime.datetime}


class Shape:
    """A shape as one member refers to it: what stands at the member goes before what stands at the shape."""

    def __init__(self, model, reference):
        self.model, self.name = model, reference["shape"]
        self.about = {**model.shapes[self.name], **{key: value for key, value in reference.items() if key != "shape"}}
        self.type = self.about["type"]

    def members(self):
        return {name: self.model.shape(reference) for name, reference in self.about.get("members", {}).items()}

    def required(self):
        return self.about.get("required", [])

    def inner(self, word="member"):
        """Of a list its `member`, of a map its `key` and `value`."""
        return self.model.shape(self.about[word])

    def wire_name(self, default):
        return self.about.get("locationName", default)


class ServiceModel:
    def __init__(self, data, service):
        self.service = service
        self._json = model_json(data, service)
        self.metadata, self.shapes, self.operations = self._json["metadata"], self._json["shapes"], self._json["operations"]
        self.protocol = self.metadata["protocol"]
        self._cache = {}

    def shape(self, reference):
        key = tuple(sorted((name, str(value)) for name, value in reference.items()))
        if key not in self._cache:
            self._cache[key] = Shape(self, reference)
        return self._cache[key]

    def input(self, action):
        reference = self.operations[action].get("input")
        return self.shape(reference) if reference else None

    def output(self, action):
        reference = self.operations[action].get("output")
        return self.shape(reference) if reference else None

    def problems_of_request(self, action, given):
        shape = self.input(action)
        return list(_problems(shape, given, "")) if shape else ([f"takes no parameter {name}" for name in given])

    def problems_of_reply(self, action, given):
        shape = self.output(action)
        return list(_problems(shape, given, "")) if shape else ([f"gives no {name}" for name in given])


def load(program, service):
    return ServiceModel(botocore_data(program), service)


def _problems(shape, value, path):
    """Every way in which the value does not fit, as sentences."""
    where = path or "the request"
    if shape.type == "structure":
        yield from _structure_problems(shape, value, path, where)
    elif shape.type == "list":
        if not isinstance(value, list):
            yield f"{where} must be a list"
            return
        yield from _size_problems(shape, len(value), where)
        for index, item in enumerate(value, 1):
            yield from _problems(shape.inner(), item, f"{path}.{index}")
    elif shape.type == "map":
        for key, item in value.items():
            yield from _problems(shape.inner("key"), key, f"{path} key")
            yield from _problems(shape.inner("value"), item, f"{path}.{key}")
    else:
        yield from _scalar_problems(shape, value, where)


def _structure_problems(shape, value, path, where):
    if not isinstance(value, dict):
        yield f"{where} must be a structure"
        return
    members = shape.members()
    for name in shape.required():
        if value.get(name) is None:
            yield f"missing required {path + '.' if path else ''}{name}"
    for name, item in value.items():
        if name not in members:
            yield f"unknown member {path + '.' if path else ''}{name}"
        else:
            yield from _problems(members[name], item, f"{path + '.' if path else ''}{name}")


def _scalar_problems(shape, value, where):
    wanted = SCALARS[shape.type]
    if not isinstance(value, wanted) or (isinstance(value, bool) and shape.type != "boolean"):
        yield f"{where} must be a {shape.type}, not {value!r}"
        return
    if "enum" in shape.about and value not in shape.about["enum"]:
        yield f"{where} must be one of {', '.join(shape.about['enum'])}, not {value!r}"
    if shape.type in ("string", "blob"):
        yield from _size_problems(shape, len(value), where)
        if shape.type == "string" and "pattern" in shape.about and not _fits(shape.about["pattern"], value):
            yield f"{where} does not match {shape.about['pattern']}"
    elif shape.type in ("integer", "long"):
        yield from _size_problems(shape, value, where)


def _size_problems(shape, size, where):
    if "min" in shape.about and size < shape.about["min"]:
        yield f"{where} is below the least of {shape.about['min']}"
    if "max" in shape.about and size > shape.about["max"]:
        yield f"{where} is above the most of {shape.about['max']}"


def _fits(pattern, value):
    """The models' patterns are Java's; one that Python cannot read proves nothing."""
    pattern = pattern.replace("\\p{L}", "\\w").replace("\\p{Z}", "\\s").replace("\\p{N}", "\\d").replace("\\p{P}", "!-/:-@")
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error:
        return True
