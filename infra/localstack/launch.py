"""Becomes LocalStack: `launch.py STATE PORT`, run by ./localstack with the Python
of the virtual environment. Not meant to be called by hand."""

import functools
import os
import runpy
import sys
import warnings

state, port = sys.argv[1:]

# Leave the caller's session and drop what it had open, so that neither $(...)
# nor a test runner waits for LocalStack to end.
os.setsid()
os.closerange(3, 1024)

# Written from here, there is no moment in which it runs and nobody knows.
record = os.path.join(state, "running")
with open(record + ".new", "w") as file:
    file.write(f"pypi {port} {os.getpid()}\n")
os.replace(record + ".new", record)

# Nothing else of the caller's environment, and a home of its own: neither the
# settings nor the AWS account of whoever calls can get in.
volume = os.path.join(state, "volume")
home = os.path.join(state, "home")
path = os.environ.get("PATH", os.defpath)
os.environ.clear()
os.environ.update(
    PATH=path,
    LANG="C.UTF-8",
    HOME=home,
    GATEWAY_LISTEN=f"127.0.0.1:{port}",
    SERVICES="secretsmanager,sts,iam,kms",
    # No usage events, no certificate download, no DNS server.
    DISABLE_EVENTS="1",
    SKIP_SSL_CERT_DOWNLOAD="1",
    DNS_ADDRESS="0",
    AWS_EC2_METADATA_DISABLED="true",
    # Together they keep its files in here, instead of /var/lib, /usr/lib and
    # /etc, also inside a container.
    FILESYSTEM_ROOT=volume,
    LOCALSTACK_VOLUME_DIR=volume,
    OVERRIDE_IN_DOCKER="0",
)
os.makedirs(volume, exist_ok=True)
os.makedirs(home, exist_ok=True)
os.chdir(state)

# LocalStack 4.14.0 uses this name, new in Python 3.13, for KMS among others.
if not hasattr(warnings, "deprecated"):
    from typing_extensions import deprecated

    warnings.deprecated = deprecated

# Twisted recommends a package that only TLS clients need.
warnings.filterwarnings("ignore", message=".*service_identity")

# LocalStack 4.14.0 listens on all interfaces whatever GATEWAY_LISTEN says, and
# lives on without listening when the port is taken.
from twisted.internet import endpoints  # noqa: E402


class LoopbackEndpoint(endpoints.TCP4ServerEndpoint):
    def __init__(self, reactor, port):
        super().__init__(reactor, port, interface="127.0.0.1")

    def listen(self, factory):
        return super().listen(factory).addErrback(give_up)


def give_up(failure):
    print(failure.getErrorMessage(), flush=True)
    os._exit(1)


endpoints.TCP4ServerEndpoint = LoopbackEndpoint

sys.argv[1:] = []
runpy.run_module("localstack.runtime.main", run_name="__main__", alter_sys=True)
