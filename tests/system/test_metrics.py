"""/metrics and /healthz: formats, the listener on loopback and whom it turns away, and that nothing of it is ever in the way."""
import json
import re
import signal
import subprocess

import pytest
from exposition import CLASSIC, DASHBOARD, OPEN, RULES, classic, lint, names, promtool, queries, samples, value
from memdb import ROOT, UnixConnection, wait_for
from sandbox import run

LISTEN = "127.0.0.1:9464"
ON = {"metrics": {"listen": LISTEN}}


def over_socket(agent, accept=None, target="/metrics", method="GET"):
    connection = UnixConnection(agent.socket)
    try:
        connection.request(method, target, headers={"Accept": accept} if accept else {})
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type"), answer.read().decode()
    finally:
        connection.close()


def curl(place, *words, where=LISTEN, path="/metrics", by=()):
    """(status, body) of a request inside the namespace; (0, "") when nobody listens."""
    done = run(*place.inside(*by, "curl", "-s", "-m", "5", "-w", "\n%{http_code}", *words, f"http://{where}{path}"), check=False)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


@pytest.fixture
def watched(agents, nodes, pki):
    """An agent that listens, with a reachable profile and one that nobody serves."""
    agent = agents(ON)
    agent.add_direct("good", nodes("healthy"), pki)
    agent.add_direct("bad", type("Nobody", (), {"port": 1}), pki)
    agent.ctl("connect", "good", "--wait")
    agent.ctl("connect", "bad")
    agent.api.wait_verdict("bad", "unreachable")
    return agent


def test_both_formats_and_what_they_say(watched):
    status, kind, text = over_socket(watched, OPEN)
    assert (status, kind) == (200, OPEN) and text.endswith("\n# EOF\n")
    assert value(text, "memdbd_verdict", profile="good", memdbd_verdict="reachable") == 1
    assert value(text, "memdbd_verdict", profile="bad", memdbd_verdict="unreachable") == 1
    assert value(text, "memdbd_finding", profile="bad", code="port-refused") == 1
    assert value(text, "memdbd_layer", profile="bad", layer="tcp", memdbd_layer="failed") == 1
    assert value(text, "memdbd_node_up", profile="good") == 1 and value(text, "memdbd_node_up", profile="bad") == 0
    assert value(text, "memdbd_node_pings_lost_total", profile="bad") >= 1
    started = value(text, "memdbd_start_time_seconds")
    assert abs(started - value(text, "memdbd_verdict_since_timestamp_seconds", profile="good")) < 120

    for accept in (None, "*/*", "text/plain;version=0.0.4"):
        status, kind, plain = over_socket(watched, accept)
        assert (status, kind) == (200, CLASSIC), accept
    assert samples(plain, classic).keys() >= {"memdbd_verdict", "memdbd_build_info", "memdbd_node_ping_seconds_bucket"}
    assert lint(plain) == ("", 0)
    assert lint(plain + "# TYPE bad_gauge_total gauge\nbad_gauge_total 1\n")[1] != 0  # it does look


def test_pings_are_counted(watched):
    def count():
        return value(over_socket(watched, OPEN)[2], "memdbd_node_ping_seconds_count", profile="good")

    before = count()
    wait_for(lambda: count() >= before + 3, 10, "three more PINGs")
    text = over_socket(watched, OPEN)[2]
    buckets = [(labels["le"], n) for labels, n in samples(text)["memdbd_node_ping_seconds_bucket"] if labels["profile"] == "good"]
    assert buckets[-1][0] == "+Inf" and [n for _, n in buckets] == sorted(n for _, n in buckets)
    assert 0 < value(text, "memdbd_node_ping_seconds_sum", profile="good") < 60


def test_on_loopback_are_metrics_and_health_for_everybody_and_nothing_else(watched, place):
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--")
    status, text = curl(place, "-H", f"Accept: {OPEN}", by=nobody)
    assert status == 200 and value(text, "memdbd_verdict", profile="good", memdbd_verdict="reachable") == 1
    status, text = curl(place, path="/healthz", by=nobody)
    assert status == 503 and text == "not reachable: bad unreachable (port-refused)\n"
    watched.ctl("disconnect", "bad", "--wait")
    assert curl(place, path="/healthz") == (200, "ok: 1 of 1 reachable\n")
    assert curl(place, "--head", path="/healthz")[0] == 200
    for path in ("/", "/v1/status", "/v1/events", "/metrics/x"):
        assert curl(place, path=path)[0] == 404, path
    assert curl(place, "-X", "POST", path="/v1/profiles/good/disconnect")[0] == 404
    assert curl(place, "-X", "POST")[0] == 405
    assert curl(place, "-d", "x")[0] == 413  # not even read
    assert curl(place, "-H", "Host: evil.example:9464")[0] == 403
    assert curl(place, "-H", "Host: localhost:9464")[0] == 200
    assert curl(place, "-H", "Host;")[0] == 403  # none at all
    # A page of another site may ask, but its browser does not let it read what nobody shares with it.
    status, text = curl(place, "-i", "-H", "Origin: http://evil.example", "-H", "Sec-Fetch-Mode: cors")
    assert status == 200 and "access-control" not in text.lower()
    assert curl(place, "-X", "OPTIONS", "-H", "Origin: http://evil.example", "-H", "Access-Control-Request-Method: POST")[0] == 405
    assert watched.api.profile("good")["verdict"] == "reachable"


def test_long_headers_silence_and_many_connections(agents, place):
    agent = agents({**ON, "control": {"request_limit_s": 2}})
    assert curl(place, "-H", "X: " + "x" * 9000)[0] == 431
    script = (
        "import socket\n"
        "held = [socket.create_connection(('127.0.0.1', 9464), 5) for _ in range(40)]\n"
        "for one in held: one.settimeout(15)\n"
        "print(*sorted({one.recv(4000)[:12].decode() for one in held}), sep=', ')\n")
    done = run(*place.inside("/usr/bin/python3", "-c", script))
    assert done.stdout == "HTTP/1.1 408, HTTP/1.1 503\n", done  # too slow, too many; nobody stays
    assert over_socket(agent)[0] == 200  # the control socket has places of its own
    wait_for(lambda: curl(place)[0] == 200, 15, "places are free again")


def findings(agent):
    """About the agent itself."""
    return json.loads(agent.ctl("status", "--json", check=False).stdout)["findings"]


def test_a_port_that_is_taken_is_told_and_had_later(agents, place):
    taken = subprocess.Popen(
        place.inside("/usr/bin/python3", "-c", "import socket; s = socket.create_server(('127.0.0.1', 9464)); print(flush=True); input()"),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    taken.stdout.readline()
    try:
        agent = agents(ON)
        assert over_socket(agent)[0] == 200
        assert f"metrics.listen: another program listens on {LISTEN}; memdbd works without it" in agent.text()
        told = wait_for(lambda: findings(agent), 5, "a finding")[0]
        assert told["code"] == "metrics-unavailable" and told["severity"] == "warning", told
        assert LISTEN in told["summary"] and "another program listens" in told["evidence"] and "ss -ltnp" in told["advice"], told
    finally:
        taken.communicate("\n", timeout=10)
    agent.send(signal.SIGHUP)
    wait_for(lambda: curl(place)[0] == 200, 10, "listens after a reload")
    assert wait_for(lambda: not findings(agent), 5, "the finding is gone")


def test_reload_opens_moves_and_closes(agents, place):
    agent = agents()

    def reloaded(settings):
        agent.configure(settings)
        agent.send(signal.SIGHUP)

    assert curl(place)[0] == 0
    reloaded({"metrics": {"listen": "[::1]:9465"}})
    wait_for(lambda: curl(place, where="[::1]:9465")[0] == 200, 10, "on ::1")
    reloaded(ON)
    wait_for(lambda: curl(place)[0] == 200 and curl(place, where="[::1]:9465")[0] == 0, 10, "moved")
    reloaded({"metrics": {"listen": "0.0.0.0:9464"}})
    wait_for(lambda: "metrics.listen: must be empty or a loopback address" in agent.text(), 10, "refused")
    assert curl(place)[0] == 200  # as it was
    reloaded({})
    wait_for(lambda: curl(place)[0] == 0, 10, "closed")


def test_other_addresses_are_refused_with_file_line_and_reason(agents):
    agent = agents({"metrics": {"listen": "198.51.100.2:9464"}}, start=False)
    line = agent.refused()
    at = 1 + agent.config.read_text().splitlines().index('listen = "198.51.100.2:9464"')
    assert f"{agent.config}:{at}: metrics.listen: must be empty or a loopback address" in line and "198.51.100.2" in line


# --- rules and dashboard ---


def test_rules_do_what_their_tests_say(tmp_path):
    (tmp_path / RULES.name).write_text(RULES.read_text())
    (tmp_path / "test.yml").write_text((ROOT / "tests/support/memdbd.rules.test.yml").read_text())
    assert "SUCCESS" in promtool("test", "rules", "test.yml", folder=tmp_path)
    alerts = set(re.findall(r"alert: (\w+)", RULES.read_text()))
    tested = set(re.findall(r"alertname: (\w+)\n\s+eval_time: \S+\n\s+exp_alerts:\n", (tmp_path / "test.yml").read_text()))
    assert alerts == tested and len(alerts) > 8  # each is seen to come


def metric_names(query):
    return set(re.findall(r"\bmemdbd_\w+(?=[{\s\[)]|$)", re.sub(r'\{[^}]*\}', " ", query)))


def test_queries_of_rules_and_dashboard_are_understood_and_know_every_name(agent, tmp_path):
    known = names(over_socket(agent)[2])
    rules = re.findall(r"^\s+expr: (.*?)(?=^\s+(?:for|labels):)", RULES.read_text(), re.S | re.M)
    asked = {title: list_ for title, list_ in queries().items()}
    asked["rules"] = rules
    assert len(rules) > 8 and sum(map(len, asked.values())) > 20
    for title, list_ in asked.items():
        for query in list_:
            used = metric_names(query)
            assert used <= known, f"{title}: {used - known}"
            assert used or "up{" in query, f"{title}: {query}"
    recording = "groups:\n- name: x\n  rules:\n" + "".join(
        f"  - record: x:{n}\n    expr: {json.dumps(query)}\n" for n, query in enumerate(q for title in queries() for q in queries()[title]))
    (tmp_path / "dashboard.yml").write_text(recording)
    assert "SUCCESS" in promtool("check", "rules", tmp_path / "dashboard.yml")
    assert "SUCCESS" in promtool("check", "rules", RULES)


def test_a_query_with_a_slip_would_be_seen(tmp_path):
    assert metric_names('sum(rate(memdbd_node_pngs{a="memdbd_x"}[5m]))') == {"memdbd_node_pngs"}
    (tmp_path / "x.yml").write_text('groups: [{name: x, rules: [{record: "x:y", expr: "sum(memdbd_verdict"}]}]\n')
    with pytest.raises(AssertionError):
        promtool("check", "rules", tmp_path / "x.yml")


def test_the_dashboard_is_whole():
    board = json.loads(DASHBOARD.read_text())
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids)) and all(0 < panel["gridPos"]["w"] <= 24 - panel["gridPos"]["x"] for panel in board["panels"])
    cells = [(x, y) for panel in board["panels"] for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
             for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])]
    assert len(cells) == len(set(cells)), "panels overlap"
    assert {variable["name"] for variable in board["templating"]["list"]} == {"datasource", "instance", "profile"}
