"""What the tests share: a store under a prefix of its own, a fake of Zoho, and the SDK."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
import uuid
from importlib import metadata
from pathlib import Path
from typing import Any, Callable, Dict, Iterator

import pytest

from zoho_token_store import SecretsManagerTokenStore, TokenProvider

sys.path.insert(0, str(Path(__file__).parent))
from zohocrmsdk.src.com.zoho.api.authenticator.oauth_token import OAuthToken
from zohocrmsdk.src.com.zoho.crm.api.dc.data_center import DataCenter
from zohocrmsdk.src.com.zoho.crm.api.initializer import Initializer
from zohocrmsdk.src.com.zoho.crm.api.user_signature import UserSignature

CLIENT = {"client_id": "1000.C", "client_secret": "client-secret"}
# Of the SDKs, this one can handle a lookup by id without a result, and its `revoke` works.
IS_8_0 = any(known.metadata["Name"] == "zohocrmsdk8_0" for known in metadata.distributions())
VALUES = ("client-secret", "1000.access", "1000.refresh", "ada@example.com")


def pytest_configure() -> None:
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    if not endpoint.startswith("http://127.0.0.1"):
        raise pytest.UsageError("these tests need a LocalStack: run `make test-python`")


class Zoho:
    """The fake, as the tests see it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def set(self, **settings: Any) -> None:
        """Change settings, and forget the counts."""
        data = json.dumps(settings).encode()
        urllib.request.urlopen(self.url + "/_control", data).close()

    def counts(self) -> Dict[str, int]:
        with urllib.request.urlopen(self.url + "/_control") as response:
            counts: Dict[str, int] = json.load(response)["counts"]
        return counts

    def environment(self) -> Any:
        return DataCenter.Environment(self.url, self.url + "/oauth/v2/token", self.url)


@pytest.fixture(scope="session")
def zoho_process() -> Iterator[Zoho]:
    program = Path(__file__).with_name("fake_zoho.py")
    process = subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield Zoho(process.stdout.readline().strip())
    process.kill()
    process.wait()


@pytest.fixture
def zoho(zoho_process: Zoho) -> Zoho:
    zoho_process.set(lifetime=3600, delay=0.0, error=None, held=False, idle=None, lost=False)
    return zoho_process


@pytest.fixture
def settings() -> Dict[str, Any]:
    return {"prefix": f"python/{uuid.uuid4().hex}/", "recovery_window_days": 0}


@pytest.fixture
def store(settings: Dict[str, Any]) -> Iterator[Any]:
    store = SecretsManagerTokenStore(**settings)
    yield store
    store.close()


@pytest.fixture
def initialize(zoho: Zoho, tmp_path: Path) -> Iterator[Callable[..., None]]:
    def initialize(store: Any, token: Any) -> None:
        Initializer.initialize(
            environment=zoho.environment(), token=token, store=store, resource_path=str(tmp_path)
        )

    forget()
    yield initialize
    forget()


@pytest.fixture
def provider(settings: Dict[str, Any], zoho: Zoho) -> Iterator[TokenProvider]:
    servers = {"accounts_url": zoho.url, "api_domain": zoho.url}
    with TokenProvider(**servers, **CLIENT, **settings) as provider:
        yield provider


def forget() -> None:
    """Make the SDK as it was before it was initialized. Older versions keep that for each thread."""
    Initializer.initializer = None
    Initializer.LOCAL.init = None


def token(user: "str | None" = None, **fields: Any) -> Any:
    """Return an OAuthToken of the SDK; ``expires_in`` is set beside the constructor's arguments."""
    expires_in = fields.pop("expires_in", None)
    signature = UserSignature(user) if user is not None else None
    made = OAuthToken(user_signature=signature, **fields)
    if expires_in is not None:
        made.set_expires_in(expires_in)
    return made


def row(made: Any) -> Dict[str, Any]:
    """Return what a token holds, by column."""
    user = made.get_user_signature()
    return {
        "id": made.get_id(),
        "user_name": user.get_name() if user is not None else None,
        "client_id": made.get_client_id(),
        "client_secret": made.get_client_secret(),
        "refresh_token": made.get_refresh_token(),
        "access_token": made.get_access_token(),
        "grant_token": made.get_grant_token(),
        "expiry_time": made.get_expires_in(),
        "redirect_url": made.get_redirect_url(),
        "api_domain": made.get_api_domain(),
    }
