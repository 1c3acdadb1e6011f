"""The stock openvpn as an oracle: which directives, with which tokens, does it see in a file? See tokens_hook.c.

openvpn reads many files in one run (--config A --config B ...), in a mount namespace of its own where everything is read-only. A file that
openvpn refuses ends its run: the next one goes on behind it.
"""
import concurrent.futures
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
OPENVPN = "/usr/sbin/openvpn"
KNOWN_BUILD = "OpenVPN 2.6.14 x86_64"  # Debian 12: there the hook must work
BATCH = 100
READ_ONLY = "mount --make-rprivate / && mount -o remount,bind,ro / && echo ready && exec cat"

SELF_CHECK = b"\xef\xbb\xbfremote a\"b 77\r\necho one \"two  three\" \\\\four\nup /bin/touch x\nsetenv opt plugin a b\n<ca>\nAAA\n BBB\n</ca>junk\n" \
             b"<connection>\nremote x 1 udp\n</connection>\nlast '' x # y\n"
SELF_CHECK_SEEN = ["[remote] [a\"b] [77]", "[echo] [one] [two%20%20three] [\\four]", "[up] [/bin/touch] [x]", "[plugin] [a] [b]",
                   "[ca] [AAA%0a%20BBB%0a]", "[connection] [remote%20x%201%20udp%0a]", "[remote] [x] [1] [udp]", "[last] [] [x]"]


class Seen:
    """What openvpn made of one file: its directives in order; `error` is where it stopped, None when it read the whole file."""

    def __init__(self):
        self.directives = []
        self.error = None


def version():
    return subprocess.run([OPENVPN, "--version"], capture_output=True, text=True, check=False).stdout.splitlines()[0]


class Oracle:
    """hooked is False where the hook does not fit this openvpn: then only `error` is known, `directives` stay empty."""

    def __init__(self, folder):
        self.hook = folder / "tokens_hook.so"
        self.runs = 0
        self.namespace = subprocess.Popen(["unshare", "-nm", "bash", "-c", READ_ONLY], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.namespace.stdout.readline() == b"ready\n"
        assert self._inside("touch", folder / "x").returncode != 0, "files can be written"
        built = subprocess.run(["gcc", "-O1", "-fno-builtin", "-shared", "-fPIC", "-o", self.hook, HERE / "tokens_hook.c"],
                               capture_output=True, text=True, check=False)
        self.hooked = built.returncode == 0
        check = folder / "self-check"
        check.write_bytes(SELF_CHECK)
        if self.hooked:
            seen = self.read([check, check])
            self.hooked = all(one.error is None and one.directives == SELF_CHECK_SEEN for one in seen)
            self.why = "" if self.hooked else f"self-check: {[(one.error, one.directives) for one in seen]}"
        else:
            self.why = built.stderr

    def close(self):
        self.namespace.communicate()  # its input ends, and so does it

    def _inside(self, *command):
        return subprocess.run(["nsenter", "-t", str(self.namespace.pid), "-n", "-m", *command], env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
                              capture_output=True, timeout=60, check=False, stdin=subprocess.DEVNULL)

    def _run(self, files, names=False):
        words = [word for file in files for word in ("--config", str(file))]
        hook = ["env", f"LD_PRELOAD={self.hook}"] + (["FZ_NAMES=1"] if names else []) if self.hooked else []
        self.runs += 1
        done = self._inside(*hook, OPENVPN, *words, "--fz-end")
        return done.stderr.decode("latin-1").splitlines(), done.stdout.decode("latin-1").splitlines()

    def read(self, files):
        """A Seen for each file."""
        files = list(files)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            parts = pool.map(self._read_part, (files[at:at + BATCH] for at in range(0, len(files), BATCH)))
            return [seen for part in parts for seen in part]

    def _read_part(self, files):
        out = []
        while len(out) < len(files):
            out += self._one_run(files[len(out):] if self.hooked else files[len(out):len(out) + 1])
        return out

    def _one_run(self, batch):
        lines, said = self._run(batch)
        if not self.hooked:
            one = Seen()
            one.error = None if any("[CMD-LINE]" in line and "fz-end" in line for line in said) else " ".join(said[-2:]) or "silence"
            return [one]
        seen = []
        for line in lines:
            assert not line.startswith("@?"), f"the hook lost its way: {line}"
            if not line.startswith("@D "):
                continue
            token = line[3:]
            if len(seen) < len(batch) and token == f"[config] [{batch[len(seen)]}]":
                seen.append(Seen())
            elif token == "[fz-end]":
                return seen
            elif seen:
                seen[-1].directives.append(token)
        assert seen, f"openvpn read nothing: {lines[-3:]} {said[-3:]}"
        seen[-1].error = " ".join(said[-2:]) or "silence"
        return seen

    def names(self):
        """Every directive that this openvpn compares with, but for those of up to 3 letters."""
        return sorted({line[4:-1] for line in self._run([], names=True)[0] if line.startswith("@N [")})
