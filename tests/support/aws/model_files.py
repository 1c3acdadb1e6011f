"""Where the service models lie that the given `aws` program itself uses."""
import functools
import json
import gzip
import pathlib
import shutil
import subprocess

AWS = shutil.which("aws", path="/usr/local/bin:/usr/bin:/bin")

# Asked of the interpreter in the program's first line: Debian and `aws` 2 carry botocore within awscli, `aws` 1 beside it.
WHERE = """
import importlib.util, pathlib
for name in ("awscli.botocore", "botocore"):
    try:
        found = importlib.util.find_spec(name)
    except ImportError:
        continue
    if found and found.submodule_search_locations:
        print(pathlib.Path(list(found.submodule_search_locations)[0]) / "data")
        break
"""


@functools.cache
def botocore_data(program):
    """The folder of models; an AssertionError if this program has none that we can find."""
    path = pathlib.Path(program).resolve()
    # AWS's own installer puts a frozen program next to its data.
    for beside in (path.parent / "awscli/botocore/data", path.parent / "botocore/data"):
        if beside.is_dir():
            return beside
    first = path.read_bytes()[:200].split(b"\n")[0].decode(errors="replace")
    assert first.startswith("#!") and "python" in first, f"{path} is no Python program: where are its service models?"
    words = first[2:].split()
    found = subprocess.run([*words, "-c", WHERE], capture_output=True, text=True, check=True, timeout=30).stdout.strip()
    assert found, f"the Python of {path} has no botocore"
    return pathlib.Path(found)


@functools.cache
def model_json(data, service):
    """The newest service-2.json of the service, as botocore would take it."""
    for version in sorted((data / service).iterdir(), reverse=True):
        for name in ("service-2.json", "service-2.json.gz"):
            if (version / name).exists():
                raw = (version / name).read_bytes()
                return json.loads(gzip.decompress(raw) if name.endswith(".gz") else raw)
    raise AssertionError(f"no model of {service} in {data}")
