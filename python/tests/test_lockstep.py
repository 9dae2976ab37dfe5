"""Random sequences, on the store and on the SDK's own FileStore: each difference has a name.

The names are the deviations of the contract, which python/README.md lists. Where one applies, the
results may differ, and the sequence ends: from then on the two hold other records. What the store does is
compared with a model of the contract in any case, so a difference is the one that the contract means.
"""

from __future__ import annotations

import copy
import os
import random
from collections import Counter

import contract
from conftest import IS_8_0, OAuthToken, row, token
from zohocrmsdk.src.com.zoho.api.authenticator.store.file_store import FileStore
from zohocrmsdk.src.com.zoho.crm.api.exception import SDKException

from zoho_token_store import InvalidTokenError, NotFoundError

SEQUENCES = int(os.environ.get("LOCKSTEP_SEQUENCES", "60"))
FIELDS = ("user_name", "client_id", "client_secret", "refresh_token", "access_token", "grant_token")


def random_token(chance: random.Random, ids):
    """Return a token that the SDK's constructor accepts."""
    while True:
        fields = {name: chance.choice([None, None, "1", "2"]) for name in FIELDS}
        if chance.random() < 0.6:
            fields["client_id"] = fields["client_secret"] = "1"
        user = fields.pop("user_name")
        if chance.random() < 0.2 and ids:
            fields["id"] = chance.choice(ids)
        fields["expires_in"] = chance.choice([None, "32503680000000"])
        try:
            return token(user, **fields)
        except SDKException:
            continue


def attempt(operation):
    """Return how an operation ended, and what it returned or raised."""
    try:
        return "ok", operation()
    except SDKException as error:
        return "error", type(error)


def without_id(found):
    return None if found is None else {**row(found), "id": None}


def comparable(ended):
    """Return how an operation ended, without what differs always: ids and errors."""
    status, result = ended
    return status, without_id(result) if status == "ok" else None


def rows_of(store):
    return [row(found) for found in store.get_tokens()]


def sorted_rows(rows, but_id=False):
    """Return rows in an order that is always the same."""
    return sorted(str({**each, "id": None} if but_id else each) for each in rows)


def same(some, others):
    return sorted_rows(some) == sorted_rows(others)


def conflict(one, other):
    return one is not None and other is not None and one != other


def deviation(kind, asked, rows):
    """Return the number of the deviation that may apply, or None."""
    if kind in ("find", "save"):
        given = row(asked)
        if kind == "save" and given["access_token"] is not None and given["expiry_time"] is None:
            if any(stored["expiry_time"] for stored in rows):
                return 9
        if given["id"] is not None:
            return 10 if kind == "find" else None
        if not any(given[name] for name in FIELDS if not name.startswith("client")):
            return 1
        for stored in rows:
            same_user = conflict(given["user_name"], stored["user_name"])
            shares = [name for name in ("access_token", "grant_token", "refresh_token")
                      if given[name] is not None and given[name] == stored[name]]
            if given["user_name"] is not None and given["user_name"] == stored["user_name"]:
                if conflict(given["client_id"], stored["client_id"]):
                    return 2
                if sum(other["user_name"] == given["user_name"] for other in rows) > 1:
                    return 2
            elif shares and given["user_name"] is not None and not same_user:
                return 5
            if shares and given["user_name"] is None:
                if conflict(given["client_id"], stored["client_id"]):
                    return 3
                # FileStore finds by the access token alone: without the client's id and secret.
                if "access_token" in shares and (given["client_id"] or given["client_secret"]):
                    return 4
                if shares != ["access_token"]:
                    # The client's id is compared, its secret is not; each token within its client.
                    return 3
            if given["user_name"] is not None and stored["user_name"] is None and shares:
                return 5
        if given["access_token"] is not None and given["client_id"] is None:
            # Only the access token counts for FileStore; the contract also tries the others.
            if given["grant_token"] or given["refresh_token"]:
                return 4
    return None


def is_permitted(kind, asked, ours, before, after):
    """Return whether the contract permits what the store has made of a token and of its records."""
    status, result = ours
    if status == "error":
        is_refused = kind == "save" and not contract.saved(asked, before)
        return is_refused and issubclass(result, InvalidTokenError) and same(before, after)
    result = row(result) if result is not None else None
    if kind == "find":
        return same(before, after) and result in contract.found(asked, before)
    for token, records in contract.saved(asked, before):
        # A new record gets an id.
        for new in (token, records[-1]):
            new["id"] = new["id"] or result["id"]
        if token == result and same(records, after):
            return True
    return False


def run(seed, store, path, seen):
    chance = random.Random(seed)
    files = FileStore(str(path))
    ids = {}  # FileStore's id → the store's
    records = []
    for _ in range(chance.randint(3, 9)):
        kind = chance.choices(["save", "find", "find_by_id", "delete", "list", "clear"],
                              [8, 6, 2, 1, 2, 0.3])[0]
        before, rows = records, rows_of(files)
        asked = None
        if kind in ("save", "find"):
            asked = random_token(chance, list(ids))
            other = copy.copy(asked)
            if asked.get_id() is not None:
                other.set_id(ids[asked.get_id()])
            given = row(other)
            done = asked
            asked = copy.copy(asked)
            ours = attempt(lambda: getattr(store, f"{kind}_token")(other))
            theirs = attempt(lambda: getattr(files, f"{kind}_token")(done))
            records = rows_of(store)
            if kind == "save" and ours[0] == "ok":
                ours = "ok", other
            assert is_permitted(kind, given, ours, before, records), (
                f"seed {seed}: {kind} of {given} on {before}: {ours}, then {records}"
            )
            if kind == "save" and ours[0] == theirs[0] == "ok":
                ids[done.get_id()] = other.get_id()
                # With all records, so that a difference is seen where it arises.
                ours = ("ok", without_id(other), sorted_rows(records, but_id=True))
                theirs = ("ok", without_id(done), sorted_rows(rows_of(files), but_id=True))
            else:
                ours, theirs = map(comparable, (ours, theirs))
        elif kind in ("find_by_id", "delete"):
            id = chance.choice([*ids, "unknown"])
            name = "find_token_by_id" if kind == "find_by_id" else "delete_token"
            ours = attempt(lambda: getattr(store, name)(ids.get(id, "unknown")))
            theirs = attempt(lambda: getattr(files, name)(id))
            if id == "unknown":
                unknown = ("error", NotFoundError) if kind == "find_by_id" and not IS_8_0 else ("ok", None)
                assert (ours, theirs) == (unknown, ("error", SDKException))
                seen[7] += 1
                continue
            if kind == "find_by_id":
                ours, theirs = map(comparable, (ours, theirs))
            else:
                records = [record for record in before if record["id"] != ids[id]]
                del ids[id]
        elif kind == "list":
            ours, theirs = (sorted_rows(rows_of(each), but_id=True) for each in (store, files))
            assert same(rows_of(store), records)
        else:
            ours, theirs = attempt(store.delete_tokens), attempt(files.delete_tokens)
            records = []
            ids.clear()
        seen["operations"] += 1
        if ours != theirs:
            # It is what the contract says, and it has to have a name.
            name = deviation(kind, asked, rows) if asked is not None else None
            assert name is not None, (
                f"seed {seed}: {kind} of {row(asked) if asked else None} on {rows}: "
                f"{ours} and {theirs}"
            )
            seen[name] += 1
            return
    seen["whole"] += 1


def test_the_store_and_the_file_store_agree(settings, tmp_path, monkeypatch):
    from zoho_token_store import SecretsManagerTokenStore

    # The same sequences each time; LOCKSTEP_SEED tries others.
    first = int(os.environ.get("LOCKSTEP_SEED", "0"))
    print(f"LOCKSTEP_SEED={first}")
    seen: Counter = Counter()
    for seed in range(first, first + SEQUENCES):
        store = SecretsManagerTokenStore(
            **{**settings, "prefix": f"{settings['prefix']}{seed}/"}, coordinate_refresh=False
        )
        with store:
            run(seed, store, tmp_path / f"{seed}.csv", seen)
            store.delete_tokens()
    print(dict(seen))
    assert seen["operations"] > SEQUENCES
    # Sequences without any deviation: about half of them.
    assert seen["whole"] > SEQUENCES / 4
