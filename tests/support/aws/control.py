"""The stand-in's own door, POST /-/control: what a test asks of one that runs as a program."""
import dataclasses

from .wire import to_json

# Nothing that a test could not do to the stand-in in its own process.
COMMANDS = ("inject", "hold_after", "hold_before", "release", "is_held", "calls", "clear_calls", "snapshot", "leftovers", "missing", "is_as_before",
            "set_delays", "set_page_size", "use_policy", "unused_actions", "connect", "add_log_event", "fail_association", "mistakes")


def control(endpoint, asked):
    """asked: {"do": COMMAND, "on": [arguments], "with": {keyword arguments}}; what comes back is JSON."""
    command = asked["do"]
    assert command in COMMANDS, f"no control command is called {command}"
    if command == "calls":
        return [_call(one) for one in endpoint.calls]
    if command == "mistakes":
        return endpoint.mistakes
    done = getattr(endpoint, command)(*asked.get("on", []), **asked.get("with", {}))
    return to_json(done) if isinstance(done, (dict, list, str, bool, int, type(None))) else None


def _call(one):
    return to_json({**dataclasses.asdict(one), "given": _words(one.given)})


def _words(value):
    """Blobs as the text that they are, where they are PEM."""
    if isinstance(value, dict):
        return {key: _words(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_words(item) for item in value]
    return value.decode("ascii", errors="replace") if isinstance(value, bytes) else value
