"""examples/python-lambda: the zips that `make python-layer` has built, as Lambda unpacks them."""

from __future__ import annotations

import importlib
import json
import os
import platform
import subprocess
import zipfile
from pathlib import Path

import pytest
from conftest import CLIENT, token

ROOT = Path(__file__).parents[2]

PROGRAM = """
import json, os
os.chdir("/proc")  # nobody can create a file there, as in a function's own folder
import handler
for user in ("ada@example.com:7", "ada@example.com:7", "nobody@example.com:7"):
    print(json.dumps(handler.handle({"user_name": user}, None)))
"""


def unpacked(name: str, folder: Path) -> Path:
    zips = os.environ.get("PYTHON_ZIPS")
    if zips is None or not Path(zips, name).exists():
        pytest.fail(f"there is no {name}: run `make test-python`, which builds it")
    with zipfile.ZipFile(Path(zips, name)) as archive:
        archive.extractall(folder)
    return folder


def python_3_12() -> str:
    for python in subprocess.check_output([str(ROOT / "python" / "pythons")], text=True).split():
        version = [python, "-c", "import sys; print(sys.version_info[:2] == (3, 12))"]
        if subprocess.check_output(version, text=True) == "True\n":
            return python
    pytest.fail("there is no Python 3.12, for which the layer is built")


def test_the_function_with_its_layer(store, settings, zoho, initialize, tmp_path):
    zoho.set(lifetime=1)
    initialize(store, token(grant_token="ada@example.com/1", **CLIENT))
    zoho.set(lifetime=3600)
    layer = unpacked(f"layer-{platform.machine()}.zip", tmp_path / "layer") / "python"
    function = unpacked("function.zip", tmp_path / "function")
    variables = {f"ZOHO_TOKEN_STORE_{name.upper()}": str(value) for name, value in settings.items()}
    aws = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    path = os.pathsep.join([str(function), str(layer)])
    result = subprocess.run(
        [python_3_12(), "-s", "-c", PROGRAM],
        env={**aws, **variables, "ZOHO_URL": zoho.url, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    results = [json.loads(line) for line in result.stdout.splitlines()]
    assert results[:2] == [{"organization": "Zylker"}] * 2, result.stderr
    assert zoho.counts() == {"refresh": 1, "org": 2}
    assert results[2] == {"login": True}


def test_a_user_who_has_to_log_in_meanwhile(store, settings, zoho, initialize, monkeypatch):
    initialize(store, token(grant_token="ada@example.com/1", **CLIENT))
    for name, value in settings.items():
        monkeypatch.setenv(f"ZOHO_TOKEN_STORE_{name.upper()}", str(value))
    monkeypatch.setenv("ZOHO_URL", zoho.url)
    monkeypatch.syspath_prepend(ROOT / "examples" / "python-lambda" / "function")
    handler = importlib.import_module("handler")
    event = {"user_name": "ada@example.com:7"}
    assert handler.handle(event, None) == {"organization": "Zylker"}

    def get_organization(operations):
        """Call Zoho when its tokens have just expired, and are not accepted any more."""
        (saved,) = store.get_tokens()
        store.save_token(token(id=saved.get_id(), access_token="1000.old", expires_in="1"))
        handler.STORE.invalidate(saved.get_id())
        zoho.set(error="invalid_code")
        return call(operations)

    call = handler.OrgOperations.get_organization
    monkeypatch.setattr(handler.OrgOperations, "get_organization", get_organization)
    assert handler.handle(event, None) == {"login": True}
    assert zoho.counts() == {"refresh": 1}
