"""Stands for AWS on the wire: the real `aws` program asks it, through a wrapper that only adds --endpoint-url.

ACM Private CA (JSON 1.1): IssueCertificate signs with the CA in a folder (ca.crt, ca.key); GetCertificate says "in progress" twice.
EC2 (query and XML): ImportClientVpnClientCertificateRevocationList. Modes: denied (as AWS refuses), garbage, stuck (in
progress), silent (GetCertificate is not answered).
"""
import base64
import http.server
import json
import pathlib
import re
import shutil
import subprocess
import threading
import urllib.parse

AWS = shutil.which("aws", path="/usr/local/bin:/usr/bin:/bin")


class AwsEndpoint:
    def __init__(self, folder, ca=None, mode="good"):
        assert AWS, "the AWS CLI is not installed: scripts/setup"
        self.ca, self.mode, self.calls, self.issued, self.ended = ca, mode, [], "", threading.Event()
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, kind, answer = endpoint.answer(self.headers, body)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(exist_ok=True)
        (self.folder / "config").write_text("[default]\nregion = us-east-1\n[profile work]\nregion = us-west-2\n", encoding="ascii")
        (self.folder / "credentials").write_text("".join(
            f"[{name}]\naws_access_key_id = KEY{name.upper()}\naws_secret_access_key = secret\n" for name in ("default", "work")), encoding="ascii")
        self.program = self.folder / "aws"
        self.program.write_text(f'#!/bin/sh\nexec {AWS} --endpoint-url http://127.0.0.1:{self.server.server_port} "$@"\n', encoding="ascii")
        self.program.chmod(0o755)
        self.env = {"AWS_CONFIG_FILE": str(self.folder / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(self.folder / "credentials"),
                    "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1"}

    def close(self):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()

    def of(self, action):
        """What was asked: (access key, region, service, parameters) of each call."""
        return [(key, region, service, given) for key, region, service, name, given in self.calls if name == action]

    def answer(self, headers, body):
        signed = re.search(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request", headers["Authorization"])
        target = headers.get("X-Amz-Target", "")
        if target.startswith("ACMPrivateCA."):
            action, given = target.partition(".")[2], json.loads(body)
            self.calls.append((*signed.groups(), action, given))
            return self.private_ca(action, given)
        given = dict(urllib.parse.parse_qsl(body.decode()))
        self.calls.append((*signed.groups(), given["Action"], given))
        return self.ec2(given)

    def private_ca(self, action, given):
        def said(status, value):
            return status, "application/x-amz-json-1.1", json.dumps(value).encode()

        if action == "IssueCertificate":
            if self.mode == "denied":
                return said(400, {"__type": "AccessDeniedException", "Message": "User: x is not authorized to perform: acm-pca:IssueCertificate"})
            if self.mode == "garbage":
                return said(200, {"CertificateArn": "--endpoint-url"})
            self.issued = subprocess.run(["openssl", "x509", "-req", "-CA", self.ca / "ca.crt", "-CAkey", self.ca / "ca.key", "-days", "30"],
                                         input=base64.b64decode(given["Csr"]), capture_output=True, check=True).stdout.decode()
            return said(200, {"CertificateArn": given["CertificateAuthorityArn"] + "/certificate/0123456789abcdef"})
        assert action == "GetCertificate", action
        if self.mode == "silent":
            self.ended.wait(60)
        if len(self.of(action)) <= 2 or self.mode == "stuck":
            return said(400, {"__type": "RequestInProgressException", "message": "The request to issue certificate is still in progress."})
        return said(200, {"Certificate": self.issued.strip(), "CertificateChain": (self.ca / "ca.crt").read_text().strip()})

    def ec2(self, given):
        action = given["Action"]
        assert action == "ImportClientVpnClientCertificateRevocationList", action
        if self.mode == "denied":
            return 400, "text/xml", (b"<Response><Errors><Error><Code>InvalidClientVpnEndpointId.NotFound</Code><Message>Endpoint does not exist"
                                     b"</Message></Error></Errors><RequestID>1</RequestID></Response>")
        return 200, "text/xml", (f'<{action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId><return>true</return>'
                                 f"</{action}Response>").encode()
