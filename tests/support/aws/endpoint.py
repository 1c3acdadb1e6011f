"""The door: AwsEndpoint in a test's process, or `python3 tests/support/aws/endpoint.py --folder DIR` as a program.

As a program it writes DIR/aws (to call), DIR/config, DIR/credentials and DIR/ready last, and ends at SIGTERM.
"""
import argparse
import http.server
import json
import pathlib
import signal
import socket
import sys
import threading

if __package__ in (None, ""):  # run as a program: the package is this folder
    sys.path[0] = str(pathlib.Path(__file__).resolve().parents[1])
    __package__ = "aws"  # pylint: disable=redefined-builtin

from aws.acm_pca import PrivateCa
from aws.control import control
from aws.course import Delays
from aws.dispatcher import NO_ANSWER, Dispatcher
from aws.ec2_client_vpn_sessions import connect
from aws.listener import listening
from aws.model_files import AWS
from aws.program_folder import ProgramFolder
from aws.scenario import world_from
from aws.world import World


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    endpoint = None

    def __init__(self, made, handler):
        super().__init__(("127.0.0.1", 0), handler, bind_and_activate=False)
        self.socket.close()
        self.socket = made
        self.server_address = made.getsockname()
        self.server_port = self.server_address[1]


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        endpoint = self.server.endpoint
        answer = endpoint.controlled(body) if self.path == "/-/control" else endpoint.dispatcher.answer(self.headers, body, self._gone)
        self.close_connection = True
        if answer is NO_ANSWER:
            return
        status, kind, text = answer
        try:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(text)
        except OSError:
            pass  # the client was killed meanwhile, as some tests do

    def _gone(self):
        try:
            return self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    def log_message(self, *_):
        pass


class AwsEndpoint:
    """AWS on 127.0.0.1, or on that of another network namespace.

    world: see scenario.demo_world(); without one an empty account. ca and mode: ACM Private CA (acm_pca.py); with mode
    "denied" the import of a revocation list is refused, too.
    """

    def __init__(self, folder, ca=None, mode="good", world=None, namespace=None, port=0, program=AWS):
        assert program, "the AWS CLI is not installed: scripts/setup"
        self.mode, self.ended = mode, threading.Event()
        self.world = world or World()
        self.world.mark_start()
        extra = {"acm-pca": PrivateCa(ca, mode, self.ended).actions()} if ca else {}
        self.dispatcher = Dispatcher(self.world, program, self.ended, extra)
        self._server = _Server(listening(port, namespace), _Handler)
        self._server.endpoint = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        self._made = ProgramFolder(folder, self._server.server_port, program)
        self.folder, self.program, self.env = self._made.folder, self._made.program, self._made.env
        self.port = self._server.server_port
        if not world:
            self._stand_alone()

    def _stand_alone(self):
        """Without a world the list of any endpoint can be imported: for tests of that call alone."""
        def imported(region, given):
            del region, given
            return {"Return": True}

        self.dispatcher._services["ec2"] = {**self.dispatcher._services["ec2"], "ImportClientVpnClientCertificateRevocationList": imported}
        if self.mode == "denied":
            self.inject("ImportClientVpnClientCertificateRevocationList", "InvalidClientVpnEndpointId.NotFound", "Endpoint does not exist", times=-1)

    def close(self):
        """Raises what went wrong inside."""
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()
        self.world.hook.close()
        assert not self.mistakes, "\n".join(self.mistakes)

    # --- what was asked ---

    @property
    def calls(self):
        return self.dispatcher.recorder.calls

    @property
    def mistakes(self):
        return self.dispatcher.mistakes

    def of(self, action):
        """(access key, region, service, parameters) of each call of the action."""
        return self.dispatcher.recorder.of(action)

    def mutating(self):
        return self.dispatcher.recorder.mutating()

    def count_by_action(self):
        return self.dispatcher.recorder.count_by_action()

    def clear_calls(self):
        self.dispatcher.recorder.clear()

    # --- what is to happen ---

    def inject(self, action, code, message="", status=400, times=1, after=0):
        self.dispatcher.interventions.inject(action, code, message, status, times, after)

    def hold_after(self, nth=1):
        self.dispatcher.interventions.hold_after(nth)

    def hold_before(self, nth=1):
        self.dispatcher.interventions.hold_before(nth)

    @property
    def held(self):
        """An Event: set while a call is held."""
        return self.dispatcher.interventions.held

    def is_held(self):
        return self.held.is_set()

    def release(self):
        self.dispatcher.interventions.release()

    def use_policy(self, document, who="apply"):
        """Everything is refused that the IAM policy does not allow; None: everything is allowed again."""
        self.dispatcher.use_policy(document, who)

    def unused_actions(self):
        return self.dispatcher.policy.unused()

    def set_delays(self, usual=None, **special):
        self.world.delays.set(usual, **special)

    def set_page_size(self, size):
        self.world.page_size = size

    def fail_association(self, subnet_id):
        self.world.failing_associations.add(subnet_id)

    def connect(self, endpoint_id, common_name, client_ip="10.100.0.2"):
        with self.dispatcher.lock:
            return connect(self.world.home, endpoint_id, common_name, client_ip).id

    def add_log_event(self, group, stream, at, message):
        with self.dispatcher.lock:
            self.world.home.log_groups[group].add(stream, at, message)

    # --- what there is ---

    def snapshot(self):
        with self.dispatcher.lock:
            return self.world.snapshot()

    def leftovers(self):
        with self.dispatcher.lock:
            return self.world.leftovers()

    def missing(self):
        with self.dispatcher.lock:
            return self.world.missing()

    def is_as_before(self):
        with self.dispatcher.lock:
            return self.world.is_as_before()

    def controlled(self, body):
        try:
            return 200, "application/json", json.dumps({"done": control(self, json.loads(body))}).encode()
        except Exception as error:  # pylint: disable=broad-except  # it goes to the test that asked
            return 400, "application/json", json.dumps({"error": f"{type(error).__name__}: {error}"}).encode()


def main():
    parser = argparse.ArgumentParser(description="stands for AWS on 127.0.0.1, for the aws program in --folder")
    parser.add_argument("--folder", required=True, type=pathlib.Path, help="where aws, config, credentials and ready are written")
    parser.add_argument("--scenario", type=pathlib.Path, help='JSON: {"world": "demo", "options": {...}, "delays": {"usual": 0.2}, "lab": "NAME"}')
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    scenario = json.loads(given.scenario.read_text(encoding="utf-8")) if given.scenario else {"world": "demo"}
    endpoint = AwsEndpoint(given.folder, world=world_from(scenario), port=given.port)
    if "delays" in scenario:
        endpoint.world.delays = Delays(**scenario["delays"])
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    (given.folder / "ready.new").write_text(f"{endpoint.port}\n", encoding="ascii")
    (given.folder / "ready.new").rename(given.folder / "ready")
    while not over.wait(1):
        pass
    endpoint.close()


if __name__ == "__main__":
    main()
