"""memdbd as the service of the booted machine: its API, its client, and what systemd and the kernel say of it."""
import json
import os
import signal
import stat

from memdb import Api, wait_for

CLUSTER = "clustercfg.demo.lab.memorydb.test"
FILES = {"downloaded-client-config.ovpn": 0o644, "client.crt": 0o644, "client.key": 0o600, "cluster-password": 0o600,
         "cluster-ca.pem": 0o644}


class BootedApi(Api):
    """The machine's root is found anew after each boot."""

    def __init__(self, machine):
        super().__init__(None)
        self._machine = machine

    @property
    def path(self):
        return self._machine.path("/run/memdbd/memdbd.sock")

    @path.setter
    def path(self, _):
        pass


class BootedAgent:
    def __init__(self, machine):
        self.machine = machine
        self.lab = machine.lab
        self.api = BootedApi(machine)

    # --- what a person does ---
    def ctl(self, *arguments, user=None, check=True, timeout=60):
        return self.machine.run("memdbctl", *arguments, user=user, check=check, timeout=timeout)

    def systemctl(self, *arguments, check=True, timeout=90):
        return self.machine.run("systemctl", *arguments, check=check, timeout=timeout)

    def import_demo(self, name="demo", user=None):
        home = f"/home/{user}" if user else "/root"
        for file, mode in FILES.items():
            self.machine.put(self.lab.dir / file, f"{home}/demo/{file}", mode)
        if user:
            self.machine.run("chown", "-R", f"{user}:{user}", f"{home}/demo")
        d = f"{home}/demo"
        return self.ctl("profile", "import", f"{d}/downloaded-client-config.ovpn", "--name", name, "--cert", f"{d}/client.crt", "--key",
                        f"{d}/client.key", "--cluster", CLUSTER, "--user", "app", "--password-file", f"{d}/cluster-password", "--ca",
                        f"{d}/cluster-ca.pem", user=user)

    def connect_demo(self):
        """demo is imported and reachable, whatever was before."""
        if "demo" not in self.profiles():
            self.import_demo()
        self.ctl("connect", "demo", "--wait", "--timeout", "30s")
        return self.api.wait_verdict("demo", "reachable", 20)

    def drop_in(self, settings, name="test"):
        """Settings of the service for this boot, in force at its next start."""
        self.machine.write(f"/run/systemd/system/memdbd.service.d/{name}.conf", f"[Service]\n{settings}\n")
        self.systemctl("daemon-reload")

    def no_drop_in(self, name="test"):
        self.machine.path(f"/run/systemd/system/memdbd.service.d/{name}.conf").unlink()
        self.systemctl("daemon-reload")

    # --- what it says of itself ---
    def profiles(self):
        return [profile["name"] for profile in self.api.get("/v1/status")["profiles"]]

    def answers(self):
        try:
            return self.api.request("GET", "/v1/status", timeout=5)[0] == 200
        except OSError:
            return False

    def wait_answers(self, limit=15):
        wait_for(self.answers, limit, "memdbd answers")

    def tunnel(self, name="demo"):
        return self.api.profile(name)["tunnel"]

    # --- what systemd says of it ---
    def show(self, prop, unit="memdbd.service"):
        return self.systemctl("show", "--value", f"--property={prop}", unit).stdout.strip()

    @property
    def main_pid(self):
        """In the machine's own numbers; 0 while there is none."""
        return int(self.show("MainPID"))

    def kill(self, signal_name="KILL"):
        """The main process alone. Waits for nothing; the pid that was killed."""
        pid = wait_for(lambda: self.main_pid, 15, "memdbd has a main process")
        self.machine.run("kill", f"-{signal_name}", pid)
        return pid

    def replace_openvpn(self, limit=30):
        """Kills it and waits until another one has made the tunnel; the tunnel."""
        old = self.tunnel()["openvpn_pid"]
        self.machine.run("kill", "-KILL", old)
        wait_for(lambda: (t := self.tunnel())["phase"] == "up" and t["openvpn_pid"] != old, limit, f"another openvpn than {old} is up")
        return self.tunnel()

    def wait_restarted(self, old_pid, limit=20):
        """Another process is there and has said that it is ready."""
        def there():
            pid = self.main_pid
            return pid if pid not in (0, old_pid) and self.show("ActiveState") == "active" else None

        pid = wait_for(there, limit, f"another memdbd than {old_pid} is ready")
        self.wait_answers()
        return pid

    # --- what the kernel says ---
    def openvpns(self):
        """Pids in the machine of every openvpn that has not ended."""
        found = []
        for pid in self.machine.run("pgrep", "-x", "openvpn", check=False).stdout.split():
            if self.machine.run("ps", "-o", "stat=", "-p", pid, check=False).stdout.strip()[:1] not in ("Z", ""):
                found.append(int(pid))
        return found

    def unit_processes(self):
        """pid, user, effective capabilities and command of everything in the service's cgroup."""
        group = self.show("ControlGroup")
        out = []
        for pid in self.machine.path(f"/sys/fs/cgroup{group}/cgroup.procs").read_text().split():
            inside = next(line for line in self._status(pid) if line.startswith("NSpid:")).split()[-1] if pid != "0" else pid
            out.append(self.process(inside))
        return out

    @staticmethod
    def _status(pid):
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            return file.read().splitlines()

    def process(self, pid):
        words = dict(line.split(":\t", 1) for line in self.machine.run("cat", f"/proc/{pid}/status").stdout.splitlines() if ":\t" in line)
        user = self.machine.run("ps", "-o", "user:32=", "-p", pid).stdout.strip()
        return {"pid": int(pid), "user": user, "uids": set(words["Uid"].split()), "effective": int(words["CapEff"], 16),
                "bounding": int(words["CapBnd"], 16), "no_new_privileges": words["NoNewPrivs"] == "1", "command": words["Name"]}

    def tun_devices(self):
        links = json.loads(self.lab.run("ip", "-j", "link").stdout)
        return [link["ifname"] for link in links if link["ifname"].startswith("tun")]

    def routes_to_vpc(self):
        return [line for line in self.lab.run("ip", "route", "show", "table", "all").stdout.splitlines() if line.startswith("10.20.")]

    def wait_nothing_left(self, limit=15):
        """No process, no device, no route of a tunnel on the laptop."""
        wait_for(lambda: not self.openvpns() and not self.tun_devices() and not self.routes_to_vpc(), limit,
                 "no openvpn, no device and no route are left")

    def has_socket(self):
        try:
            return stat.S_ISSOCK(os.stat(self.machine.path("/run/memdbd/memdbd.sock")).st_mode)
        except FileNotFoundError:
            return False

    def report(self):
        """For a test that failed."""
        return "\n".join([self.systemctl("status", "--no-pager", "-l", "memdbd.service", "memdbd.socket", check=False).stdout,
                          self.machine.journal("-b", "-n", "300", "-u", "memdbd.service", "-u", "memdbd.socket")])


def stopped(agent, pid):
    """`with stopped(agent, pid)`: it hangs meanwhile, and runs on afterwards where it still exists."""
    return _Stopped(agent, pid)


class _Stopped:
    def __init__(self, agent, pid):
        self._agent, self._pid = agent, pid

    def __enter__(self):
        self._agent.machine.run("kill", f"-{signal.SIGSTOP.value}", self._pid)

    def __exit__(self, *_):
        self._agent.machine.run("kill", f"-{signal.SIGCONT.value}", self._pid, check=False)
