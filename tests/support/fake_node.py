#!/usr/bin/env python3
"""A node that misbehaves, for system tests. Python 3 standard library only.

usage: fake_node.py MODE [--listen ADDRESS:PORT] [--cert FILE --key FILE] [--delay-ms N] [--password P] [--hostname H] [--count FILE]

It serves until SIGTERM. Once it listens it prints one line, "listening on ADDRESS:PORT" (port 0 picks a free one).
With --cert and --key it speaks TLS; a wrong name, a wrong CA or an expired certificate is a matter of these files.

MODE, what it does
  healthy        AUTH (any, or --password), PING, INFO; CLUSTER: "cluster support disabled", or with --hostname H the one
                 primary of a whole cluster, announced as H at this port
  small-only     healthy, but a command of more than 1400 bytes is not answered, as where large packets get lost
  silent         accepts the connection and says nothing (before TLS)
  plain-text     answers whatever comes, such as a TLS greeting, with "-ERR unknown command" in plain text
  close-accept   closes after accept                       close-tls   closes after the TLS handshake
  close-auth     closes instead of answering AUTH          close-ping  closes instead of answering PING
  hang-up        answers PING and closes                   babble      answers each PING twice
  mute-tls       says nothing after the TLS handshake      mute-ping   answers AUTH, then nothing
  garbage        answers every command with 4 KiB of random bytes
  huge-bulk      answers every command with the header of a 9223372036854775807 byte string, then bytes without end
  endless-line   answers every command with a status line that never ends
  nested-bomb    answers every command with 100 000 nested arrays
  topology-bomb  healthy, but CLUSTER SHARDS is answered with nested-bomb's bytes
  noauth, wrongpass, noperm, loading, busy, maxclients, masterdown
                 answers every command with that error (wrongpass: only AUTH; noauth, noperm, loading, masterdown and busy:
                 AUTH is answered +OK)

--count FILE gets a byte for each connection. --delay-ms N waits N ms before each answer, in every mode. --listen defaults to 127.0.0.1:0.
"""
import argparse
import os
import socket
import ssl
import sys
import threading
import time

ERRORS = {
    "noauth": b"-NOAUTH Authentication required.\r\n",
    "wrongpass": b"-WRONGPASS invalid username-password pair or user is disabled.\r\n",
    "noperm": b"-NOPERM this user has no permissions to run the 'ping' command\r\n",
    "loading": b"-LOADING Redis is loading the dataset in memory\r\n",
    "busy": b"-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n",
    "maxclients": b"-ERR max number of clients reached\r\n",
    "masterdown": b"-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n",
}
MODES = ["healthy", "small-only", "silent", "plain-text", "close-accept", "close-tls", "close-auth", "close-ping", "hang-up", "babble", "mute-tls", "mute-ping",
         "garbage", "huge-bulk", "endless-line", "nested-bomb", "topology-bomb", *ERRORS]
ENDLESS = {"huge-bulk": b"$9223372036854775807\r\n", "endless-line": b"+"}
BOMB = b"*1\r\n" * 100_000


class Gone(Exception):
    """This connection is to be closed."""


def commands(conn):
    """Commands as lists of bytes, from arrays of bulk strings."""
    buffer = b""

    def more():
        nonlocal buffer
        got = conn.recv(4096)
        if not got:
            raise Gone
        buffer += got

    def line():
        nonlocal buffer
        while b"\r\n" not in buffer:
            more()
        head, buffer = buffer.split(b"\r\n", 1)
        return head

    while True:
        head = line()
        if not head.startswith(b"*"):
            yield [word.upper() for word in head.split()]
            continue
        words = []
        for _ in range(int(head[1:])):
            size = int(line()[1:])
            while len(buffer) < size + 2:
                more()
            words.append(buffer[:size])
            buffer = buffer[size + 2:]
        yield [words[0].upper(), *words[1:]]


def bulk(text):
    return b"$%d\r\n%s\r\n" % (len(text), text)


def shards(host, port):
    node = {b"id": b"0" * 40, b"tls-port": port, b"ip": b"127.0.0.1", b"endpoint": host, b"hostname": host,
            b"role": b"master", b"replication-offset": 0, b"health": b"online"}
    flat = b"".join(bulk(k) + (b":%d\r\n" % v if isinstance(v, int) else bulk(v)) for k, v in node.items())
    return (b"*1\r\n*4\r\n" + bulk(b"slots") + b"*2\r\n:0\r\n:16383\r\n" + bulk(b"nodes")
            + b"*1\r\n*%d\r\n" % (2 * len(node)) + flat)


def healthy(words, args, port):
    name = words[0]
    if name == b"AUTH":
        right = args.password is None or words[-1] == args.password.encode()
        return b"+OK\r\n" if right else ERRORS["wrongpass"]
    if name == b"PING":
        return bulk(words[1]) if len(words) > 1 else b"+PONG\r\n"
    if name == b"INFO":
        return bulk(b"# Replication\r\nrole:master\r\n")
    if name == b"CLUSTER" and args.hostname:
        return shards(args.hostname.encode(), port)
    if name == b"CLUSTER":
        return b"-ERR This instance has cluster support disabled\r\n"
    return b"-ERR unknown command\r\n"


def answer(words, args, port):
    """The bytes to send, or None for silence; raises Gone to close."""
    mode, name = args.mode, words[0]
    if mode == "garbage":
        return os.urandom(4096)
    if mode == "nested-bomb" or (mode == "topology-bomb" and name == b"CLUSTER"):
        return BOMB
    if (mode == "close-auth" and name == b"AUTH") or (mode == "close-ping" and name == b"PING"):
        raise Gone
    if mode == "small-only" and sum(map(len, words)) > 1400:
        return None
    if mode == "mute-tls" or (mode == "mute-ping" and name != b"AUTH"):
        return None
    if mode in ERRORS and (mode == "maxclients" or (name == b"AUTH") == (mode == "wrongpass")):
        return ERRORS[mode]
    return healthy(words, args, port)


def talk(conn, args, port):
    for words in commands(conn):
        time.sleep(args.delay_ms / 1000)
        if args.mode in ENDLESS:
            conn.sendall(ENDLESS[args.mode])
            while True:
                conn.sendall(b"x" * 65536)
        reply = answer(words, args, port)
        if reply is not None:
            conn.sendall(reply)
        if words[0] == b"PING" and args.mode == "babble":
            conn.sendall(reply)
        if words[0] == b"PING" and args.mode == "hang-up":
            return


def serve(conn, args, context, port):
    try:
        if args.mode == "close-accept":
            return
        if args.mode == "silent":
            while conn.recv(4096):
                pass
            return
        if args.mode == "plain-text":
            while conn.recv(4096):
                conn.sendall(b"-ERR unknown command\r\n")
            return
        if context is not None:
            time.sleep(args.delay_ms / 1000)
            conn = context.wrap_socket(conn, server_side=True)
        if args.mode != "close-tls":
            talk(conn, args, port)
    except (OSError, Gone, ValueError, IndexError):
        pass  # the peer left or sent nonsense: nothing that a test looks at here
    finally:
        conn.close()


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].removeprefix("usage: "), add_help=True)
    parser.add_argument("mode", choices=MODES)
    parser.add_argument("--listen", default="127.0.0.1:0")
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--delay-ms", type=int, default=0)
    parser.add_argument("--password")
    parser.add_argument("--hostname")
    parser.add_argument("--count")
    args = parser.parse_args()
    context = None
    if args.cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(args.cert, args.key)
    host, _, port = args.listen.rpartition(":")
    host = host.strip("[]")
    listener = socket.create_server((host, int(port)), family=socket.AF_INET6 if ":" in host else socket.AF_INET,
                                    backlog=128)
    port = listener.getsockname()[1]
    print(f"listening on {args.listen.rpartition(':')[0]}:{port}", flush=True)
    while True:
        conn, _ = listener.accept()
        if args.count:
            with open(args.count, "ab") as count:
                count.write(b".")
        threading.Thread(target=serve, args=(conn, args, context, port), daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
