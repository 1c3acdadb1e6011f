"""Load on the tunnel and on the agent, while a test does something to it."""
import contextlib
import os
import shutil
import subprocess
import threading

from memdb import wait_for


@contextlib.contextmanager
def busy_tunnel(lab, folder, node="demo-0002-001.demo.lab.memorydb.test"):
    """redis-cli, which echoes 2 KiB through the tunnel again and again; it must survive, too."""
    program = shutil.which("redis-cli") or shutil.which("valkey-cli")
    env = {**os.environ, "REDISCLI_AUTH": (lab.dir / "cluster-password").read_text().strip()}
    with open(folder / "echo.out", "w", encoding="utf-8") as out:
        user = subprocess.Popen(
            ["ip", "netns", "exec", lab.laptop, program, "--no-auth-warning", "--tls", "--cacert", str(lab.dir / "cluster-ca.pem"), "-h", node,
             "--user", "app", "-r", "-1", "-i", "0.002", "ECHO", "x" * 2000],
            env=env, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        try:
            wait_for(lambda: os.path.getsize(out.name), 10, "the user of the tunnel is served")
            yield
            assert user.poll() is None, f"the user of the tunnel was thrown out: {open(out.name, encoding='utf-8').read()[-300:]}"
        finally:
            user.kill()
            user.wait(5)


@contextlib.contextmanager
def asked_all_the_time(agent):
    """Somebody asks for the status again and again; counts the answers and survives that none comes."""
    over = threading.Event()
    counts = {"answers": 0, "refused": 0}

    def ask():
        while not over.is_set():
            counts["answers" if agent.answers() else "refused"] += 1
            over.wait(0.01)

    asker = threading.Thread(target=ask, daemon=True)
    asker.start()
    try:
        yield counts
    finally:
        over.set()
        asker.join(10)
