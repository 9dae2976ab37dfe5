"""To which servers requests go, and what happens if AWS takes no more writes."""

from __future__ import annotations

import json
import os
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
from conftest import CLIENT, forget, row, token
from zohocrmsdk.src.com.zoho.crm.api.dc import EUDataCenter, USDataCenter

from zoho_token_store import (
    AccessDeniedError,
    InvalidConfigError,
    SecretsManagerTokenStore,
    TokenProvider,
    UnavailableError,
    sdk,
)


def serving(handler):
    """Start a server; yield its URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def asked(monkeypatch):
    """Yield the servers that a proxy was asked for, which it refuses to reach."""
    asked = []

    class Proxy(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_CONNECT(self):
            asked.append(self.path)
            self.send_error(403)

    for url in serving(Proxy):
        for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy", "https_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HTTPS_PROXY", url)
        yield asked


def test_requests_to_zoho_use_the_proxy_of_the_environment(settings, asked):
    with TokenProvider("eu", **CLIENT, **settings) as provider:
        with pytest.raises(UnavailableError):
            provider.login("code")
    assert asked == ["accounts.zoho.eu:443"]


@pytest.mark.parametrize(
    "api_domain, server",
    [
        ("https://www.zohoapis.in", "accounts.zoho.in:443"),
        ("https://sandbox.zohoapis.com.au", "accounts.zoho.com.au:443"),
        ("https://gateway.example.com", "accounts.zoho.com:443"),
        # An imported token without one is of no data centre until it is looked up.
        (None, "accounts.zoho.eu:443"),
    ],
)
def test_a_refresh_goes_to_the_accounts_server_of_the_api_domain(
    store, asked, monkeypatch, api_domain, server
):
    def environment(used):
        initializer = SimpleNamespace(environment=used)
        monkeypatch.setattr(sdk.Initializer, "get_initializer", staticmethod(lambda: initializer))

    environment(USDataCenter.PRODUCTION())
    fields = {"refresh_token": "1000.refresh", "access_token": "1000.access", "expires_in": "1"}
    store.save_token(token("ada@example.com:7", api_domain=api_domain, **fields, **CLIENT))
    assert asked == []
    environment(EUDataCenter.PRODUCTION())
    with pytest.raises(UnavailableError):
        store.find_token(token("ada@example.com:7"))
    assert set(asked) == {server}


def test_a_refused_token_before_the_sdk_is_initialized(store, asked):
    forget()
    fields = {"refresh_token": "1000.refresh", "access_token": "1000.access", "expires_in": "1"}
    expired = token("ada@example.com:7", **fields, **CLIENT)
    store.save_token(expired)
    with pytest.raises(InvalidConfigError, match="Initializer.initialize"):
        store.refused(expired.get_id())
    assert asked == []


@pytest.fixture
def aws(monkeypatch, zoho):
    """Put a server before LocalStack that refuses some calls once Zoho has issued a token.

    It yields them, and for each the kind of request to Zoho after which it is refused.
    """
    refused = {"PutSecretValue": "refresh"}
    behind = os.environ["AWS_ENDPOINT_URL"]

    class Aws(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name: self.headers[name] for name in ("X-Amz-Target", "Content-Type", "Authorization")}
            status, answer = 200, b""
            kind = refused.get(headers["X-Amz-Target"].rpartition(".")[2])
            if kind is not None and zoho.counts().get(kind):
                status, answer = 400, json.dumps({"__type": "AccessDeniedException", "Message": ""}).encode()
            else:
                try:
                    with urllib.request.urlopen(urllib.request.Request(behind, body, headers)) as response:
                        answer = response.read()
                except urllib.error.HTTPError as error:
                    status, answer = error.code, error.read()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    for url in serving(Aws):
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        yield refused


def test_a_refreshed_token_that_cannot_be_saved_is_reported(settings, store, zoho, initialize, aws):
    zoho.set(lifetime=1)
    initialize(store, token(grant_token="ada@example.com/1", **CLIENT))
    zoho.set(lifetime=3600)
    heard = []
    with SecretsManagerTokenStore(**settings, on_save_error=heard.append) as other:
        for _ in range(3):
            found = other.find_token(token("ada@example.com:7"))
            assert found.get_access_token() != row(store.get_tokens()[0])["access_token"]
    (error,) = heard
    assert error.retryable and "could not be saved" in str(error) and "1000." not in str(error)
    assert zoho.counts() == {"refresh": 1}


def test_a_login_that_cannot_be_saved_can_be_saved_later(settings, zoho, aws):
    aws["CreateSecret"] = "grant"
    servers = {"accounts_url": zoho.url, "api_domain": zoho.url}
    with TokenProvider(**servers, **CLIENT, **settings) as provider:
        with pytest.raises(AccessDeniedError, match="to `TokenProvider.save`") as raised:
            provider.login("ada@example.com/1")
    record = raised.value.unsaved_token
    assert record["refresh_token"] is not None and record["accounts_url"] == zoho.url
    assert all(record[name] not in str(raised.value) for name in ("refresh_token", "user_name"))
    aws.clear()
    # Any provider of the same store can save it.
    with TokenProvider(**servers, **settings) as other:
        saved = other.save(record)
        assert saved == {**record, "id": saved["id"]} and saved["id"] is not None
        access = other.access_token(user_name="ada@example.com:7")
        assert access.value == record["access_token"]
        assert other.refresh(user_name="ada@example.com:7").value != access.value
    assert zoho.counts() == {"grant": 1, "users": 1, "org": 1, "refresh": 1}


def test_whose_tokens_are_revoked_is_not_guessed_if_the_records_cannot_be_listed(settings, zoho, aws):
    servers = {"accounts_url": zoho.url, "api_domain": zoho.url}
    with TokenProvider(**servers, **CLIENT, **settings) as provider:
        id = provider.login("ada@example.com/1")["id"]
        aws["ListSecrets"] = "grant"
        with pytest.raises(AccessDeniedError, match=f"give client_id, or the id {id}") as raised:
            provider.revoke(user_name="ada@example.com:7")
    assert raised.value.missing_action == "secretsmanager:ListSecrets"
    assert "revoke" not in zoho.counts()
