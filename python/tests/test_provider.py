"""``TokenProvider``, for programs without the SDK."""

from __future__ import annotations

import time

import pytest
from conftest import CLIENT, VALUES, token

from zoho_token_store import (
    AccessToken,
    GrantUnsettledError,
    InvalidConfigError,
    InvalidTokenError,
    NeedsLoginError,
    TokenProvider,
)


def test_login_access_token_and_revoke(provider, zoho):
    record = provider.login("ada@example.com/1")
    assert record["user_name"] == "ada@example.com:7"
    access = provider.access_token(user_name="ada@example.com:7")
    assert isinstance(access, AccessToken) and access.is_saved
    assert access.authorization_header == f"Zoho-oauthtoken {access.value}"
    assert access.api_domain == zoho.url and access.expires_at > time.time() + 3000
    assert access.value not in repr(access) and access.id == record["id"]
    assert provider.access_token(id=access.id).value == access.value
    assert provider.revoke(user_name="ada@example.com:7")
    assert not provider.revoke(user_name="ada@example.com:7")
    assert zoho.counts() == {"grant": 1, "users": 1, "org": 1, "revoke": 1}


def test_a_grant_token_is_exchanged_once_by_several_processes(provider, settings, zoho):
    record = provider.exchange_grant("ada@example.com/1")
    assert record["user_name"] == "ada@example.com:7" and record["refresh_token"] is not None
    servers = {"accounts_url": zoho.url, "api_domain": zoho.url}
    with TokenProvider(**servers, **settings) as other:
        with pytest.raises(InvalidTokenError):
            other.exchange_grant("ada@example.com/1")  # it has no client
        assert other.exchange_grant("ada@example.com/1", **CLIENT) == record
    assert zoho.counts()["grant"] == 1
    assert provider.access_token(user_name="ada@example.com:7").id == record["id"]


def test_a_grant_token_that_zoho_does_not_accept(provider, zoho):
    zoho.set(error="invalid_code")
    for again in (False, True):
        with pytest.raises(NeedsLoginError) as raised:
            provider.exchange_grant("ada@example.com/1", again=again)
        assert not any(value in str(raised.value) for value in (*VALUES, "ada@"))
    with pytest.raises(NeedsLoginError):
        provider.login("ada@example.com/1")


def test_what_expires_is_refreshed_before_it_is_needed(provider, store, zoho):
    for user in ("ada", "bob"):
        zoho.set(lifetime=1000 if user == "ada" else 3600)
        provider.login(f"{user}@example.com/1")
    dead = token("cid@example.com:7", refresh_token="1000.unknown", access_token="1000.access",
                 expires_in="1", **CLIENT)
    store.save_token(dead)
    zoho.set(lifetime=3600)
    sweep = provider.refresh_expiring(2000)
    assert (sweep.records, sweep.expiring, sweep.refreshed) == (3, 2, 1)
    ((id, error),) = sweep.failed
    assert id == dead.get_id() and isinstance(error, NeedsLoginError) and sweep.unreadable is None
    assert not any(value in repr(sweep) for value in VALUES)
    assert zoho.counts()["refresh"] == 2
    assert provider.refresh_expiring(2000).expiring == 1 and zoho.counts()["refresh"] == 2
    with pytest.raises(ValueError, match="within_seconds"):
        provider.refresh_expiring(-1)


def test_how_a_token_stands(provider, store, zoho):
    assert provider.status(user_name="ada@example.com:7") is None
    id = provider.login("ada@example.com/1")["id"]
    status = provider.status(user_name="ada@example.com:7")
    assert (status.id, status.state) == (id, "valid")
    assert status.can_refresh and not status.is_unsaved and not status.needs_login
    assert status.expires_at > time.time() + 3000 and status.code is None and status.since is None
    store.save_token(
        token(id=id, refresh_token="1000.unknown", access_token="1000.access", expires_in="1")
    )
    assert provider.status(id=id).state == "expired"
    with pytest.raises(NeedsLoginError):
        provider.access_token(id=id)
    status = provider.status(id=id)
    assert (status.state, status.code, status.needs_login) == ("failing", "invalid_code", True)
    assert time.time() - 600 < status.since < time.time() + 60
    assert not any(value in repr(status) for value in VALUES)


def test_a_token_is_refreshed_on_demand_or_after_it_was_refused(provider, zoho):
    provider.login("ada@example.com/1")
    first = provider.access_token(user_name="ada@example.com:7")
    second = provider.refresh(user_name="ada@example.com:7")
    assert second.value != first.value
    assert provider.access_token(user_name="ada@example.com:7").value == second.value
    assert not provider.refused(second)  # it is new: another one would be refused as well
    with pytest.raises(NeedsLoginError):
        provider.refresh(user_name="bob@example.com:7")


def test_a_login_after_zoho_has_closed_the_connection(provider, zoho):
    zoho.set(idle=0.2)
    for user in ("ada", "bob"):
        assert provider.login(f"{user}@example.com/1")["user_name"] == f"{user}@example.com:7"
        deadline = time.monotonic() + 10
        # The request that asks is the one that is open.
        while zoho.counts()["open"] > 1:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    assert zoho.counts()["grant"] == 2


def test_events_are_counted(provider, zoho):
    assert provider.counts() == {}
    provider.login("ada@example.com/1")
    for _ in range(3):
        provider.access_token(user_name="ada@example.com:7")
    provider.refresh(user_name="ada@example.com:7")
    counts = {name.partition(".")[2]: count for name, count in provider.counts().items()}
    assert (counts["hits"], counts["grants"], counts["requests"]) == (3, 1, 2)
    assert (counts["refreshes"], counts["leases_won"]) == (1, 1)


def test_a_user_with_two_clients(provider, store, settings, zoho):
    ada = "ada@example.com:7"
    own = provider.login("ada@example.com/1")["id"]
    servers = {"accounts_url": zoho.url, "api_domain": zoho.url}
    client = {"client_id": "1000.D", "client_secret": "client-secret"}
    with TokenProvider(**servers, **client, **settings) as other:
        others = other.login("ada@example.com/1")["id"]
    assert own != others
    for id, client_id in ((own, "1000.C"), (others, "1000.D")):
        assert provider.access_token(user_name=ada, client_id=client_id).id == id
        assert provider.status(user_name=ada, client_id=client_id).id == id
        assert provider.refresh(user_name=ada, client_id=client_id).id == id
    with pytest.raises(InvalidTokenError, match="2 records: give client_id") as raised:
        provider.revoke(user_name=ada)
    assert all(id in str(raised.value) for id in (own, others)) and "ada@" not in str(raised.value)
    assert not provider.revoke(user_name=ada, client_id="1000.E")
    assert "revoke" not in zoho.counts()
    assert provider.revoke(user_name=ada, client_id="1000.D")
    assert provider.status(id=others) is None
    assert provider.revoke(user_name=ada) and store.get_tokens() == []
    assert zoho.counts()["revoke"] == 2


def test_a_record_without_a_client_is_no_clients(provider, store, zoho):
    store.save_token(token("ada@example.com:7", access_token="1000.access"))
    assert not provider.revoke(user_name="ada@example.com:7", client_id="1000.C")
    assert len(store.get_tokens()) == 1 and zoho.counts() == {}


def test_records_can_be_saved_and_deleted(provider, store):
    record = {"user_name": "ada@example.com:7", "access_token": "1000.access", **CLIENT}
    saved = provider.save(record)
    assert saved["id"] is not None and {**saved, **record} == saved
    again = provider.save({**record, "accounts_url": "https://accounts.zoho.eu", "id": saved["id"]})
    assert again == {**saved, "accounts_url": "https://accounts.zoho.eu"}
    with pytest.raises(TypeError, match="a record has no expires_in"):
        provider.save({**record, "expires_in": "1"})
    provider.delete_token(saved["id"])
    provider.delete_token(saved["id"])
    assert store.get_tokens() == []


def test_a_grant_token_whose_response_was_lost(provider, zoho):
    zoho.set(lost=True)
    with pytest.raises(GrantUnsettledError, match="`exchange_grant` with `again=True`"):
        provider.exchange_grant("ada@example.com/1")
    zoho.set(lost=False)
    assert provider.exchange_grant("ada@example.com/1", again=True)["user_name"] == "ada@example.com:7"


@pytest.mark.parametrize(
    "wrong",
    [
        {"accounts_url": "https://accounts.zoho.eu"},
        {"client_id": "1000.C"},
        {"data_center": "eu", "accounts_url": "https://a", "api_domain": "https://b"},
    ],
)
def test_arguments_that_do_not_go_together(wrong, settings):
    with pytest.raises(TypeError, match="give"):
        TokenProvider(**wrong, **settings)


def test_arguments_that_are_wrong(settings):
    with pytest.raises(InvalidConfigError, match="eu"):
        TokenProvider("mars", **settings)
    with pytest.raises(InvalidConfigError, match="CACHE_SIZE"):
        TokenProvider(cache_size=1, **settings)
    with TokenProvider(**settings) as provider, pytest.raises(InvalidConfigError, match="client_id"):
        provider.login("ada@example.com/1")
