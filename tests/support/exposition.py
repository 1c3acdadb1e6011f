"""What /metrics answers, read by the parsers that others use: promtool, and the client library of Prometheus."""
import json
import pathlib
import re
import subprocess

import jsonschema
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as classic
from memdb import ROOT

OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"
CLASSIC = "text/plain; version=0.0.4; charset=utf-8"
RULES = ROOT / "config/monitoring/memdbd.rules.yml"
DASHBOARD = ROOT / "config/monitoring/memdbd.dashboard.json"
SCHEMA = ROOT / "docs/snapshot.schema.json"


def promtool(*words, text=None, folder=None):
    """Its output, of what it accepts."""
    done = subprocess.run(["promtool", *map(str, words)], input=text, capture_output=True, text=True, timeout=30, cwd=folder, check=False,
                          **({"stdin": subprocess.DEVNULL} if text is None else {}))
    assert done.returncode == 0, f"promtool {words}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def lint(text):
    """What promtool has to say against the classic text: complaints come with exit code 0 or 3."""
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=30, check=False)
    return done.stdout + done.stderr, done.returncode


def samples(text, parse=openmetrics):
    """name -> [(labels, value)]; whatever is wrong with the text is a ValueError of the parser."""
    out = {}
    for family in parse(text):
        for sample in family.samples:
            out.setdefault(sample.name, []).append((dict(sample.labels), sample.value))
    return out


def names(text):
    """Every name that a query may use, of the classic text, also of families that have no sample now."""
    out = set()
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M):
        out |= {f"{name}_bucket", f"{name}_count", f"{name}_sum"} if kind == "histogram" else {name}
    return out


def value(text, name, **labels):
    """Of the one sample whose labels contain these."""
    found = [number for has, number in samples(text)[name] if labels.items() <= has.items()]
    assert len(found) == 1, f"{name} {labels}: {found}"
    return found[0]


def strict(schema):
    """The schema, of which nothing unknown is accepted: a field that it does not have must not stay unnoticed."""
    if isinstance(schema, dict):
        closed = {word: strict(part) for word, part in schema.items()}
        return closed | {"additionalProperties": False} if "properties" in schema and "required" in schema else closed
    return [strict(part) for part in schema] if isinstance(schema, list) else schema


def validate(snapshot):
    """What is wrong with a Snapshot by docs/snapshot.schema.json: nothing, or an AssertionError with all of it."""
    validator = jsonschema.Draft202012Validator(strict(json.loads(SCHEMA.read_text())))
    problems = [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in validator.iter_errors(snapshot)]
    assert not problems, "\n".join(problems)


def queries():
    """Title of the panel -> its queries, as Grafana would send them for everything."""
    out = {}
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel["targets"]:
            query = target["expr"].replace("$__rate_interval", "5m").replace("$instance", ".*").replace("$profile", ".*")
            assert "$" not in query, query
            out.setdefault(panel["title"], []).append(query)
    return out


def snippets(language, page=ROOT / "docs/recipes.md"):
    """The pieces of one language in a page, in its order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", pathlib.Path(page).read_text(), re.S | re.M)


def snippet(language, word):
    """The one piece of docs/recipes.md with this word in it."""
    found = [text for text in snippets(language) if word in text]
    assert len(found) == 1, f"{language} with {word}: {len(found)}"
    return found[0]
