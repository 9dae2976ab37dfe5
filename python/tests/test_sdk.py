"""The unmodified SDK on the store: login, calls, expiry, logout."""

from __future__ import annotations

import time
from typing import Any

import pytest
from conftest import CLIENT, IS_8_0, Initializer, forget, row, token

from zoho_token_store import NeedsLoginError


def milliseconds(seconds: float) -> str:
    return str(int((time.time() + seconds) * 1000))


def test_the_first_login_saves_the_tokens_under_the_users_name(store, zoho, initialize):
    ada = token(grant_token="ada@example.com/1", **CLIENT)
    initialize(store, ada)
    assert zoho.counts() == {"grant": 1, "users": 1, "org": 1}
    (saved,) = store.get_tokens()
    assert row(saved)["user_name"] == "ada@example.com:7"
    assert row(saved) == row(ada)
    assert saved.get_id() is not None and isinstance(saved.get_expires_in(), str)


def test_a_valid_token_asks_zoho_for_nothing(store, zoho, initialize):
    initialize(store, token(grant_token="ada@example.com/1", **CLIENT))
    zoho.set()
    again = token("ada@example.com:7")
    initialize(store, again)
    assert again.get_token() == again.get_access_token() is not None
    assert zoho.counts() == {}


def test_an_expired_token_is_refreshed_once_and_by_the_store(store, zoho, initialize):
    zoho.set(lifetime=1)
    initialize(store, token(grant_token="ada@example.com/1", **CLIENT))
    first = Initializer.get_initializer().token.get_access_token()
    zoho.set(lifetime=3600)
    ada = token("ada@example.com:7")
    initialize(store, ada)
    refreshed = ada.get_token()
    assert refreshed != first and ada.get_token() == refreshed
    assert zoho.counts() == {"refresh": 1}
    assert store.get_tokens()[0].get_access_token() == refreshed


def test_the_sdk_refreshes_by_itself_without_coordination(settings, zoho, initialize):
    from zoho_token_store import SecretsManagerTokenStore

    store = SecretsManagerTokenStore(**settings, coordinate_refresh=False)
    zoho.set(lifetime=1)
    initialize(store, token(grant_token="ada@example.com/1", **CLIENT))
    zoho.set(lifetime=3600)
    ada = token("ada@example.com:7")
    initialize(store, ada)
    assert ada.get_token() == store.get_tokens()[0].get_access_token()
    assert zoho.counts()["refresh"] == 1


def test_after_a_refused_refresh_the_user_logs_in_again(store, zoho, initialize):
    store.save_token(
        token("ada@example.com:7", refresh_token="1000.unknown", access_token="1000.old",
              expires_in=milliseconds(-1), **CLIENT)
    )
    with pytest.raises(NeedsLoginError):
        initialize(store, token("ada@example.com:7"))
    with pytest.raises(NeedsLoginError):
        initialize(store, token("ada@example.com:7"))
    assert zoho.counts() == {"refresh": 1}
    initialize(store, token("ada@example.com:7", grant_token="ada@example.com/2", **CLIENT))
    assert zoho.counts() == {"refresh": 1, "grant": 1}
    assert len(store.get_tokens()) == 1
    again = token("ada@example.com:7")
    initialize(store, again)
    assert again.get_token() == store.get_tokens()[0].get_access_token()


def test_a_refused_access_token_is_replaced(store, zoho, initialize):
    ada = token(grant_token="ada@example.com/1", **CLIENT)
    initialize(store, ada)
    zoho.set()
    first = ada.get_token()
    assert store.refused(ada.get_id())
    second = ada.get_token()
    assert second != first and zoho.counts() == {"refresh": 1}
    assert store.get_tokens()[0].get_access_token() == second
    assert not store.refused(ada.get_id())  # a new one would be refused as well
    assert zoho.counts() == {"refresh": 1}
    with pytest.raises(NeedsLoginError):
        store.refused("unknown")


def test_two_users_do_not_mix(store, zoho, initialize):
    for user in ("ada@example.com", "bob@example.com"):
        initialize(store, token(grant_token=f"{user}/1", **CLIENT))
    ada, bob = token("ada@example.com:7"), token("bob@example.com:7")
    initialize(store, ada)
    initialize(store, bob)
    assert ada.get_token() != bob.get_token()
    assert {row(found)["user_name"] for found in store.get_tokens()} == {
        "ada@example.com:7",
        "bob@example.com:7",
    }


def test_logout(store, zoho, initialize, sdk_revokes: bool):
    ada = token(grant_token="ada@example.com/1", **CLIENT)
    initialize(store, ada)
    if sdk_revokes:
        assert ada.revoke(ada.get_id())
        assert zoho.counts()["revoke"] == 1
    assert ada.remove()
    assert store.get_tokens() == []


@pytest.fixture
def sdk_revokes() -> bool:
    """``revoke`` of the SDKs 7_0 and 6_0 makes a token without fields, which they do not allow."""
    return IS_8_0


def test_a_disk_that_cannot_be_written(store, zoho, tmp_path, monkeypatch):
    forget()
    monkeypatch.chdir("/proc")  # nobody can create a file there
    ada: Any = token(grant_token="ada@example.com/1", **CLIENT)
    with pytest.raises(OSError, match="/proc/sdk_tokens.txt"):
        Initializer.initialize(environment=zoho.environment(), token=ada)  # the SDK's own store
    Initializer.initialize(
        environment=zoho.environment(), token=ada, store=store, resource_path=str(tmp_path)
    )
    assert len(store.get_tokens()) == 1
    forget()
