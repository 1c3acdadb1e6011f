"""The real programs in a network namespace of their own, and what they are tested against: certificates, fake nodes, fake openvpn.

Root only: memdbd runs as in the field (user memdbd, CAP_NET_ADMIN). Everything lies in /tmp/memdb-sys-PID (/run is often
noexec) and the namespace memdb-sys-PID; leftovers of dead runs are removed at the start of the next. The programs are copied
there first: a build meanwhile does not matter, nor who may look into the clone. Python 3 stdlib only.
"""
import fcntl
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time

from memdb import Api, MEMDBCTL, MEMDBD, ROOT, wait_for

PREFIX = "memdb-sys-"
NAMES = ["node.test", "good.test", "bad.test", "vpn.test"]  # all 127.0.0.1
PYTHON = "/usr/bin/python3"
BASE = pathlib.Path("/tmp")


def run(*command, check=True, timeout=30, **more):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL, **more)
    assert not check or done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done


class Place:
    """The namespace and the folder of one run."""

    def __init__(self):
        self.name = f"{PREFIX}{os.getpid()}"
        self.dir = BASE / self.name
        self.etc = pathlib.Path("/etc/netns") / self.name
        # One after the other: a folder without its lock is a leftover for everybody else who begins.
        with open("/run/memdb-sys.lock", "w", encoding="ascii") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            remove_leftovers()
            self.dir.mkdir(mode=0o755)
            self.dir.chmod(0o755)
            self._lock = open(self.dir / "lock", "w", encoding="ascii")  # held while we live
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.etc.mkdir(parents=True)
        (self.etc / "hosts").write_text("127.0.0.1 localhost\n127.0.0.1 " + " ".join(NAMES) + "\n")
        (self.etc / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        (self.etc / "nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files dns\n")
        run("ip", "netns", "add", self.name)
        run("ip", "-n", self.name, "link", "set", "lo", "up")
        # A network to be on: without one memdbd makes no attempt. Nobody is at its other end.
        run("ip", "-n", self.name, "link", "add", "eth0", "type", "veth", "peer", "name", "nobody")
        for link in ("eth0", "nobody"):
            run("ip", "-n", self.name, "link", "set", link, "up")
        run("ip", "-n", self.name, "address", "add", "198.51.100.2/24", "dev", "eth0")
        self._count = 0
        self.memdbd, self.memdbctl = (pathlib.Path(shutil.copy(program, self.dir)) for program in (MEMDBD, MEMDBCTL))
        for program in (self.memdbd, self.memdbctl):
            program.chmod(0o755)

    def folder(self, word):
        self._count += 1
        path = self.dir / f"{word}{self._count}"
        path.mkdir()
        path.chmod(0o755)
        return path

    def inside(self, *command):
        return ["ip", "netns", "exec", self.name, *map(str, command)]

    def close(self):
        self._lock.close()
        remove(self.name)


def remove(name):
    """The namespace, what still runs in it, and both folders."""
    if os.path.exists(f"/run/netns/{name}"):
        for pid in run("ip", "netns", "pids", name, check=False).stdout.split():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
        run("ip", "netns", "delete", name, check=False)
    shutil.rmtree(f"/etc/netns/{name}", ignore_errors=True)
    shutil.rmtree(BASE / name, ignore_errors=True)


def remove_leftovers():
    for folder in BASE.glob(PREFIX + "*"):
        try:
            with open(folder / "lock", encoding="ascii") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue  # its run is alive
        except OSError:
            pass
        remove(folder.name)


class Pki:
    """Certificates by the openssl program: a CA, and what it or another one signs. RSA for clients, P-256 for nodes."""

    def __init__(self, folder):
        self.dir = folder
        for name in ("ca", "other-ca"):
            run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650",
                "-subj", f"/CN={name}", "-addext", "keyUsage=keyCertSign,cRLSign", "-keyout", folder / f"{name}.key",
                "-out", folder / f"{name}.crt")
        self._rsa = {}
        self.ca = folder / "ca.crt"

    def rsa_key(self, which):
        if which not in self._rsa:
            self._rsa[which] = self.dir / f"rsa-{which}.key"
            run("openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", self._rsa[which])
        return self._rsa[which]

    def _sign(self, name, subject, key, extensions, issuer="ca", dates=None):
        """dates: (from, until) as YYYYMMDDHHMMSSZ."""
        request, cert, config = (self.dir / f"{name}.{end}" for end in ("csr", "crt", "cnf"))
        work = self.dir / f"{name}.d"
        work.mkdir()
        (work / "index").touch()
        config.write_text(
            f"[ca]\ndefault_ca=x\n[x]\ndatabase={work}/index\nnew_certs_dir={work}\nrand_serial=yes\ndefault_md=sha256\n"
            f"policy=any\nx509_extensions=ext\n[any]\ncommonName=supplied\n[ext]\nbasicConstraints=CA:FALSE\n{extensions}\n")
        run("openssl", "req", "-new", "-key", key, "-subj", subject, "-out", request)
        begin, end = dates or ("20200101000000Z", "20400101000000Z")
        run("openssl", "ca", "-batch", "-notext", "-config", config, "-startdate", begin, "-enddate", end, "-in", request,
            "-out", cert, "-cert", self.dir / f"{issuer}.crt", "-keyfile", self.dir / f"{issuer}.key")
        return cert

    def node(self, name, host="node.test", issuer="ca", dates=None):
        """(certificate, key) of a node that serves as `host`."""
        name = f"node-{name}"
        key = self.dir / f"{name}.key"
        if not (self.dir / f"{name}.crt").exists():
            run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
            self._sign(name, f"/CN={host}", key, f"subjectAltName=DNS:{host}\nextendedKeyUsage=serverAuth", issuer, dates)
        return self.dir / f"{name}.crt", key

    def client(self, name="client", usage="clientAuth", dates=None, key="client"):
        """(certificate, key) for the tunnel."""
        key_file = self.rsa_key(key)
        subject = f"/CN={name}"
        name = f"client-{name}"
        if not (self.dir / f"{name}.crt").exists():
            self._sign(name, subject, key_file, f"extendedKeyUsage={usage}\nkeyUsage=digitalSignature", dates=dates)
        return self.dir / f"{name}.crt", key_file

    def downloaded(self, extra="", name="downloaded-client-config.ovpn"):
        """A client configuration as AWS exports it, for vpn.test; `extra` are more lines at its end."""
        path = self.dir / name
        path.write_text(
            "client\ndev tun\nproto udp\nremote vpn.test 443\nresolv-retry infinite\nnobind\nremote-cert-tls server\n"
            f"cipher AES-256-GCM\nverb 3\n<ca>\n{self.ca.read_text()}\n</ca>\n\n\nreneg-sec 0\n\n"
            f"verify-x509-name server.test name\n{extra}")
        return path


class FakeNode:
    """fake_node.py in the namespace; see its header for the modes."""

    def __init__(self, place, mode, tls=None, *more):
        words = [PYTHON, "-B", ROOT / "tests/support/fake_node.py", mode]
        if tls is not None:
            words += ["--cert", tls[0], "--key", tls[1]]
        self._process = subprocess.Popen(place.inside(*words, *more), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        line = self._process.stdout.readline()
        assert line.startswith("listening on "), f"fake_node {mode}: {line!r}"
        self.port = int(line.rpartition(":")[2])

    def close(self):
        self._process.kill()
        self._process.wait(10)
        self._process.stdout.close()


FAST = {
    "log": {"level": "debug"},
    "tunnel": {"first_backoff_ms": 1000, "longest_backoff_s": 2, "stop_grace_ms": 1000, "heartbeat_interval_ms": 500},
    "probe": {"sentinel_interval_ms": 200, "kept_ping_limit_ms": 500, "dns_limit_ms": 1000, "tcp_limit_ms": 1000, "tls_limit_ms": 1000,
              "auth_limit_ms": 1000, "ping_limit_ms": 1000},
}


def toml(settings):
    lines = []
    for table, keys in settings.items():
        lines.append(f"[{table}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
    return "\n".join(lines) + "\n"


def merged(*layers):
    out = {}
    for layer in layers:
        for table, keys in layer.items():
            out.setdefault(table, {}).update(keys)
    return out


def drop_to(user, groups, gid=None, caps=False):
    """setpriv words: become `user` with these supplementary groups and nothing more."""
    ability = "+net_admin" if caps else ""
    sets = "-all" + ("," + ability if ability else "")
    return ["setpriv", f"--reuid={user}", f"--regid={gid or pwd.getpwnam(user).pw_gid}",
            f"--groups={groups}" if groups else "--clear-groups", "--no-new-privs", f"--inh-caps={sets}",
            f"--ambient-caps={sets}", f"--bounding-set={sets}", "--"]


class SystemAgent:
    """One memdbd of the tests, with folders and settings of its own."""

    def __init__(self, place, settings=None, state=None, runtime=None, fast=FAST):
        self.place = place
        self.dir = place.folder("agent")
        self.config = self.dir / "memdbd.toml"
        self.state = state or self.dir / "state"
        self.runtime = runtime or self.dir / "run"
        self.log = self.dir / "memdbd.log"
        self.socket = self.runtime / "memdbd.sock"
        self.api = Api(self.socket)
        self.openvpn = self.dir / "fake_openvpn"
        shutil.copy(ROOT / "tests/support/fake_openvpn", self.openvpn)
        self.openvpn.chmod(0o755)
        user = pwd.getpwnam("memdbd")
        for path, mode in ((self.state, 0o700), (self.runtime, 0o755)):
            if not path.exists():
                path.mkdir()
                path.chmod(mode)
                shutil.chown(path, "memdbd", "memdb" if path == self.runtime else user.pw_gid)
        self.configure(settings or {}, fast)
        self._process = None

    def configure(self, settings, fast=FAST):
        self.config.write_text(toml(merged(fast, {"openvpn": {"program": str(self.openvpn)}}, settings)))

    def command(self, *more, user="memdbd"):
        words = [] if user == "root" else drop_to(user, "memdb", caps=True)
        return self.place.inside(*words, self.place.memdbd, "--config", self.config, "--state-dir", self.state, "--runtime-dir",
                                 self.runtime, *more)

    # A small quarantine: so that a growing process is seen as one under ASan, too.
    ENV = {**os.environ, "ASAN_OPTIONS": "quarantine_size_mb=1:malloc_context_size=5", "MEMDBD_SOCKET": ""}

    def launch(self):
        """Starts it without waiting for anything."""
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.ENV)

    def start(self):
        self.launch()
        wait_for(self.answers, 20, "memdbd answers")
        return self

    def answers(self):
        assert self._process.poll() is None, f"memdbd ended: {self._process.returncode}\n{self.text()[-2000:]}"
        try:
            return self.api.request("GET", "/v1/profiles", timeout=5)[0] == 200
        except OSError:
            return False

    @property
    def pid(self):
        return self._process.pid

    def alive(self):
        return self._process is not None and self._process.poll() is None

    def text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def refused(self, *more, user="memdbd", code=1):
        """The one line with which it refuses to start; 75 where another try makes sense."""
        done = run(*self.command(*more, user=user), check=False, timeout=20, env=self.ENV)
        lines = done.stderr.splitlines()
        assert done.returncode == code and done.stdout == "" and len(lines) == 1, f"{done}"
        return lines[0]

    def send(self, number):
        os.kill(self.pid, number)

    def end(self, number=signal.SIGTERM, limit=5):
        """Ends it and returns how long that took; fails beyond `limit` or with a status that is not 0."""
        begun = time.monotonic()
        self.send(number)
        status = self._process.wait(limit)
        self._process = None
        assert status == 0, f"memdbd ended with {status}\n{self.text()[-2000:]}"
        return time.monotonic() - begun

    def kill(self):
        self._process.kill()
        self._process.wait(10)
        self._process = None

    def close(self):
        """Always called at the end of a test: it must still be alive, end in time, leave nothing, and have a clean log."""
        try:
            if self._process is not None:
                assert self.alive(), f"memdbd died: {self._process.returncode}\n{self.text()[-3000:]}"
                self.end()
            assert not self.socket.exists(), "the socket is still there"
            wait_for(lambda: not self.openvpns(), 2, "no openvpn is left")
            assert not list((self.runtime / "private").glob("*")), "management sockets are left"
        finally:
            if self._process is not None:
                self.kill()
            for pid in self.openvpns():
                os.kill(pid, signal.SIGKILL)
        text = self.text()
        assert "Sanitizer" not in text and "runtime error" not in text, text[-4000:]

    # --- the client ---
    def ctl(self, *args, check=True, timeout=60, by=(), env=None, **more):
        done = subprocess.run([*by, str(self.place.memdbctl), "--socket", str(self.socket), *map(str, args)], capture_output=True, text=True,
                              timeout=timeout, stdin=subprocess.DEVNULL, env={**self.ENV, **(env or {})}, **more)
        assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
        assert not check or done.returncode == 0, f"memdbctl {args}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def fails(self, *args, exit=1, **more):  # pylint: disable=redefined-builtin
        """The one line on stderr, nothing on stdout, this exit code."""
        done = self.ctl(*args, check=False, **more)
        lines = done.stderr.splitlines()
        assert done.returncode == exit and done.stdout == "" and len(lines) == 1, f"{args}: wanted {exit}, one line: {done}"
        assert lines[0].startswith("memdbctl: ") and not lines[0].endswith("."), lines[0]
        return lines[0]

    def add_direct(self, name, node, pki, *more, host="node.test"):
        return self.ctl("profile", "add", "--direct", "--name", name, "--cluster", f"{host}:{node.port}", "--ca", pki.ca, *more)

    def import_tunnel(self, name, pki, *behaviour, cluster="node.test:6379", more=()):
        """A profile whose openvpn is the fake; its n-th start takes the n-th behaviour, the last one stays."""
        cert, key = pki.client()
        self.ctl("profile", "import", pki.downloaded(), "--name", name, "--cert", cert, "--key", key, "--cluster", cluster,
                 "--ca", pki.ca, *more)
        plan = self.state / "profiles" / name / "fake_openvpn.json"
        plan.write_text(json.dumps([{"scenario": b} if isinstance(b, str) else b for b in behaviour or ["normal"]]))
        plan.chmod(0o644)

    # --- what one sees of it ---
    def starts(self, name):
        """How often openvpn was started for the profile."""
        try:
            return int((self.state / "profiles" / name / "fake_openvpn.starts").read_text() or 0)
        except FileNotFoundError:
            return 0

    def tunnel(self, name):
        return self.api.profile(name)["tunnel"]

    def wait_phase(self, name, phase, limit=10):
        return wait_for(lambda: (t := self.tunnel(name))["phase"] == phase and t, limit, f"{name} {phase}")

    def openvpns(self):
        """Pids of the fakes of this agent that still run."""
        pids = []
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if os.fsencode(self.openvpn) in words[:3]:
                pids.append(int(folder.name))
        return pids

    def rss(self):
        """Resident memory, KiB."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def tree(folder):
    """Every path below, with mode, owner and content: to see that nothing was written. Without the history, which grows by itself."""
    out = {}
    for path in sorted(folder.rglob("*")):
        if path.name.startswith("history.db"):
            continue
        about = path.lstat()
        content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        out[str(path.relative_to(folder))] = (about.st_mode, about.st_uid, content)
    return out


def dialled(path):
    """A raw connection to a unix socket."""
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(10)
    peer.connect(str(path))
    return peer


def layers_of(profile):
    return {layer["layer"]: layer["state"] for layer in profile["layers"]}


if __name__ == "__main__":
    sys.exit("support of tests/system, not a program")
