"""What a service is given by systemd, and tells it: the notify socket, the file descriptor store and socket activation, on the lab's
laptop and without systemd, so that a sanitizer build can be killed and started at will. The real one is in tests/booted.
"""
import array
import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import threading

from memdb import Api, MEMDBD, wait_for

AS_AGENT = ["setpriv", "--reuid=memdbd", "--regid=memdbd", "--groups=memdb", "--no-new-privs", "--inh-caps=-all,+net_admin",
            "--ambient-caps=-all,+net_admin", "--bounding-set=-all,+net_admin", "--"]
SCM_LIMIT = 16


class ServiceManager:
    """One service: memdbd of the lab's agent folder."""

    def __init__(self, agent, keeps=True):
        self.agent = agent
        self.keeps = keeps
        self.store = {}  # name -> descriptor
        self.said = []
        self.process = None
        folder = agent.lab.dir / "agent"
        (folder / "run").mkdir(exist_ok=True)
        self._notify_path = folder / "notify"
        for path in (self._notify_path, pathlib.Path(agent.socket)):
            path.unlink(missing_ok=True)
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(str(self._notify_path))
        self._notify_path.chmod(0o666)
        self._control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._control.bind(str(agent.socket))
        self._control.listen(64)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        while True:
            data, ancillary, _, _ = self._notify.recvmsg(4096, socket.CMSG_SPACE(SCM_LIMIT * 4))
            descriptors = array.array("i")
            for level, kind, payload in ancillary:
                if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                    descriptors.frombytes(payload)
            words = dict(line.split("=", 1) for line in data.decode().splitlines())
            if words.get("FDSTORE") == "1" and self.keeps:
                self.forget(words["FDNAME"])
                self.store[words["FDNAME"]] = descriptors[0]
            else:
                for each in descriptors:
                    os.close(each)
            if words.get("FDSTOREREMOVE") == "1":
                self.forget(words["FDNAME"])
            self.said.append(words)
            if words.get("X-END"):
                return

    def forget(self, name):
        if name in self.store:
            os.close(self.store.pop(name))

    def start(self, program=MEMDBD, ready=True):
        """Returns when it is ready, unless nobody cares."""
        folder, said = self.agent.lab.dir / "agent", len(self.said)
        passed = [("control", self._control.fileno()), *self.store.items()]
        # Moved high first: a target may be another one's source.
        moves = " ".join(f"{100 + i}<&{fd}" for i, (_, fd) in enumerate(passed)), " ".join(
            f"{3 + i}<&{100 + i}" for i in range(len(passed)))
        closing = " ".join(f"{100 + i}<&-" for i in range(len(passed)))
        names = ":".join(name for name, _ in passed)
        script = (f"exec {moves[0]}; exec {moves[1]}; exec {closing}; export LISTEN_PID=$$ LISTEN_FDS={len(passed)} LISTEN_FDNAMES={names} "
                  f'NOTIFY_SOCKET={self._notify_path}; exec "$@"')
        with open(self.agent.log, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                ["bash", "-c", script, "sh", "ip", "netns", "exec", self.agent.lab.laptop, *AS_AGENT, str(program),
                 "--config", str(folder / "memdbd.toml"), "--state-dir", str(folder / "state"), "--runtime-dir", str(folder / "run")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[fd for _, fd in passed], start_new_session=True)
        if ready:
            wait_for(lambda: any(words.get("READY") for words in self.said[said:]), 10, "READY=1")
        return Api(self.agent.socket)

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait(10)

    def kill(self):
        self.end(signal.SIGKILL)

    def let_go(self):
        """What a real stop does last."""
        for name in list(self.store):
            self.forget(name)

    def close(self):
        if self.process and self.process.poll() is None:
            self.end(signal.SIGINT)
        self.let_go()
        with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as last:
            last.sendto(b"X-END=1", str(self._notify_path))
        self._thread.join(5)
        self._notify.close()
        self._control.close()
        for path in (self._notify_path, pathlib.Path(self.agent.socket)):
            path.unlink()
