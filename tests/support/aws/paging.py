"""Filters and pages, as most of the describe calls have them."""
import base64
import fnmatch

from .failure import AwsError


def page(world, items, given, name, size="MaxResults", code="InvalidNextToken"):
    """{name: some of the items, NextToken: where to go on}."""
    token, start = given.get("NextToken"), 0
    if token:
        try:
            start = int(base64.urlsafe_b64decode(token).decode().removeprefix("from "))
        except ValueError:
            raise AwsError(code, "The token is invalid.") from None
    count = min(given.get(size) or world.page_size, world.page_size)
    reply = {name: items[start:start + count]}
    if start + count < len(items):
        reply["NextToken"] = base64.urlsafe_b64encode(f"from {start + count}".encode()).decode()
    return reply


def filtered(items, given, fields, tags=None):
    """Those that fit every filter. fields: filter name -> function from an item to its values; tags: from an item to its tags."""
    for one in given.get("Filters", []):
        items = [item for item in items if _fits(item, one["Name"], one.get("Values", []), fields, tags)]
    return items


def _fits(item, name, wanted, fields, tags):
    if tags and name.startswith("tag:"):
        has = [tags(item)[name[4:]]] if name[4:] in tags(item) else []
    elif tags and name == "tag-key":
        has = list(tags(item))
    elif name in fields:
        has = fields[name](item)
        has = has if isinstance(has, list) else [has]
    else:
        raise AwsError("InvalidParameterValue", f"The filter '{name}' is invalid")
    return any(fnmatch.fnmatchcase(str(value), _pattern(one)) for value in has for one in wanted)


def _pattern(text):
    """EC2 knows * and ?, and no brackets."""
    return text.replace("[", "[[]")
