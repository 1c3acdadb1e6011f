"""CloudWatch Logs: groups and streams, and the events that a test puts there (facts C.10)."""
import dataclasses
import json

from .failure import AwsError
from .paging import page


@dataclasses.dataclass
class LogGroup:
    name: str
    arn: str
    created: int
    events: list = dataclasses.field(default_factory=list)

    def add(self, stream, at, message):
        """message: text, or a dictionary that becomes the JSON of a connection log. at: milliseconds."""
        text = message if isinstance(message, str) else json.dumps(message)
        self.events.append({"logStreamName": stream, "timestamp": at, "message": text, "ingestionTime": at + 1, "eventId": f"{len(self.events):056d}"})


def create_log_group(region, given):
    name = given["logGroupName"]
    if name in region.log_groups:
        raise AwsError("ResourceAlreadyExistsException", "The specified log group already exists")
    made = LogGroup(name, region.arn("logs", f"log-group:{name}"), int(region.world.now().timestamp() * 1000))
    region.log_groups[name] = made
    if given.get("tags"):
        region.tags[made.arn] = dict(given["tags"])
    return {}


def delete_log_group(region, given):
    made = group(region, given)
    del region.log_groups[made.name]
    region.tags.pop(made.arn, None)
    return {}


def group(region, given):
    name = given.get("logGroupName") or given.get("logGroupIdentifier", "").split(":log-group:")[-1]
    if name not in region.log_groups:
        raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")
    return region.log_groups[name]


def describe_log_groups(region, given):
    found = [{"logGroupName": one.name, "creationTime": one.created, "metricFilterCount": 0, "arn": one.arn + ":*", "storedBytes": 0}
             for one in sorted(region.log_groups.values(), key=lambda one: one.name) if one.name.startswith(given.get("logGroupNamePrefix", ""))]
    return _paged(region, found, given, "logGroups", 50)


def describe_log_streams(region, given):
    made = group(region, given)
    streams = sorted({event["logStreamName"] for event in made.events})
    found = []
    for name in streams:
        times = [event["timestamp"] for event in made.events if event["logStreamName"] == name]
        found.append({"logStreamName": name, "creationTime": made.created, "firstEventTimestamp": min(times), "lastEventTimestamp": max(times),
                      "arn": f"{made.arn}:log-stream:{name}", "storedBytes": 0})
    return _paged(region, found, given, "logStreams", 50)


def filter_log_events(region, given):
    """Of filter patterns only the words that must all occur: { $.x = ... } is more than a stand-in should guess."""
    pattern = given.get("filterPattern", "")
    if "{" in pattern:
        raise AwsError("InvalidParameterException", "Invalid filter pattern (the stand-in takes words only)")
    found = [event for event in sorted(group(region, given).events, key=lambda event: event["timestamp"])
             if given.get("startTime", 0) <= event["timestamp"] < given.get("endTime", 1 << 62)
             and (not given.get("logStreamNames") or event["logStreamName"] in given["logStreamNames"])
             and event["logStreamName"].startswith(given.get("logStreamNamePrefix", ""))
             and all(word.strip('"') in event["message"] for word in pattern.split())]
    return {**_paged(region, found, given, "events", 10000), "searchedLogStreams": []}


def tag_resource(region, given):
    region.tags.setdefault(given["resourceArn"].removesuffix(":*"), {}).update(given["tags"])
    return {}


def list_tags_for_resource(region, given):
    return {"tags": dict(region.tags.get(given["resourceArn"].removesuffix(":*"), {}))}


def list_tags_log_group(region, given):
    return {"tags": dict(region.tags.get(group(region, given).arn, {}))}


def _paged(region, items, given, name, most):
    asked = {"NextToken": given.get("nextToken"), "MaxResults": min(given.get("limit", most), most)}
    reply = page(region.world, items, asked, name, code="InvalidParameterException")
    if "NextToken" in reply:
        reply["nextToken"] = reply.pop("NextToken")
    return reply


ACTIONS = {"CreateLogGroup": create_log_group, "DeleteLogGroup": delete_log_group, "DescribeLogGroups": describe_log_groups,
           "DescribeLogStreams": describe_log_streams, "FilterLogEvents": filter_log_events, "ListTagsLogGroup": list_tags_log_group,
           "ListTagsForResource": list_tags_for_resource, "TagResource": tag_resource}
