"""The methods of AwsEndpoint for one that runs as a program, maybe in another network namespace."""
import http.client
import json
import pathlib
import subprocess
import sys
import time

from .control import COMMANDS
from .program_folder import ProgramFolder
from .recorder import Call, Recorder

PROGRAM = pathlib.Path(__file__).with_name("endpoint.py")


class RemoteAwsEndpoint:
    """Starts the program, through `inside` (for example ["ip", "netns", "exec", NAME]), and talks to it over its control path.

    The control path is reached from this process, so `inside` must leave its loopback reachable; from elsewhere give `ask`, a
    function from a request body to (status, answer).
    """

    def __init__(self, folder, scenario=None, inside=(), ask=None):
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "scenario.json").write_text(json.dumps(scenario or {"world": "demo"}), encoding="ascii")
        self._process = subprocess.Popen([*inside, sys.executable, "-B", str(PROGRAM), "--folder", str(folder), "--scenario", str(folder / "scenario.json")],
                                         stdin=subprocess.DEVNULL, stderr=open(folder / "log", "wb"))
        end = time.monotonic() + 20
        while not (folder / "ready").exists():
            assert self._process.poll() is None and time.monotonic() < end, (folder / "log").read_text()
            time.sleep(0.02)
        self.port = int((folder / "ready").read_text())
        self._ask, self._inside = ask or self._ask_over_http, inside
        made = ProgramFolder(folder, self.port)
        self.folder, self.program, self.env = made.folder, made.program, made.env

    def _ask_over_http(self, body):
        if self._inside:
            # Only a process in there reaches its loopback.
            done = subprocess.run([*self._inside, sys.executable, "-c", ASKER, str(self.port)], input=body, capture_output=True, text=True, check=True, timeout=60)
            status, _, text = done.stdout.partition("\n")
            return int(status), text
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("POST", "/-/control", body)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def _do(self, command, *words, **arguments):
        status, text = self._ask(json.dumps({"do": command, "on": words, "with": arguments}))
        assert status == 200, text
        return json.loads(text)["done"]

    @property
    def calls(self):
        return [Call(**one) for one in self._do("calls")]

    def _recorded(self):
        recorder = Recorder()
        recorder.calls = self.calls
        return recorder

    def of(self, action):
        return self._recorded().of(action)

    def mutating(self):
        return self._recorded().mutating()

    def count_by_action(self):
        return self._recorded().count_by_action()

    def __getattr__(self, command):
        """inject, hold_after, leftovers and so on."""
        if command not in COMMANDS:
            raise AttributeError(command)
        return lambda *words, **arguments: self._do(command, *words, **arguments)

    @property
    def held(self):
        return _Held(self)

    def close(self):
        mistakes = self._do("mistakes")
        self._process.terminate()
        self._process.wait(10)
        assert not mistakes, "\n".join(mistakes)


class _Held:
    """What AwsEndpoint.held is: set while a call is held."""

    def __init__(self, endpoint):
        self._endpoint = endpoint

    def is_set(self):
        return self._endpoint.is_held()

    def wait(self, timeout):
        end = time.monotonic() + timeout
        while not self.is_set():
            if time.monotonic() > end:
                return False
            time.sleep(0.05)
        return True


ASKER = """
import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=60)
connection.request("POST", "/-/control", sys.stdin.read())
answer = connection.getresponse()
print(answer.status)
print(answer.read().decode())
"""
