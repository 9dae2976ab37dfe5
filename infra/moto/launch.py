"""Becomes moto's server: `launch.py STATE`, run by ./moto with the Python of the
virtual environment. Not meant to be called by hand."""

import fcntl
import os
import sys
import threading

state = sys.argv[1]

# Leave the caller's session and drop what it had open, so that neither $(...)
# nor a test runner waits for the server to end.
os.setsid()
os.closerange(3, 1024)

# Held as long as this process lives: of several that start at once, one serves, and
# the others end with a code that ./moto knows.
lock = open(os.path.join(state, "lock"), "w")
try:
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    sys.exit(3)

# Nothing else of the caller's environment: no setting and no AWS account can get in.
path = os.environ.get("PATH", os.defpath)
os.environ.clear()
os.environ.update(PATH=path, LANG="C.UTF-8", HOME=state)
os.chdir(state)

from moto.moto_server.werkzeug_app import (  # noqa: E402
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server  # noqa: E402

moto = DomainDispatcherApplication(create_backend_app)
turn = threading.Lock()


def one_at_a_time(environ, start_response):
    """moto checks and changes a secret without a lock, so that of two requests at
    the same moment both could put the same version. AWS lets one of them."""
    with turn:
        response = moto(environ, start_response)
        try:
            return [b"".join(response)]
        finally:
            getattr(response, "close", lambda: None)()


class Handler(MotoRequestHandler):
    def log_request(self, code="-", size="-"):
        """A line for each request would be all that the log has."""


# Port 0 is any that is free.
server = make_server("127.0.0.1", 0, one_at_a_time, threaded=True, request_handler=Handler)
# moto puts the port into URLs that other services return.
os.environ["MOTO_PORT"] = str(server.server_port)

# The server listens: whoever reads this can send requests.
record = os.path.join(state, "running")
with open(record + ".new", "w") as file:
    file.write(f"{server.server_port} {os.getpid()}\n")
os.replace(record + ".new", record)
server.serve_forever()
