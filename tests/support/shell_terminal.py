"""A shell at a terminal of its own, as somebody types into it."""
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|[\r\a]")


class ShellTerminal:
    """`words` start the shell; `prompt` is what it shows when it waits."""

    def __init__(self, words, env, prompt="READY>"):
        self.prompt = prompt
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
        self.process = subprocess.Popen(words, stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)
        self.seen = ""

    def close(self):
        os.close(self.master)  # the shell is hung up
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def type(self, text):
        """Forgets what has been shown, and types."""
        self.seen = ""
        os.write(self.master, text.encode())

    def until(self, pattern, limit=20):
        """What has been shown since type(), as soon as `pattern` is in it."""
        deadline = time.monotonic() + limit
        while not re.search(pattern, self.seen):
            left = deadline - time.monotonic()
            assert left > 0, f"no {pattern!r} in what the shell shows: {self.seen!r}"
            if select.select([self.master], [], [], left)[0]:
                self.seen = CONTROL.sub("", self.seen + os.read(self.master, 65536).decode(errors="replace"))
        return self.seen

    def run(self, command):
        """A command line that shows nothing by itself."""
        self.type(command + "; echo do''ne\n")
        self.until(r"\ndone\n")
        self.until(re.escape(self.prompt))
