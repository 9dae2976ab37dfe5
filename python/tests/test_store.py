"""The store without Zoho: settings, lookups, saves, errors."""

from __future__ import annotations

import inspect
import logging
import pickle
import re
from pathlib import Path

import pytest
from conftest import CLIENT, IS_8_0, OAuthToken, UserSignature, row, token

import zoho_token_store
from zoho_token_store import (
    InvalidConfigError,
    InvalidTokenError,
    SecretsManagerTokenStore,
    TokenStoreError,
    UnavailableError,
)

def ada(**fields):
    return token("ada@example.com:7", refresh_token="1000.refresh", **CLIENT, **fields)


def test_find_fills_what_the_token_lacks(store):
    saved = ada(access_token="1000.access", redirect_url="https://x", expires_in="32503680000000")
    store.save_token(saved)
    assert saved.get_id() is not None
    partial = token("ada@example.com:7", api_domain="https://own")
    assert store.find_token(partial) is partial
    assert row(partial) == {**row(saved), "api_domain": "https://own"}
    by_id = token(id=saved.get_id())
    assert store.find_token(by_id) is by_id and row(by_id) == row(saved)
    found = store.find_token_by_id(saved.get_id())
    assert row(found) == row(saved) and found._OAuthToken__find_user is True
    assert store.find_token(token("bob")) is None
    assert store.find_token("no token") == "no token"


def test_getters_and_setters_of_a_subclass_are_called(store):
    class Token(OAuthToken):
        def get_client_secret(self):
            return "from-the-getter"

        def set_access_token(self, access_token):
            super().set_access_token(f"set-{access_token}")

    fields = {"refresh_token": "1000.refresh", "access_token": "1000.access", **CLIENT}
    saved = Token(user_signature=UserSignature("ada@example.com:7"), redirect_url="", **fields)
    saved.set_expires_in(32503680000000)
    store.save_token(saved)
    (found,) = store.get_tokens()
    assert found.get_client_secret() == "from-the-getter"
    assert found.get_expires_in() == "32503680000000" and found.get_redirect_url() is None
    partial = Token(user_signature=UserSignature("ada@example.com:7"))
    assert store.find_token(partial) is partial
    assert row(partial) == {**row(found), "access_token": "set-1000.access"}


def test_values_that_the_sdk_has_in_other_types(store):
    saved = ada(access_token="1000.access", redirect_url="", expires_in=32503680000000)
    store.save_token(saved)
    (found,) = store.get_tokens()
    assert found.get_expires_in() == "32503680000000" and found.get_redirect_url() is None
    assert store.find_token(token("")) is None
    with pytest.raises(InvalidTokenError):
        store.save_token(token(""))


def test_a_lookup_by_id_without_a_result(store):
    if IS_8_0:
        assert store.find_token_by_id("unknown") is None
    else:
        with pytest.raises(zoho_token_store.NotFoundError):
            store.find_token_by_id("unknown")
    store.delete_token("unknown")


def test_delete_and_list(store):
    for user in "abc":
        store.save_token(token(user, access_token=f"1000.{user}"))
    assert len(store.get_tokens()) == 3
    found = store.find_token(token("a"))
    store.delete_token(found.get_id())
    assert store.find_token(token("a")) is None
    store.delete_tokens()
    assert store.get_tokens() == []


def test_settings_come_from_keywords_and_the_environment(settings, monkeypatch):
    monkeypatch.setenv("ZOHO_TOKEN_STORE_PREFIX", "other/")
    monkeypatch.setenv("ZOHO_TOKEN_STORE_FINGERPRINT_KEY_SECRET", "other/key")
    store = SecretsManagerTokenStore(
        **settings, tags={"team": "crm"}, tag_index=True, fingerprint_key="0123456789abcdef"
    )
    store.save_token(ada())
    assert store.find_token(ada()).get_id() is not None
    assert settings["prefix"] in repr(store) and "0123456789abcdef" not in repr(store)
    with pytest.raises(TypeError):
        SecretsManagerTokenStore(cache_size=1)
    with pytest.raises(InvalidConfigError, match="CACHE_TTL_SECONDS"):
        SecretsManagerTokenStore(cache_ttl_seconds=0)
    for wrong in ({"tags": 7.5}, {"coordinate_refresh": "off"}, {"on_save_error": "log"}):
        with pytest.raises(TypeError, match=next(iter(wrong))):
            SecretsManagerTokenStore(**wrong)


def test_each_setting_of_the_environment_is_a_keyword():
    table = Path(__file__).parents[2] / "docs" / "rustdoc" / "environment.md"
    names = re.findall(r"^\| `ZOHO_TOKEN_STORE_(\w+)`", table.read_text(), re.MULTILINE)
    keywords = list(inspect.signature(SecretsManagerTokenStore).parameters)
    assert names and keywords[: len(names)] == [name.lower() for name in names]


def test_errors_tell_what_happened_and_no_value(store):
    with pytest.raises(InvalidTokenError) as raised:
        store.save_token(token("ada@example.com:7", access_token=""))
    error = raised.value
    assert (error.kind, error.retryable, error.request_id) == ("invalid_token", False, None)
    assert error.missing_action is None and error.code == "invalid_token"
    from zohocrmsdk.src.com.zoho.crm.api.exception import SDKException

    assert isinstance(error, SDKException) and "access_token" in str(error)
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error) and str(copy) == str(error) and copy.kind == error.kind
    assert "ada@" not in repr(error) + str(error)


def test_aws_that_does_not_respond_is_an_error_and_no_empty_result(settings, monkeypatch, caplog):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    heard = []
    store = SecretsManagerTokenStore(
        **settings, operation_timeout_seconds=2, on_save_error=heard.append
    )
    with pytest.raises(UnavailableError) as raised:
        store.find_token(ada())
    assert raised.value.retryable and raised.value.operation == "find_token"
    with caplog.at_level(logging.ERROR, "zoho_token_store"), pytest.raises(UnavailableError):
        store.save_token(ada())
    assert [error.kind for error in heard] == ["unavailable"]
    (record,) = [record for record in caplog.records if record.name == "zoho_token_store"]
    assert record.levelno == logging.ERROR and "1000." not in record.getMessage()


def test_every_failed_save_is_reported(settings):
    heard = []
    store = SecretsManagerTokenStore(**settings, on_save_error=heard.append)
    # The SDK checks the type of a client's id only where it needs one.
    with pytest.raises(InvalidTokenError, match="`client_id` is not a string"):
        store.save_token(token(client_id=1000, access_token="1000.access"))
    store.close()
    with pytest.raises(ValueError, match="closed"):
        store.save_token(ada())
    assert [str(error) for error in heard] == ["`client_id` is not a string", "the store is closed"]


def test_a_token_that_cannot_be_read_is_reported(store, caplog):
    class Token(OAuthToken):
        def get_refresh_token(self):
            raise RuntimeError("1000.refresh")

    heard = []
    store.on_save_error = heard.append
    with pytest.raises(InvalidTokenError, match="cannot be read, because of a RuntimeError") as raised:
        store.save_token(Token(user_signature=UserSignature("ada@example.com:7"), access_token="1000.a"))
    assert heard == [raised.value] and isinstance(raised.value.__cause__, RuntimeError)
    assert "1000." not in caplog.text + str(raised.value)
    assert store.get_tokens() == []


def test_an_id_that_is_no_string(store):
    for method in (store.find_token_by_id, store.delete_token, store.invalidate, store.refused):
        with pytest.raises(InvalidTokenError, match="`id` is not a string"):
            method(7)


def test_a_callback_that_fails_hides_nothing(settings):
    def fails(_):
        raise RuntimeError("callback")

    store = SecretsManagerTokenStore(**settings, on_save_error=fails)
    with pytest.raises(InvalidTokenError):
        store.save_token("no token")


def test_pickled_by_its_settings(store):
    store.save_token(ada())
    copy = pickle.loads(pickle.dumps(store))
    assert copy.find_token(ada()).get_id() is not None


def test_closed(settings):
    with SecretsManagerTokenStore(**settings) as store:
        store.warm_up()
    with pytest.raises(ValueError):
        store.get_tokens()
    store.close()


def test_check_reindex_and_invalidate(store):
    store.save_token(ada())
    report = store.check()
    assert report.is_ok and report.can_read and report.checks[0].outcome == "passed", str(report)
    assert all("ada@" not in line for line in str(report).splitlines())
    assert store.reindex() == 0
    found = store.find_token(ada())
    store.invalidate(found.get_id())
    assert row(store.find_token(ada())) == row(found)


def test_the_sdks_version_has_the_names_that_are_used():
    from zoho_token_store import _sdk_token

    made = OAuthToken(access_token="1")
    assert hasattr(made, "_OAuthToken__find_user") and _sdk_token._HAS_ATTRIBUTES
    assert issubclass(TokenStoreError, Exception)
