"""Who runs `memdbctl aws` against the stand-in for AWS: with a PKI of their own, a file for the configuration, and no agent."""
import copy
import dataclasses
import json
import os
import pathlib
import shutil
import signal
import subprocess

from authority import Authority
from aws.endpoint import AwsEndpoint
from aws.scenario import demo_world
from aws.warm_program import WarmProgram
from memdb import MEMDBCTL, wait_for

SERVER, CLIENT = "demo.vpn.internal", "laptop"
FULLEST = ("--internet", "--log-group", "/vpn/demo", "--allow", "10.20.1.0/24")


def template_pki(folder):
    """What `apply` would make, made once: each key costs a tenth of a second."""
    authority = Authority(folder)
    authority.ctl("init")
    authority.ctl("server", SERVER)
    authority.ctl("client", CLIENT)
    return authority.folder


@dataclasses.dataclass
class Done:
    code: int
    out: str
    err: str

    @property
    def line(self):
        """What is wrong, which is one line for a person."""
        assert self.code != 0, self
        lines = self.err.splitlines()
        assert len(lines) == 1 and lines[0].startswith("memdbctl: "), self
        for word in ("Traceback", "[unexpected]", "Encoded authorization", "terminate called"):
            assert word not in lines[0], self
        return lines[0].removeprefix("memdbctl: ")


class Admin:
    def __init__(self, folder, warm: WarmProgram | None = None, pki=None, program=None, like: "Admin | None" = None, **world):
        """warm: the program is the warm one; pki: a PKI to begin with a copy of; like: everything is as it is now with this one;
        the rest goes to demo_world()."""
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        world.setdefault("delays", 0.02)
        begin = copy.deepcopy(like.world) if like else demo_world(**world)
        start = begin._start, begin._before  # pylint: disable=protected-access
        self.endpoint = AwsEndpoint(self.folder / "aws", world=begin, **({"program": program} if program else {}))
        begin._start, begin._before = start  # pylint: disable=protected-access  # what counts as left over: since `like` began
        self._warm = warm
        if warm:
            warm.take(self.endpoint)
        self.pki, self.bundle = self.folder / "pki", self.folder / "laptop.ovpn"
        if like or pki:
            shutil.copytree(like.pki if like else pki, self.pki)
        if like and like.bundle.exists():
            shutil.copy2(like.bundle, self.bundle)
        self.env = {**self.endpoint.env, "PATH": f"{self.endpoint.folder}:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}

    @property
    def world(self):
        return self.endpoint.world

    @property
    def region(self):
        return self.endpoint.world.home

    @property
    def vpn(self):
        """The one endpoint."""
        (one,) = self.region.endpoints.values()
        return one

    # --- the program ---

    def words(self, command, *more, cluster="demo"):
        own = []
        if command in ("plan", "apply", "crl"):
            own += ["--pki", self.pki]
        if command in ("plan", "apply"):
            own += ["--client-name", CLIENT] if "--client-name" not in more else []
            own += ["--bundle", self.bundle] if not {"--bundle", "--direct", "--profile"} & set(map(str, more)) else []
        return [str(word) for word in (MEMDBCTL, "--socket", self.folder / "no.sock", "aws", command, "--cluster", cluster, *own, *more)]

    def run(self, command, *more, inside=(), env=None, timeout=60, **options):
        done = subprocess.run([*inside, *self.words(command, *more, **options)], env={**self.env, **(env or {})}, capture_output=True, text=True,
                              timeout=timeout, stdin=subprocess.DEVNULL, check=False)
        return Done(done.returncode, done.stdout, done.stderr)

    def aws(self, *words):
        """The aws program itself, as this person."""
        done = subprocess.run([str(self.endpoint.program), *words, "--output", "json"], env=self.env, capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL, check=False)
        return Done(done.returncode, done.stdout, done.stderr)

    def start(self, command, *more):
        return subprocess.Popen(self.words(command, *more), env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def good(self, command, *more, **options):
        """stdout of a run that must work, and complain of nothing."""
        done = self.run(command, *more, **options)
        assert done.code == 0 and done.err == "", f"aws {command} {more}: {done.code}\n{done.out}{done.err}"
        return done.out

    def apply(self, *wish, **options):
        return self.good("apply", "--yes", *wish, **options)

    def destroy(self, *more):
        return self.good("destroy", "--yes", *more)

    def plan(self, *wish, **options):
        """What `plan --json` says. It must not change anything."""
        before = len(self.endpoint.mutating())
        done = self.run("plan", "--json", *wish, **options)
        assert len(self.endpoint.mutating()) == before and done.out, done
        told = json.loads(done.out)
        assert (done.code == 0) == ("refusal" not in told), done
        return told

    def open_steps(self, *wish):
        """(action, what) of each step that is not so yet."""
        return [(one["action"], one["what"]) for one in self.plan(*wish)["steps"] if one["state"] != "done"]

    def remarks(self, *wish):
        return [f"{one['text']}; {one['advice']}" for one in self.plan(*wish)["remarks"]]

    def killed(self, command, *more, before=0, after=0):
        """Starts it, holds its nth changing call before or after it is performed, and kills the program and its call, as the end of
        the machine would. False: it made fewer calls, and ended well."""
        if before:
            self.endpoint.hold_before(before)
        else:
            self.endpoint.hold_after(after)
        client = self.start(command, *more)
        wait_for(lambda: self.endpoint.is_held() or client.poll() is not None, 60, f"{command} is held or over", 0.005)
        if not self.endpoint.is_held():
            out, err = client.communicate(timeout=10)
            assert client.returncode == 0, out + err
            self.endpoint.release()
            return False
        kill_family(client.pid)
        client.communicate(timeout=10)
        wait_for(lambda: not self._warm or self._warm.is_idle(), 5, "the call is over, too", 0.005)
        self.endpoint.release()
        settled = len(self.endpoint.calls) - 1
        wait_for(lambda: self.endpoint.calls[settled].outcome == "ok" or before, 5, "the call that was held is over")
        return True

    # --- what was asked of AWS ---

    def changes(self):
        """The actions that changed something, in order."""
        return [one.action for one in self.endpoint.mutating() if one.outcome == "ok"]

    def dry_runs(self):
        return [one for one in self.endpoint.calls if one.given.get("DryRun")]

    def close(self):
        self.endpoint.close()


def children(pid):
    try:
        return [int(one) for one in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except OSError:
        return []


def family(pid):
    return [pid, *(one for child in children(pid) for one in family(child))]


def kill_family(pid):
    """The program first: it must not see how its call ends. Then its call, so that nothing is asked in its name any more."""
    for one in family(pid):
        try:
            os.kill(one, signal.SIGKILL)
        except ProcessLookupError:
            pass
