"""The Snapshot by its schema, and the metrics by a real Prometheus, on the lab in several states."""
import json
import signal
import subprocess
import tempfile

import pytest
from exposition import RULES, lint, queries, snippet, validate
from memdb import wait_for

LISTEN = '[metrics]\nlisten = "127.0.0.1:9464"\n'


def test_the_snapshot_is_what_its_schema_says(demo, lab):
    seen = set()

    def look():
        snapshot = demo.api.get("/v1/status")
        validate(snapshot)
        seen.update((view["verdict"], view["tunnel"]["phase"]) for view in snapshot["profiles"])

    look()
    demo.ctl("profile", "add", "--direct", "--name", "direct", "--cluster", "clustercfg.demo.lab.memorydb.test", "--ca", lab.dir / "cluster-ca.pem")
    demo.ctl("key", "crl", lab.dir / "pki" / "crl.pem", "demo")
    validate(demo.api.get("/v1/status"))
    demo.ctl("profile", "remove", "direct", "--yes")
    demo.ctl("key", "request", "demo")
    look()
    lab("fault", "node-down")
    demo.api.wait_verdict("demo", "degraded")
    look()
    lab("fault", "port-filtered")
    demo.api.wait_verdict("demo", "unreachable")
    look()
    lab("heal", "all")
    demo.ctl("disconnect", "demo", "--wait")
    look()
    assert {verdict for verdict, _ in seen} >= {"reachable", "degraded", "unreachable", "stopped"}


def test_a_field_without_schema_would_be_seen(demo):
    snapshot = demo.api.get("/v1/status")
    for path in ([], ["agent"], ["profiles", 0], ["profiles", 0, "tunnel"], ["profiles", 0, "credential"], ["profiles", 0, "clusters", 0, "nodes", 0]):
        changed = json.loads(json.dumps(snapshot))
        part = changed
        for step in path:
            part = part[step]
        part["surprise"] = 1
        with pytest.raises(AssertionError, match="surprise"):
            validate(changed)


@pytest.mark.settings(LISTEN)
def test_prometheus_scrapes_what_the_dashboard_asks_for(demo, lab):
    with tempfile.TemporaryDirectory(prefix="memdb-prometheus-") as folder:
        config = snippet("yaml", "scrape_configs").replace("/usr/share/memdbd/memdbd.rules.yml", str(RULES)).replace("15s", "1s")
        with open(f"{folder}/prometheus.yml", "w", encoding="utf-8") as file:
            file.write(config)
        served = subprocess.Popen(
            ["ip", "netns", "exec", lab.laptop, "prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
             "--web.listen-address=127.0.0.1:9090"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            def ask(query):
                done = lab.run("promtool", "query", "instant", "-o", "json", "http://127.0.0.1:9090", f"({query})", check=False)
                return json.loads(done.stdout) if done.returncode == 0 else None

            wait_for(lambda: ask('up{job="memdbd"} == 1'), 30, "Prometheus has scraped memdbd", interval=0.3)
            found = wait_for(lambda: ask('memdbd_verdict{memdbd_verdict="reachable"} == 1'), 10, "the verdict")
            assert found[0]["metric"]["profile"] == "demo"
            assert len(ask("memdbd_node_up == 1")) == 6 and float(ask("memdbd_cluster_slots_covered")[0]["value"][1]) == 16384
            wait_for(lambda: ask("rate(memdbd_node_ping_seconds_count[30s]) > 0"), 20, "two scrapes", interval=0.3)
            quiet = {"What is wrong"}  # nothing is
            for title, asked in queries().items():
                answers = [ask(query) for query in asked]
                assert all(answer is not None for answer in answers), title
                assert any(answers) or title in quiet, f"{title}: no series for {asked}"
            assert ask('ALERTS{alertstate="firing"}') == []
        finally:
            served.send_signal(signal.SIGTERM)
            served.wait(20)
    done = lab.run("curl", "-s", "http://127.0.0.1:9464/metrics")
    assert lint(done.stdout) == ("", 0)
