"""Processes of the SDK that meet one expiry: one of them refreshes, for all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
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
