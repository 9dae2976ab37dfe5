"""Processes of the SDK that meet one expiry: one of them refreshes, for all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from conftest import CLIENT, token

PROCESSES = 20

PROGRAM = """
import json, os, sys, time
from conftest import Initializer, DataCenter, token
from zoho_token_store import SecretsManagerTokenStore
settings, url, folder = json.loads(sys.argv[1])
store = SecretsManagerTokenStore(**settings)
environment = DataCenter.Environment(url, url + "/oauth/v2/token", url)
print("ready", flush=True)
sys.stdin.readline()
ada = token("ada@example.com:7")
Initializer.initialize(environment=environment, token=ada, store=store, resource_path=folder)
print(ada.get_token())
"""


def test_one_expiry_is_one_request(store, settings, zoho, initialize, tmp_path):
    zoho.set(lifetime=1)
    initialize(store, token(grant_token="ada@example.com/1", **CLIENT))
    zoho.set(lifetime=3600, delay=0.3)
    argument = json.dumps([settings, zoho.url, str(tmp_path)])
    children = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, argument],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
        )
        for _ in range(PROCESSES)
    ]
    for child in children:
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    outputs = {child.communicate(timeout=120)[0] for child in children}
    assert len(outputs) == 1 and outputs.pop().startswith("1000.access-")
    assert zoho.counts() == {"refresh": 1}


def test_an_interrupted_refresh_is_finished_before_the_program_ends(store, settings, zoho, initialize):
    zoho.set(lifetime=1)
    initialize(store, token(grant_token="ada@example.com/1", **CLIENT))
    zoho.set(lifetime=3600, held=True)
    program = f"""
import json, os, signal, threading, time, urllib.request
from zoho_token_store import TokenProvider
# A program that is started in the background ignores it.
signal.signal(signal.SIGINT, signal.default_int_handler)
provider = TokenProvider(accounts_url={zoho.url!r}, api_domain={zoho.url!r}, **{settings!r})

def interrupt():
    # As soon as the request has arrived at Zoho, which does not respond yet.
    while True:
        with urllib.request.urlopen({zoho.url!r} + "/_control") as response:
            if json.load(response)["counts"].get("refresh"):
                break
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=interrupt).start()
try:
    provider.access_token(user_name="ada@example.com:7")
except KeyboardInterrupt:
    print("interrupted", flush=True)
    urllib.request.urlopen({zoho.url!r} + "/_control/release", b"").close()
"""
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    assert output.stdout == "interrupted\n", output.stderr
    assert output.returncode == 0, output.stderr
    assert zoho.counts() == {"refresh": 1}
    found = token("ada@example.com:7")
    store.invalidate(store.get_tokens()[0].get_id())
    store.find_token(found)
    assert int(found.get_expires_in()) > (time.time() + 3000) * 1000
    assert zoho.counts() == {"refresh": 1}
