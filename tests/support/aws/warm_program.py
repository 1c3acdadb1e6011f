"""The real aws program, started once and forked for each call: its imports and models cost 0.6 s, which a test that asks AWS
hundreds of times cannot pay each time. What runs is awscli's own main() with the caller's words, environment, folder and files.

As a program (by WarmProgram, with the interpreter of the aws program): `warm_program.py SOCKET`. It ends when its stdin does.
"""
import array
import contextlib
import gc
import marshal
import os
import pathlib
import re
import selectors
import signal
import socket
import struct
import subprocess
import sys

# What every session loads, and what a call of these services does.
SERVICES = {"ec2": "describe-vpcs", "acm": "list-certificates", "memorydb": "describe-clusters", "logs": "describe-log-groups"}
NEAR_A_VPN = re.compile(r"ClientVpn|SecurityGroup|^Describe(Vpcs|Subnets|RouteTables|NetworkInterfaces)$|^(Create|Delete|Describe)Tags$")

# The caller's end: as little Python as there is. Killed, it takes its call with it, as the program itself would go.
WRAPPER = """#!{python} -IS
import _socket, marshal, posix, sys
door = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
door.connect({socket!r})
words = marshal.dumps([["aws", *{words!r}, *sys.argv[1:]], posix.environ, posix.getcwd()])
door.sendmsg([len(words).to_bytes(4, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, b"".join(n.to_bytes(4, sys.byteorder) for n in (0, 1, 2)))])
door.sendall(words)
answer = door.recv(4)
posix._exit(int.from_bytes(answer, "big") if len(answer) == 4 else 120)
"""


class WarmProgram:
    """One for a test run; take() puts it in place of an endpoint's program. inside: words to get into a network namespace."""

    def __init__(self, folder, program, inside=()):
        first = pathlib.Path(program).resolve().read_bytes()[:200].split(b"\n")[0].decode()
        assert first.startswith("#!") and "python" in first, f"{program} is no Python program"
        self.python, self.socket = first[2:].split()[0], str(pathlib.Path(folder) / "warm")
        with open(pathlib.Path(folder) / "warm.log", "wb") as log:
            self._process = subprocess.Popen([*inside, self.python, "-B", __file__, self.socket], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        assert self._process.stdout.read(1) == b"+", (pathlib.Path(folder) / "warm.log").read_text()

    def take(self, endpoint):
        """endpoint.program is this one from here on. Gives the endpoint."""
        words = ["--endpoint-url", f"http://127.0.0.1:{endpoint.port}"]
        endpoint.program.write_text(WRAPPER.format(python=self.python, socket=self.socket, words=words), encoding="ascii")
        endpoint.program.chmod(0o755)
        return endpoint

    def is_idle(self):
        """No call is under way: what a caller began is over, even if the caller was killed."""
        return not pathlib.Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text(encoding="ascii").strip()

    def close(self):
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


# --- the server ---

def _share_models():
    """What one session has read of the service models, the next one has, too. A call changes it only in its own process. Gives all
    that was read."""
    everything = []
    for name in [name for name in sys.modules if name.endswith("botocore.loaders")]:  # Debian has it under two names
        loader = sys.modules[name].Loader
        make = loader.__init__

        everything.append(known := {})

        def made(self, *words, make=make, known=known, **more):
            make(self, *words, **more)
            self._cache = known

        loader.__init__ = made
    return everything


def _forget_operations(everything):
    """EC2 has 600 operations, and the program makes a command of each, for each call: half of its time. Those around a VPN stay."""
    for known in everything:
        for model in known.values():
            if isinstance(model, dict) and model.get("metadata", {}).get("endpointPrefix") == "ec2" and "operations" in model:
                model["operations"] = {name: one for name, one in model["operations"].items() if NEAR_A_VPN.search(name)}


def _warm_up():
    import awscli.clidriver  # pylint: disable=import-outside-toplevel,import-error
    import awscrt.io  # pylint: disable=import-outside-toplevel,import-error
    # It would start a thread, which no fork survives. All that it is told is to log nothing.
    awscrt.io.init_logging = lambda *_: None
    everything = _share_models()
    os.environ.update(AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x", AWS_EC2_METADATA_DISABLED="true", AWS_MAX_ATTEMPTS="1", AWS_PAGER="",
                      AWS_DEFAULT_REGION="us-east-1", AWS_CONFIG_FILE="/nowhere", AWS_SHARED_CREDENTIALS_FILE="/nowhere")
    with open(os.devnull, "w", encoding="ascii") as nobody, contextlib.redirect_stdout(nobody), contextlib.redirect_stderr(nobody):
        for service, operation in SERVICES.items():
            # Nobody listens there: everything up to the connection is done.
            sys.argv = ["aws", service, operation, "--endpoint-url", "http://127.0.0.1:1", "--output", "json"]
            awscli.clidriver.main()
    _forget_operations(everything)
    return awscli.clidriver.main


def _received(connection):
    head, control, _, _ = connection.recvmsg(4, socket.CMSG_SPACE(3 * 4))
    files = array.array("i")
    for level, kind, data in control:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            files.frombytes(data)
    if len(head) != 4 or len(files) != 3:
        for file in files:
            os.close(file)
        raise OSError("the caller is gone")
    wanted, parts = struct.unpack("!I", head)[0], b""
    while len(parts) < wanted:
        more = connection.recv(wanted - len(parts))
        if not more:
            break
        parts += more
    return marshal.loads(parts), list(files)


def _perform(main, request, files):
    """In the forked process: becomes what the caller asked for, and ends."""
    words, environment, folder = request
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL if number != signal.SIGINT else signal.default_int_handler)
    for to, file in enumerate(files):
        os.dup2(file, to)
        os.close(file)
    data = os.environ["AWS_DATA_PATH"]  # awscli sets it when it is imported
    os.environ.clear()
    os.environb.update(environment)
    os.environ["AWS_DATA_PATH"] = data
    os.chdir(folder)
    sys.argv = words
    status = 1
    try:
        status = main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status if isinstance(status, int) else 0)


class _Server:
    def __init__(self, path, main):
        self._main, self._selector = main, selectors.DefaultSelector()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(path)
        self._listener.listen(64)
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._selector.register(0, selectors.EVENT_READ, lambda: sys.exit(0))

    def run(self):
        gc.collect()
        gc.freeze()  # what is shared stays shared
        gc.disable()  # a call is over before it would pay
        os.write(1, b"+")
        while True:
            for key, _ in self._selector.select():
                if key.fd in self._selector.get_map():  # else what came first in this turn has ended it
                    key.data()

    def _accept(self):
        connection, _ = self._listener.accept()
        try:
            request, files = _received(connection)
        except (OSError, ValueError, EOFError, TypeError):  # half of a request: the caller was killed meanwhile
            connection.close()
            return
        pid = os.fork()
        if pid == 0:
            _perform(self._main, request, files)
        for file in files:
            os.close(file)
        ended = os.pidfd_open(pid)
        self._selector.register(ended, selectors.EVENT_READ, lambda: self._over(pid, ended, connection))
        self._selector.register(connection, selectors.EVENT_READ, lambda: self._gone(pid, connection))

    def _gone(self, pid, connection):
        """The caller was killed."""
        self._selector.unregister(connection)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def _over(self, pid, ended, connection):
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        self._selector.unregister(ended)
        os.close(ended)
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(connection)
        with contextlib.suppress(OSError):
            connection.sendall(struct.pack("!I", status if status >= 0 else 128 - status))
        connection.close()


if __name__ == "__main__":
    _Server(sys.argv[1], _warm_up()).run()
