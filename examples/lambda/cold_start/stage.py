"""What a started function finds: Lambda's runtime API, and Secrets Manager over TLS.

Both listen on the loopback interface, in this process, and take down when each thing happened, so
that every program is timed by the same clock and from outside.
"""

import http.server
import json
import os
import queue
import ssl
import subprocess
import threading
import time

# The one user who has a token, and whom every request asks for.
USER = "ada@example.com:7"
PREFIX = "zoho/tokens/"
# The id of the secret that the warm-up asks for.
NOBODY = "warm-up"

CERTIFICATES = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"]


class Run:
    """One start of a program: what has happened, as pairs of event and time."""

    def __init__(self):
        self.events, self.polls = queue.Queue(), 0

    def note(self, event):
        self.events.put((event, time.perf_counter()))


class Stage:
    """The servers, and the run that new connections belong to."""

    def __init__(self, folder):
        self.run = Run()
        context, self.certificates = certificate(folder)
        self.runtime_api = self._serve(RuntimeApi)
        self.secrets_manager = self._serve(SecretsManager, context)

    def environment(self):
        """What a function has around it, and nothing of the developer's own."""
        return {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.runtime_api}",
            "AWS_LAMBDA_FUNCTION_NAME": "measured",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_ENDPOINT_URL": f"https://localhost:{self.secrets_manager}",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            # The same certificates for all: rustls reads the first, botocore the second.
            "SSL_CERT_FILE": self.certificates,
            "AWS_CA_BUNDLE": self.certificates,
        }

    def _serve(self, handler, context=None):
        server = Server(("127.0.0.1", 0), handler)
        server.stage, server.context = self, context
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server.server_address[1]


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def finish_request(self, request, address):
        run = self.stage.run
        if self.context:
            run.note("connected")
            request = self.context.wrap_socket(request, server_side=True)
            run.note("handshake done")
        self.RequestHandlerClass(request, address, run)

    def handle_error(self, *_):
        pass  # the function is killed while it is connected


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or the body waits 40 ms for the acknowledgement of the head
    wbufsize = -1  # head and body in one packet

    def __init__(self, connection, address, run):
        self.run = run
        super().__init__(connection, address, server=None)

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, status, value, **headers):
        body = json.dumps(value).encode()
        self.send_response(status)
        for name, header in {"Content-Type": "application/x-amz-json-1.1", **headers}.items():
            self.send_header(name.replace("_", "-"), header)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_):
        pass


class RuntimeApi(Handler):
    """Gives the function one request, and no second one."""

    def do_GET(self):
        self.run.polls += 1
        if self.run.polls > 1:
            threading.Event().wait()  # for a request that never comes: the process is killed
        self.run.note("ready")
        self.answer(
            200,
            {"user_name": USER},
            Lambda_Runtime_Aws_Request_Id="8476a536-e9f4-11e8-9739-2dfe598c3fcd",
            Lambda_Runtime_Deadline_Ms=str(int(time.time() * 1000) + 60_000),
            Lambda_Runtime_Invoked_Function_Arn="arn:aws:lambda:us-east-1:123456789012:function:measured",
            Lambda_Runtime_Trace_Id="Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0",
        )

    def do_POST(self):
        body = self.body()
        found = self.path.endswith("/response") and json.loads(body).get("found")
        self.run.note("answered" if found else f"failed: {body.decode(errors='replace')}")
        self.answer(202, {})


class SecretsManager(Handler):
    """Has the token of whoever is asked for, except for the warm-up."""

    def do_POST(self):
        name = json.loads(self.body())["SecretId"]
        self.run.note("called")
        if name == PREFIX + NOBODY:
            return self.answer(400, {"__type": "ResourceNotFoundException", "Message": "there is no such secret"})
        token = {
            "schema_version": "1",
            "id": name[len(PREFIX) :],
            "user_name": USER,
            "client_id": "1000.CLIENT",
            "client_secret": "0123456789abcdef",
            "refresh_token": "1000.0123456789abcdef",
            "access_token": "1000.fedcba9876543210",
            "expiry_time": "4102444800000",
        }
        self.answer(
            200,
            {
                "ARN": f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}-AbCdEf",
                "Name": name,
                "VersionId": "5e4b8f8a-7d3c-4a1e-9c55-0c3f0a9d7b11",
                "VersionStages": ["AWSCURRENT"],
                "SecretString": json.dumps(token),
                "CreatedDate": 1700000000.0,
            },
        )


def certificate(folder):
    """A certificate for localhost, and a bundle that holds it beside those that the system trusts."""
    own, key = os.path.join(folder, "own.pem"), os.path.join(folder, "key.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        + ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
        + ["-addext", "basicConstraints=critical,CA:FALSE", "-keyout", key, "-out", own],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own, key)
    bundle = os.path.join(folder, "bundle.pem")
    with open(bundle, "wb") as output:
        for path in [own] + [path for path in CERTIFICATES if os.path.exists(path)][:1]:
            with open(path, "rb") as source:
                output.write(source.read())
    return context, bundle
