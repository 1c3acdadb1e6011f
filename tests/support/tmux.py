"""A real terminal emulator without a screen: a tmux server of its own, whose panes can be read as a person sees them."""
import os
import re
import subprocess
import uuid

from memdb import wait_for


class Tmux:
    """One window of `columns` x `rows` in which `words` run, and then a shell's prompt tells how they ended."""

    def __init__(self, folder, words, columns=80, rows=24, env=None):
        self.socket = str(folder / f"tmux-{uuid.uuid4().hex[:8]}")
        # A shell without job control is interrupted together with the program, and is to outlive it.
        command = "trap : INT; " + " ".join(f"'{word}'" for word in map(str, words)) + "; echo \"ended:$?\"; exec sh"
        environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "PS1": "prompt>", "ENV": "", **(env or {})}
        subprocess.run(["tmux", "-S", self.socket, "-f", "/dev/null", "-u", "new-session", "-d", "-x", str(columns), "-y", str(rows), "sh", "-c",
                        command], env=environment, check=True, timeout=20, stdin=subprocess.DEVNULL)
        self.tmux("set-option", "-g", "status", "off")
        self.resize(columns, rows)

    def tmux(self, *words):
        return subprocess.run(["tmux", "-S", self.socket, *words], capture_output=True, text=True, check=True, timeout=20,
                              stdin=subprocess.DEVNULL).stdout

    def resize(self, columns, rows):
        self.tmux("set-option", "-g", "window-size", "manual")
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def keys(self, *keys):
        """Names as tmux has them: "q", "Up", "C-c"."""
        self.tmux("send-keys", *keys)

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def until(self, pattern, limit=30):
        """The screen, as soon as `pattern` is on it."""
        last = ""

        def there():
            nonlocal last
            last = self.screen()
            return re.search(pattern, last)

        try:
            wait_for(there, limit, f"{pattern!r} on the screen", interval=0.05)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{last}") from None
        return last

    def pane(self, what):
        """A variable of the pane: "alternate_on", "cursor_flag", "pane_pid", …"""
        return self.tmux("display-message", "-p", f"#{{{what}}}").strip()

    def close(self):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], check=False, timeout=20, stdin=subprocess.DEVNULL, capture_output=True)
