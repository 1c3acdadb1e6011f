"""Many clients of the control socket at once, each kind in a process of its own, so that neither costs the other time.

As a program, as root, in this machine's own namespace:
  crowd.py followers SOCKET READERS SILENT   holds so many readers of /v1/events, and some that never read; a connection that ends is made anew
  crowd.py storm SOCKET                      GET /v1/status over kept connections, when it is told to
A line of JSON on stdin is a command, a line of JSON on stdout its answer. The clients are members of the group memdb with numbers
that nobody has: of the agent's 64 connections one user may have 16, and 8 are root's.
"""
import collections
import grp
import json
import os
import pathlib
import select
import socket
import subprocess
import sys
import time

FOLLOWER_USERS, STORM_USER = (61001, 61002, 61003, 61004), 61005
STORM_CONNECTIONS = 4
AGAIN = 0.3  # seconds until a connection that ended is made anew
BEHIND = 1.0  # seconds of a storm that are made up for after a pause; what is older is given up


class Program:
    """One of the two at work."""

    def __init__(self, *arguments):
        self._process = subprocess.Popen([sys.executable, "-B", str(pathlib.Path(__file__).resolve()), *map(str, arguments)],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def tell(self, **command):
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()

    def answer(self):
        line = self._process.stdout.readline()
        assert line, "a program of the crowd has ended"
        return json.loads(line)

    def ask(self, **command):
        self.tell(**command)
        return self.answer()

    def close(self):
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


def connect(path, user):
    """As that user; None where nobody listens or the queue is full."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.setblocking(False)
    os.seteuid(user)
    try:
        made.connect(path)
    except OSError:
        made.close()
        return None
    finally:
        os.seteuid(0)
    return made


class Follower:
    REQUEST = b"GET /v1/events HTTP/1.1\r\nHost: memdbd\r\n\r\n"

    def __init__(self, user, silent):
        self.user, self.silent = user, silent
        self.socket, self.since, self.told = None, 0.0, False

    def begin(self, path, poll):
        self.socket = connect(path, self.user)
        self.since, self.told = time.monotonic(), False
        if self.socket is None:
            return
        self.socket.send(self.REQUEST)
        # Who never reads still learns of the end.
        poll.register(self.socket, select.EPOLLRDHUP if self.silent else select.EPOLLIN | select.EPOLLRDHUP)

    def end(self, poll):
        poll.unregister(self.socket)
        self.socket.close()
        self.socket, self.since = None, time.monotonic()


class Followers:
    def __init__(self, path, readers, silent):
        self.path, self.poll = path, select.epoll()
        kinds = [index < silent for index in range(readers + silent)]
        self.all = [Follower(FOLLOWER_USERS[index % len(FOLLOWER_USERS)], kind) for index, kind in enumerate(kinds)]
        self.by_number = {}
        self.count = collections.Counter()

    def state(self):
        up = [one for one in self.all if one.socket is not None and (one.silent or one.told)]
        return {"connected": len(up), **{name: self.count[name] for name in ("readers_lost", "silent_lost", "refused", "lines")}}

    def begin_all(self):
        now = time.monotonic()
        for one in self.all:
            if one.socket is None and now - one.since > AGAIN:
                one.begin(self.path, self.poll)
                if one.socket is not None:
                    self.by_number[one.socket.fileno()] = one

    def end(self, one):
        del self.by_number[one.socket.fileno()]
        one.end(self.poll)

    def fresh(self):
        """The silent ones anew: nothing waits for them any more."""
        for one in self.all:
            if one.silent and one.socket is not None:
                self.end(one)

    def take(self, number, what):
        one = self.by_number[number]
        data = b""
        if not one.silent and what & select.EPOLLIN:
            try:
                data = one.socket.recv(1 << 16)
            except OSError:
                pass
        if data:
            if not one.told and not data.startswith(b"HTTP/1.1 200"):
                self.count["refused"] += 1
            one.told = True
            self.count["lines"] += data.count(b"\n{")
            return
        self.count["silent_lost" if one.silent else "readers_lost"] += 1
        self.end(one)

    def run(self):
        self.poll.register(0, select.EPOLLIN | select.EPOLLHUP)
        while True:
            self.begin_all()
            for number, what in self.poll.poll(AGAIN):
                if number != 0:
                    self.take(number, what)
                    continue
                line = sys.stdin.readline()
                if not line:
                    return
                if json.loads(line)["what"] == "fresh":
                    self.fresh()
                print(json.dumps(self.state()), flush=True)


class Storm:
    """So many requests a second, each when it is due or as soon as a connection is free; one under way on each."""

    REQUEST = b"GET /v1/status HTTP/1.1\r\nHost: memdbd\r\n\r\n"

    def __init__(self, path):
        self.path = path

    def run(self):
        for line in sys.stdin:
            command = json.loads(line)
            print(json.dumps(self.blow(command["rate"], command["seconds"])), flush=True)

    def blow(self, rate, seconds):
        self.poll, self.free, self.busy = select.epoll(), [], {}
        self.took, self.failed, self.connections = [], 0, []
        self.buffer = bytearray(1 << 20)
        begun, cpu = time.monotonic(), time.process_time()
        sent = given_up = 0
        while (now := time.monotonic()) - begun < seconds:
            due = (now - begun) * rate
            if due - sent - given_up > rate * BEHIND:
                given_up = int(due - sent - rate * BEHIND)
            while len(self.free) + len(self.busy) < STORM_CONNECTIONS and self.connect():
                pass
            while self.free and sent + given_up < due:
                self.send(self.free.pop())
                sent += 1
            wait = (sent + given_up - due) / rate if self.free else 0.05
            for number, _ in self.poll.poll(max(wait, 0.0005)):
                self.take(number)
        result = self.result(time.monotonic() - begun, time.process_time() - cpu)
        for one in self.connections:
            one.close()
        self.poll.close()
        return result

    def result(self, seconds, cpu):
        took = sorted(self.took) or [0.0]
        return {"answers": len(self.took), "seconds": round(seconds, 2), "failed": self.failed, "rate": round(len(self.took) / seconds, 1),
                "p50_ms": round(took[len(took) // 2] * 1e3, 2), "p99_ms": round(took[len(took) * 99 // 100] * 1e3, 2),
                "worst_ms": round(took[-1] * 1e3, 1), "cpu_s": round(cpu, 2)}

    def connect(self):
        made = connect(self.path, STORM_USER)
        if made is None:
            return False
        self.poll.register(made, select.EPOLLIN)
        self.connections.append(made)
        self.free.append(made)
        return True

    def send(self, one):
        self.busy[one.fileno()] = [one, time.monotonic(), 0, 0]  # connection, when, bytes here, bytes of the whole answer
        try:
            one.send(self.REQUEST)
        except OSError:
            self.lose(one.fileno())

    def lose(self, number):
        self.failed += 1
        one = self.busy.pop(number)[0]
        self.poll.unregister(one)
        self.connections.remove(one)
        one.close()

    def take(self, number):
        if number not in self.busy:  # closed while nothing was asked of it
            one = next(one for one in self.free if one.fileno() == number)
            self.free.remove(one)
            self.busy[number] = [one, 0, 0, 0]
            return self.lose(number)
        under_way = self.busy[number]
        one, since, here, whole = under_way
        try:
            size = one.recv_into(self.buffer)
        except OSError:
            size = 0
        if size == 0:
            return self.lose(number)
        if here == 0:
            head = bytes(self.buffer[:min(size, 512)])
            end = head.find(b"\r\n\r\n")
            if end < 0 or not head.startswith(b"HTTP/1.1 200"):
                return self.lose(number)
            at = head.lower().index(b"content-length:") + 15
            whole = end + 4 + int(head[at:head.index(b"\r", at)])
        under_way[2:] = here + size, whole
        if here + size >= whole:
            self.took.append(time.monotonic() - since)
            self.free.append(self.busy.pop(number)[0])


def main():
    os.setgroups([grp.getgrnam("memdb").gr_gid])
    kind, path, *numbers = sys.argv[1:]
    {"followers": Followers, "storm": Storm}[kind](path, *map(int, numbers)).run()


if __name__ == "__main__":
    main()
